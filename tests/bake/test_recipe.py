from pathlib import Path

import pytest

from bake import recipe
from bake.recipe import Layer, Recipe
from console.errors import BadInput
from infra.parameters import load_all


def test_a_recipe_is_a_folder_with_a_recipe_file(tier: Recipe) -> None:
    folder = tier.folder.parent
    assert recipe.names(folder) == ("base", "runtime", "web")
    assert recipe.tiers(folder) == ("web",)
    assert [one.name for one in recipe.recipes(folder)] == ["base", "runtime", "web"]


def test_the_repositorys_recipes_stand_on_each_other() -> None:
    layers = [one.layer for one in recipe.recipes()]
    assert layers == sorted(layers, key=list(Layer).index)
    assert {"base", "runtime", "web"} <= set(recipe.names())
    assert "web" in recipe.tiers()


def test_an_unknown_recipe_is_named_with_the_known_ones(tier: Recipe) -> None:
    with pytest.raises(BadInput) as caught:
        recipe.load("wbe", tier.folder.parent)
    assert caught.value.expected == "one of: base, runtime, web"


def test_a_recipe_comes_with_what_it_stands_on_and_nothing_else(tier: Recipe) -> None:
    folder = tier.folder.parent
    write(folder / "another", 'layer = "runtime"\nparent = "base"\n')
    assert [one.name for one in recipe.with_parents(["web"], folder)] == ["base", "runtime", "web"]
    assert [one.name for one in recipe.with_parents(["runtime", "another"], folder)] == ["base", "another", "runtime"]


def write(folder: Path, text: str) -> None:
    """A recipe that is whole, with this recipe.toml."""
    (folder / "tests").mkdir(parents=True, exist_ok=True)
    (folder / "tests" / "test_image.py").touch()
    (folder / "provision.sh").touch()
    (folder / "recipe.toml").write_text(text, encoding="utf-8")


ARTIFACT = '[artifact]\nsource = "app"\n'


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ('layer = "tier"\nparent = "base"\n' + ARTIFACT, "a recipe of the layer base", "of the layer runtime: runtime"),
        ('layer = "tier"\nparent = "web"\n' + ARTIFACT, "a recipe of the layer tier", "of the layer runtime: runtime"),
        ('layer = "tier"\nparent = "new"\n' + ARTIFACT, "a recipe of the layer tier", "of the layer runtime: runtime"),
        ('layer = "tier"\nparent = "jvm"\n' + ARTIFACT, "no recipe 'jvm'", "of the layer runtime: runtime"),
        ('layer = "runtime"\nparent = "new"\n', "a recipe of the layer runtime", "of the layer base: base"),
    ],
    ids=["a layer is left out", "of the same layer", "itself", "unknown", "a cycle of one"],
)
def test_a_parent_of_any_other_layer_than_the_one_below_is_refused(
    tier: Recipe, text: str, found: str, expected: str
) -> None:
    write(tier.folder.parent / "new", text)
    with pytest.raises(BadInput, match="new cannot stand on") as caught:
        recipe.with_parents(["new"], tier.folder.parent)
    assert (caught.value.found, str(caught.value.where).endswith("new/recipe.toml, parent")) == (found, True)
    assert expected in str(caught.value.expected)


def test_two_that_stand_on_each_other_are_refused(tier: Recipe) -> None:
    folder = tier.folder.parent
    write(folder / "a", 'layer = "runtime"\nparent = "b"\n')
    write(folder / "b", 'layer = "runtime"\nparent = "a"\n')
    with pytest.raises(BadInput, match="cannot stand on"):
        recipe.with_parents(["a"], folder)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('layer = "tier"\nparent = "runtime"\n', "a tier without an artifact"),
        ('layer = "runtime"\nparent = "base"\n' + ARTIFACT, "a runtime with an artifact"),
        ('layer = "base"\nparent = "base"\n', "the base new has no parent"),
        ('layer = "base"\nparent = "ami-1"\n', "the base new has no parent"),
        ('layer = "floor"\nparent = "base"\n', "mistakes"),
    ],
)
def test_what_a_layer_must_have_and_must_not_have_is_told(tier: Recipe, text: str, told: str) -> None:
    write(tier.folder.parent / "new", text)
    with pytest.raises(BadInput, match=told) as caught:
        recipe.load("new", tier.folder.parent)
    assert "new/recipe.toml" in str(caught.value.where)


@pytest.mark.parametrize("missing", ["provision.sh", "tests/test_image.py"])
def test_a_recipe_without_provisioning_or_tests_is_not_whole(tier: Recipe, missing: str) -> None:
    (tier.folder / missing).unlink()
    with pytest.raises(BadInput, match="the recipe web is not whole") as caught:
        recipe.load("web", tier.folder.parent)
    assert missing.partition("/")[0] in str(caught.value.found)


@pytest.mark.parametrize("name", ["Web", "web_2", "web-"])
def test_a_name_must_fit_into_the_images_file(tier: Recipe, name: str) -> None:
    write(tier.folder.parent / name, 'layer = "runtime"\nparent = "base"\n')
    with pytest.raises(BadInput, match="cannot have this name"):
        recipe.load(name, tier.folder.parent)


@pytest.mark.parametrize("name", ["", ".", "..", "../packer/web", "shared", "web/tests"])
def test_a_recipe_is_never_a_path(name: str) -> None:
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
    (tier.folder / "recipe.toml").write_text("parent = 1\nunknown = 1\n[artifact]\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        recipe.load("web", tier.folder.parent)
    assert all(key in str(caught.value.found) for key in ("layer:", "parent:", "unknown:", "artifact.source:"))


def test_a_file_that_is_no_toml_says_where(tier: Recipe) -> None:
    (tier.folder / "recipe.toml").write_text("parent =\n", encoding="utf-8")
    with pytest.raises(BadInput, match="not TOML") as caught:
        recipe.load("web", tier.folder.parent)
    assert "line 1" in str(caught.value.found)


def test_a_missing_artifact_names_the_key_and_the_folder(tier: Recipe) -> None:
    assert tier.source
    tier.source.rename(tier.source.with_name("elsewhere"))
    with pytest.raises(BadInput, match="artifact of web is missing") as caught:
        recipe.load("web", tier.folder.parent)
    assert str(caught.value.where).endswith("recipe.toml, artifact.source")


@pytest.mark.parametrize("text", ["", "1.0.0+build", "a b", "x" * 41])
def test_a_version_must_fit_into_names_and_tags(tier: Recipe, text: str) -> None:
    assert tier.source
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
        machines = {environment.slug: getattr(environment, tier.replace("-", "_"), None) for environment in load_all()}
        launched = {slug: machine.root_volume_gib for slug, machine in machines.items() if machine}
        assert {slug: size for slug, size in launched.items() if size < int(baked)} == {}
