from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bake.application import COPIED_FROM
from bake.copy.plan import BROKEN, Action, Broken, plan, tags, token
from bake.retire.plan import DISABLED_AT, UNNEEDED_SINCE, UNPROTECTED_AT

REGION = "eu-central-1"


def seen(image: str, state: str, created: str = "2026-01-01T00:00:00.000Z", **more: Any) -> dict[str, Any]:
    devices = [{"Ebs": {"SnapshotId": image.replace("ami", "snap")}}]
    return {"ImageId": image, "State": state, "CreationDate": created, "BlockDeviceMappings": devices, **more}


def test_where_nothing_is_a_copy_is_begun() -> None:
    step = plan(REGION, None, [])
    assert (step.action, step.image, step.reason) == (Action.COPY, None, "there is none yet")


def test_a_recorded_copy_that_is_there_is_kept() -> None:
    step = plan(REGION, "ami-2", [seen("ami-1", "available"), seen("ami-2", "available")])
    assert (step.action, step.image, step.superfluous) == (Action.KEEP, "ami-2", ("ami-1",))


def test_a_copy_that_no_record_names_is_taken_the_oldest_first() -> None:
    copies = [seen("ami-1", "available", "2026-02-01"), seen("ami-2", "available", "2026-01-01")]
    step = plan(REGION, None, copies)
    assert (step.action, step.image, step.superfluous) == (Action.TAKE, "ami-2", ("ami-1",))


def test_a_copy_that_is_under_way_is_waited_for() -> None:
    assert plan(REGION, None, [seen("ami-1", "pending")]).action is Action.WAIT


def test_a_copy_that_failed_is_replaced_and_says_why() -> None:
    failed = seen("ami-1", "failed", StateReason={"Message": "no such key"})
    step = plan(REGION, None, [failed])
    assert (step.action, step.broken) == (Action.COPY, (Broken("ami-1", ("snap-1",), "no such key"),))
    assert step.reason == "the copy ami-1 failed: no such key"


def test_a_recorded_copy_that_is_gone_is_made_anew() -> None:
    step = plan(REGION, "ami-1", [])
    assert (step.action, step.reason) == (Action.COPY, "ami-1, which is recorded, is gone")


def test_a_disabled_copy_is_in_the_way_because_somebody_disabled_it() -> None:
    step = plan(REGION, "ami-1", [seen("ami-1", "disabled")])
    assert (step.action, step.image) == (Action.REFUSE, "ami-1")


STATES = st.sampled_from(["available", "pending", "failed", "error", "disabled", "deregistered"])


@given(st.lists(STATES, max_size=6), st.integers(-1, 6))
def test_every_copy_is_chosen_broken_superfluous_or_gone(states: list[str], recorded: int) -> None:
    copies = [seen(f"ami-{number}", state) for number, state in enumerate(states)]
    step = plan(REGION, f"ami-{recorded}" if recorded >= 0 else None, copies)
    by_id = {one["ImageId"]: one["State"] for one in copies}
    told = [*([step.image] if step.image else []), *(one.image for one in step.broken), *step.superfluous]
    assert sorted(told) == sorted(image for image, state in by_id.items() if state != "deregistered")
    assert {one.image for one in step.broken} == {image for image, state in by_id.items() if state in BROKEN}
    chosen = by_id.get(step.image or "")
    assert (step.action is Action.COPY) == (step.image is None)
    assert (chosen == "available") == ("available" in states)
    assert (step.action is Action.KEEP) == (by_id.get(f"ami-{recorded}") == "available")
    if step.action is Action.WAIT:
        assert chosen == "pending" and "available" not in states


@given(st.lists(STATES, max_size=6), st.integers(-1, 6), st.randoms())
def test_the_order_in_which_ec2_tells_them_does_not_matter(states: list[str], recorded: int, random: Any) -> None:
    copies = [seen(f"ami-{number}", state) for number, state in enumerate(states)]
    other = copies[:]
    random.shuffle(other)
    name = f"ami-{recorded}" if recorded >= 0 else None
    assert plan(REGION, name, copies) == plan(REGION, name, other)


def test_a_copy_has_its_sources_tags_but_not_its_leases_and_the_times_of_a_retire() -> None:
    listed = {"kiln:digest": "d", "Name": "n", "kiln:release:Stage": "r-1", "aws:x": "y"}
    listed |= dict.fromkeys([DISABLED_AT, UNNEEDED_SINCE, UNPROTECTED_AT], "2026-01-01T00:00:00+00:00")
    source = {"ImageId": "ami-1", "Tags": [{"Key": key, "Value": value} for key, value in listed.items()]}
    assert tags(source) == {"kiln:digest": "d", "Name": "n", COPIED_FROM: "ami-1"}


def test_a_token_is_that_of_the_same_copy_only() -> None:
    first = token("ami-1", REGION, "key", [])
    assert first == token("ami-1", REGION, "key", []) and len(first) <= 64
    others: list[tuple[str, str, str, list[str]]]
    others = [("ami-2", REGION, "key", []), ("ami-1", "us-east-1", "key", []), ("ami-1", REGION, "key-2", [])]
    assert len({first, *(token(*one) for one in others), token("ami-1", REGION, "key", ["ami-9"])}) == 5
