from pathlib import Path

import pytest

from bake import recipe
from bake.recipe import Recipe
from console.errors import BadInput
from infra.parameters import load_all


def test_a_tier_is_a_folder_with_a_recipe() -> None:
    assert recipe.tiers() == ("web",)


def test_an_unknown_tier_is_named_with_the_known_ones() -> None:
    with pytest.raises(BadInput) as caught:
        recipe.load("wbe")
    assert caught.value.expected == "one of: web"


@pytest.mark.parametrize("name", ["", ".", "..", "../packer/web", "shared", "web/tests"])
def test_a_tier_is_never_a_path(name: str) -> None:
    with pytest.raises(BadInput):
        recipe.load(name)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("sourc = 1", "artifact.sourc: "),
        ("[limits_minutes]\noverall = 0", "limits_minutes.overall: "),
        ("[variables]\nnames = [1]", "variables.names"),
    ],
)
def test_a_mistake_names_file_and_key(tier: Recipe, line: str, key: str) -> None:
    file = tier.folder / "recipe.toml"
    base = file.read_text(encoding="utf-8").partition("[variables]")[0]
    file.write_text(base + line + "\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        recipe.load("web", tier.folder.parent)
    assert str(caught.value.where) == str(file)
    assert key in str(caught.value.found)


def test_all_mistakes_of_a_file_are_told_at_once(tier: Recipe) -> None:
    (tier.folder / "recipe.toml").write_text('parent = "ami-1"\nunknown = 1\n[artifact]\n', encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        recipe.load("web", tier.folder.parent)
    assert all(key in str(caught.value.found) for key in ("parent:", "unknown:", "artifact.source:"))


def test_a_file_that_is_no_toml_says_where(tier: Recipe) -> None:
    (tier.folder / "recipe.toml").write_text("parent =\n", encoding="utf-8")
    with pytest.raises(BadInput, match="not TOML") as caught:
        recipe.load("web", tier.folder.parent)
    assert "line 1" in str(caught.value.found)


def test_a_missing_artifact_names_the_key_and_the_folder(tier: Recipe) -> None:
    tier.source.rename(tier.source.with_name("elsewhere"))
    with pytest.raises(BadInput, match="artifact of web is missing") as caught:
        recipe.load("web", tier.folder.parent)
    assert str(caught.value.where).endswith("recipe.toml, artifact.source")


@pytest.mark.parametrize("text", ["", "1.0.0+build", "a b", "x" * 41])
def test_a_version_must_fit_into_names_and_tags(tier: Recipe, text: str) -> None:
    (tier.source / "VERSION").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="no usable version"):
        _ = tier.version


def test_the_version_is_the_one_of_the_application(tier: Recipe) -> None:
    assert tier.version == "1.2.3"


def test_a_path_is_shown_as_the_user_knows_it() -> None:
    assert recipe.show(recipe.RECIPES / "web") == "packer/web"
    assert recipe.show(Path("/elsewhere")) == "/elsewhere"


def test_every_environment_launches_with_room_for_the_root_volume_of_each_image() -> None:
    for tier in recipe.tiers():
        baked = recipe.load(tier).contents.variables["root_volume_gib"]
        machines = {environment.slug: getattr(environment, tier.replace("-", "_")) for environment in load_all()}
        launched = {slug: machine.root_volume_gib for slug, machine in machines.items() if machine}
        assert {slug: size for slug, size in launched.items() if size < int(baked)} == {}
