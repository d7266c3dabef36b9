import json

import pytest

from bake import recipe, report
from bake.digest import Closure
from bake.outcome import Outcome
from bake.recipe import Recipe
from bake.side_by_side import ParentFailed
from console.errors import KilnError

REGION = "eu-west-1"
CLOSURE = Closure(
    parent="sha256:" + "0" * 64, artifact=None, files={"f": "1"}, variables={"v": 1}, tools={"packer": "1"}
)


def outcome(name: str, action: str = "baked") -> Outcome:
    return Outcome(
        recipe=name,
        layer="tier",
        digest=CLOSURE.digest,
        action=action,
        reason="because",
        image_ids={REGION: f"ami-{name}"},
        record=None,
        seconds={"lookup": 0.1},
        in_force={},
        changes=("file f changed",),
        closure=CLOSURE,
    )


@pytest.fixture
def recipes(tier: Recipe) -> dict[str, Recipe]:
    return {one.name: one for one in recipe.recipes(tier.folder.parent)}


DONE = {name: outcome(name) for name in ("base", "runtime", "web")}


def test_one_recipe_is_one_object_with_its_layers(
    recipes: dict[str, Recipe], capsys: pytest.CaptureFixture[str]
) -> None:
    report.results(("web",), recipes, DONE, {}, as_json=True, explain=False)
    said = json.loads(capsys.readouterr().out)
    assert (said["recipe"], said["action"]) == ("web", "baked")
    assert [one["recipe"] for one in said["layers"]] == ["base", "runtime"]


def test_of_several_the_failed_ones_are_in_the_list_with_their_errors(
    recipes: dict[str, Recipe], capsys: pytest.CaptureFixture[str]
) -> None:
    failed = {"runtime": KilnError("no image of runtime", where="build r-1"), "web": ParentFailed("web is not baked")}
    report.results(("base", "runtime", "web"), recipes, {"base": DONE["base"]}, failed, as_json=True, explain=False)
    said = capsys.readouterr()
    base, runtime, web = json.loads(said.out)
    assert (base["action"], runtime["action"], web["action"]) == ("baked", "failed", "failed")
    assert runtime["error"] == {"what": "no image of runtime", "where": "build r-1"}
    assert "runtime: no image of runtime" in said.err

    report.results(("base", "runtime", "web"), recipes, {"base": DONE["base"]}, failed, as_json=False, explain=False)
    text = capsys.readouterr().out
    assert "base: baked ami-base (eu-west-1)" in text
    assert text.endswith("not baked: runtime, web\n")


def test_the_overview_has_a_line_for_each_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    report.overview(DONE.values(), REGION, as_json=False, explain=False)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["recipe", "layer", "image", "in", "force", "digest", "would", "why"]
    assert [row.split()[0] for row in rows] == ["base", "runtime", "web"]


def test_explain_says_what_an_image_is_made_of_and_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    report.in_words(DONE["web"], explain=True)
    text = capsys.readouterr().out
    assert f"parent: {CLOSURE.parent}" in text
    assert "artifact" not in text
    assert "changed since the image in force:\n    file f changed" in text
