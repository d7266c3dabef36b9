from datetime import UTC, datetime

from bake.digest import Closure
from bake.image import ImageRecord
from bake.plan import Action, plan

CLOSURE = Closure(parent="ami-0", artifact="a", files={"f": "1"}, variables={}, tools={})
OLDER = CLOSURE.model_copy(update={"parent": "ami-00"})
RECORD = ImageRecord(
    application="Payroll",
    tier="web",
    digest=CLOSURE.digest,
    version="1.0.0",
    commit="c",
    build="web-1",
    baked_at=datetime(2026, 1, 1, tzinfo=UTC),
    owner="123456789012",
    image_ids={"eu-west-1": "ami-1", "eu-north-1": "ami-2"},
    snapshot_ids={},
    parent_parameter="/aws/service/x",
    closure=CLOSURE,
)
THERE = {"ami-1": "available", "ami-2": "available"}


def test_an_image_that_is_there_in_every_region_is_reused() -> None:
    decision = plan(CLOSURE, RECORD, THERE, in_force=CLOSURE)
    assert (decision.action, decision.reason) == (Action.REUSE, "nothing changed since build web-1")


def test_force_bakes_all_the_same() -> None:
    decision = plan(CLOSURE, RECORD, THERE, in_force=CLOSURE, force=True)
    assert (decision.action, decision.reason) == (Action.BAKE, "asked for with --force")


def test_the_first_bake_of_a_recipe_says_so() -> None:
    decision = plan(CLOSURE, None, {}, in_force=None)
    assert (decision.action, decision.reason) == (Action.BAKE, "there is no image of this recipe yet")


def test_a_changed_recipe_bakes_and_says_what_changed() -> None:
    decision = plan(CLOSURE, None, {}, in_force=OLDER)
    assert decision.action is Action.BAKE
    assert decision.reason == "the parent image is ami-0, it was ami-00"
    assert decision.changes == (decision.reason,)


def test_an_image_that_was_deregistered_since_is_baked_again() -> None:
    decision = plan(CLOSURE, RECORD, {"ami-1": "available"}, in_force=CLOSURE)
    assert decision.action is Action.BAKE
    assert decision.reason == "its image ami-2 in eu-north-1 is gone (deregistered since)"


def test_an_image_that_is_not_available_is_baked_again() -> None:
    decision = plan(CLOSURE, RECORD, {**THERE, "ami-1": "failed"}, in_force=CLOSURE)
    assert (decision.action, decision.reason) == (Action.BAKE, "its image ami-1 in eu-west-1 is failed")


def test_going_back_to_an_earlier_recipe_reuses_its_image() -> None:
    assert plan(CLOSURE, RECORD, THERE, in_force=OLDER).action is Action.REUSE
