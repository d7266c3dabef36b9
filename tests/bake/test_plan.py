"""Decisions about layers: whatever changes low down rebuilds what stands on it, and nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.digest import Closure
from bake.image import ImageRecord
from bake.plan import FIRST, Action, Known, Step, again, plan
from bake.recipe import Layer

OWNER = "123456789012"
PARENTS = {
    "base": None,
    "runtime": "base",
    "runtime-jvm": "base",
    "web": "runtime",
    "worker": "runtime",
    "reports": "runtime-jvm",
}
LAYERS = {None: Layer.BASE, "base": Layer.RUNTIME}
DEBIAN = "ami-0"


def image_of(name: str, text: str = "") -> str:
    return f"ami-{name}{text}"


def closures(changed: dict[str, str]) -> dict[str, Closure]:
    """The closures of all recipes; `changed` is what stands in the script of some of them."""
    found: dict[str, Closure] = {}
    for name, parent in PARENTS.items():
        below = found[parent].digest if parent else DEBIAN
        files = {f"{name}/provision.sh": changed.get(name, "1")}
        found[name] = Closure(parent=below, artifact=None, files=files, variables={}, tools={})
    return found


def record_of(name: str, closure: Closure, **changes: Any) -> ImageRecord:
    parent = PARENTS[name]
    fields = {
        "application": "Payroll",
        "recipe": name,
        "layer": LAYERS.get(parent, Layer.TIER),
        "digest": closure.digest,
        "version": None,
        "commit": "c",
        "build": f"{name}-1",
        "baked_at": datetime(2026, 1, 1, tzinfo=UTC),
        "owner": OWNER,
        "image_ids": {"eu-west-1": image_of(name)},
        "snapshot_ids": {},
        "parent": parent or "/aws/service/x",
        "parent_image_ids": {"eu-west-1": image_of(parent) if parent else DEBIAN},
        "closure": closure,
    }
    return ImageRecord.model_validate({**fields, **changes})


def description_of(record: ImageRecord, **changes: Any) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in record.tags.items()]
    return {"State": "available", "OwnerId": OWNER, "Tags": tags, **changes}


BEFORE = {name: record_of(name, closure) for name, closure in closures({}).items()}
THERE = {image_of(name): description_of(record) for name, record in BEFORE.items()}


def known_of(changed: dict[str, str], records: dict[str, ImageRecord] | None = None) -> list[Known]:
    """What is known where BEFORE was baked, is in force, and then something changed."""
    records = BEFORE if records is None else records
    found = []
    for name, closure in closures(changed).items():
        record = records.get(name)
        fitting = record if record and record.digest == closure.digest else None
        found.append(Known(name, PARENTS[name], closure, fitting, record))
    return found


def steps(known: list[Known], described: dict[str, Any] | None = None, **options: Any) -> dict[str, Step]:
    return {one.recipe: one for one in plan(known, THERE if described is None else described, **options)}


def actions(found: dict[str, Step]) -> dict[str, str]:
    return {name: str(step.action) for name, step in found.items()}


def above(name: str) -> set[str]:
    """All that stands on a recipe, directly or not."""
    direct = {child for child, parent in PARENTS.items() if parent == name}
    return direct | {one for child in direct for one in above(child)}


def test_images_that_are_there_are_reused() -> None:
    found = steps(known_of({}))
    assert set(actions(found).values()) == {"reuse"}
    assert found["web"].reason == "nothing changed since build web-1"


def test_a_change_low_down_bakes_what_stands_on_it_and_says_so() -> None:
    found = steps(known_of({"runtime": "2"}))
    assert actions(found) == {
        "base": "reuse",
        "runtime": "bake",
        "runtime-jvm": "reuse",
        "web": "wait",
        "worker": "wait",
        "reports": "reuse",
    }
    assert found["runtime"].reason == "file runtime/provision.sh changed"
    assert found["web"].reason == "parent runtime is baked anew"
    (change,) = found["web"].changes
    assert change.startswith("the parent is sha256:")


@given(st.dictionaries(st.sampled_from(sorted(PARENTS)), st.sampled_from("23"), max_size=3))
def test_exactly_what_changed_and_what_stands_on_it_is_baked(changed: dict[str, str]) -> None:
    found = steps(known_of(changed))
    baked = {name for name, step in found.items() if step.action.bakes}
    assert baked == set(changed) | {one for name in changed for one in above(name)}


@given(st.sets(st.sampled_from(sorted(PARENTS))), st.sets(st.sampled_from(sorted(PARENTS))))
def test_whatever_is_missing_nothing_is_reused_over_a_parent_that_is_baked(gone: set[str], never: set[str]) -> None:
    records = {name: record for name, record in BEFORE.items() if name not in never}
    described = {image: one for image, one in THERE.items() if image.removeprefix("ami-") not in gone}
    found = steps(known_of({}, records), described)
    for name, step in found.items():
        parent = PARENTS[name]
        if parent and found[parent].action.bakes:
            assert step.action is Action.WAIT
        elif name in gone | never:
            assert step.action is Action.BAKE
        else:
            assert step.action is Action.REUSE


def test_the_first_bake_of_a_recipe_says_so() -> None:
    found = steps(known_of({}, {}))
    assert (found["base"].action, found["base"].reason) == (Action.BAKE, FIRST)
    assert found["web"].action is Action.WAIT


def test_force_bakes_what_was_asked_for_and_what_stands_on_it_but_not_what_is_below() -> None:
    found = steps(known_of({}), force=("runtime",))
    assert (found["runtime"].reason, found["web"].reason) == ("asked for with --force", "parent runtime is baked anew")
    assert actions(found)["base"] == actions(found)["reports"] == "reuse"


def test_a_parent_that_was_baked_again_since_from_the_same_recipe_is_taken() -> None:
    again = record_of("runtime", closures({})["runtime"], image_ids={"eu-west-1": "ami-again"})
    described = {**THERE, "ami-again": description_of(again)}
    found = steps(known_of({}, {**BEFORE, "runtime": again}), described)
    assert actions(found)["runtime"] == "reuse"
    assert found["web"].reason == "its parent runtime is ami-again now, it was baked from ami-runtime"
    assert found["web"].action is Action.BAKE


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        (None, "its image ami-web in eu-west-1 is gone (deregistered since)"),
        ({"State": "failed"}, "its image ami-web in eu-west-1 is failed"),
        ({"State": "disabled"}, "its image ami-web in eu-west-1 is disabled"),
    ],
)
def test_an_image_that_cannot_be_launched_is_baked_again(described: dict[str, Any] | None, reason: str) -> None:
    there = dict(THERE)
    del there["ami-web"]
    if described:
        there["ami-web"] = description_of(BEFORE["web"], **described)
    found = steps(known_of({}), there)
    assert (found["web"].action, found["web"].reason) == (Action.BAKE, reason)
    assert actions(found)["worker"] == "reuse"


@pytest.mark.parametrize("change", [{"Tags": []}, {"OwnerId": "1"}, {"Public": True}])
def test_a_record_that_its_image_contradicts_is_neither_reused_nor_baked_over(change: dict[str, Any]) -> None:
    there = {**THERE, "ami-runtime": description_of(BEFORE["runtime"], **change)}
    found = steps(known_of({}), there)
    assert found["runtime"].action is found["web"].action is Action.REFUSE
    assert "contradict each other" in found["runtime"].reason
    assert found["web"].reason == "its parent runtime is refused"
    assert actions(found)["reports"] == actions(found)["base"] == "reuse"
    assert steps(known_of({}), there, force=("runtime",))["runtime"].action is Action.BAKE


def test_going_back_to_an_earlier_recipe_reuses_its_image() -> None:
    newer = closures({"web": "2"})["web"]
    known = [
        one if one.recipe != "web" else Known("web", "runtime", one.closure, one.record, record_of("web", newer))
        for one in known_of({})
    ]
    assert actions(steps(known))["web"] == "reuse"


def test_after_waiting_what_the_other_machine_recorded_decides() -> None:
    closure = closures({})["web"]
    record = record_of("web", closure)
    described = {one: description_of(record) for one in record.image_ids.values()}
    ids = dict(record.parent_image_ids)
    done, open_ = Known("web", "runtime", closure, record), Known("web", "runtime", closure)
    assert again(done, ids, described, force=False).action is Action.REUSE
    assert again(done, ids, described, force=True).action is Action.BAKE
    assert again(open_, ids, {}, force=False).action is Action.BAKE, "the other one failed"
    elsewhere = dict.fromkeys(ids, "ami-another")
    assert again(done, elsewhere, described, force=False).action is Action.BAKE, "it stands on another parent"
