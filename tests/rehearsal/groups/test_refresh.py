"""Instance refreshes in a simulated world: the invariants as properties, the special cases by example."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rehearsal.front.service import AwsError
from rehearsal.groups.preferences import Preferences, parse
from rehearsal.groups.refresh import Outlook, Status, begin_rollback
from tests.rehearsal.groups.simulation import World, group, old_members

worlds = st.builds(
    lambda size, zones, boot, check, drain: World(group(size, zones), old_members(size, zones), boot, check, drain),
    st.integers(1, 9),
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 4),
)


def zone_difference(world: World) -> int:
    zones = Counter({s.zone: 0 for s in world.group.subnets})
    zones.update(m.zone for m in world.members if m.counted)
    return max(zones.values()) - min(zones.values())


@settings(max_examples=150)
@given(worlds, st.integers(0, 100), st.integers(100, 200), st.integers(0, 4))
def test_a_refresh_keeps_its_limits_and_replaces_exactly_the_obsolete(
    world: World, lowest: int, highest: int, warmup: int
) -> None:
    assume(highest - lowest <= 100)
    size = world.group.desired
    preferences = Preferences(lowest, highest, warmup)
    lower, upper = preferences.limits(size)
    world.start(preferences)
    for _ in range(500):
        world.round()
        assert len(world.healthy()) >= lower
        assert sum(m.counted for m in world.members) <= upper
        if not world.current.active:
            break
    assert world.current.status is Status.SUCCESSFUL
    assert {m.fingerprint for m in world.members} == {"new"}
    assert len(world.members) == size
    assert sorted(world.ended) == [f"old-{n}" for n in range(size)]
    assert len(world.launched) == size
    assert zone_difference(world) <= 1


@settings(max_examples=60)
@given(worlds, st.integers(101, 200))
def test_with_a_lowest_percentage_of_100_no_old_one_goes_before_its_successor_is_healthy(
    world: World, highest: int
) -> None:
    world.start(Preferences(100, highest))
    while world.current.active:
        world.round()
        assert len(world.healthy()) >= world.group.desired
        assert zone_difference(world) <= 2  # within one, and the surplus


@settings(max_examples=60)
@given(worlds, st.integers(0, 100), st.integers(100, 200))
def test_a_bad_image_fails_the_refresh_and_leaves_the_old_instances(world: World, lowest: int, highest: int) -> None:
    assume(highest - lowest <= 100)
    preferences = Preferences(lowest, highest)
    lower, _ = preferences.limits(world.group.desired)
    world.bad = "new"
    world.start(preferences)
    while world.current.active:
        world.round()
        assert len(world.healthy()) >= lower
    refresh = world.current
    assert refresh.status is Status.FAILED
    assert "new-" in refresh.reason
    assert "unhealthy" in refresh.reason
    kept = {m.id for m in world.members if m.fingerprint == "old" and m.counted}
    world.wanted = "old"  # the stack's rollback puts the old launch data back and refreshes again
    world.start(replace(preferences, skip_matching=True), target="old")
    world.rounds()
    assert {m.fingerprint for m in world.members} == {"old"}
    assert kept <= {m.id for m in world.members}


@settings(max_examples=60)
@given(worlds, st.integers(1, 9), st.integers(2, 12), st.sampled_from([(100, 110), (50, 100), (90, 150)]))
def test_a_capacity_that_changes_during_a_refresh_is_reached(
    world: World, size: int, at: int, limits: tuple[int, int]
) -> None:
    world.start(Preferences(*limits))
    for _ in range(at):
        world.round()
    world.group = replace(world.group, desired=size)
    world.rounds()
    assert world.current.status is Status.SUCCESSFUL
    assert {m.fingerprint for m in world.members} == {"new"}


def test_a_matching_instance_is_skipped_by_its_data_not_by_its_version() -> None:
    members = old_members(3)
    world = World(group(3), (replace(members[0], fingerprint="new"), *members[1:]))
    world.start(Preferences(100, 110, skip_matching=True))
    assert (world.current.remaining, world.current.total, world.current.percentage(2)) == (2, 3, 33)
    world.rounds()
    assert sorted(world.ended) == ["old-1", "old-2"]


def test_a_refresh_with_nothing_to_replace_succeeds_at_once() -> None:
    world = World(group(2), old_members(2))
    world.start(Preferences(skip_matching=True), target="old")
    world.round()
    assert (world.current.status, world.launched) == (Status.SUCCESSFUL, [])


def test_auto_rollback_brings_the_old_launch_data_back() -> None:
    world = World(group(4), old_members(4), bad="new")
    world.start(Preferences(50, 100, auto_rollback=True))
    world.wanted = "old"
    world.rounds()
    assert world.current.status is Status.ROLLBACK_SUCCESSFUL
    assert "unhealthy" in world.current.rollback_reason
    assert {m.fingerprint for m in world.members} == {"old"}
    assert len([i for i in world.ended if i.startswith("old")]) <= 2


def test_a_rollback_that_fails_says_so() -> None:
    world = World(group(2), old_members(2))
    world.start(Preferences(50, 100))
    while not any(m.id == "new-0" for m in world.healthy()):
        world.round()
    world.bad = "old"
    world.refresh = begin_rollback(world.current, Outlook(world.group, world.members, world.now), "asked")
    while world.current.active:
        world.round()
    assert world.current.status is Status.ROLLBACK_FAILED


def test_a_checkpoint_is_waited_at() -> None:
    world = World(group(4), old_members(4))
    world.start(Preferences(100, 150, checkpoints=(50, 100), checkpoint_delay_seconds=30))
    for _ in range(25):
        world.round()
    assert Counter(m.fingerprint for m in world.members) == {"old": 2, "new": 2}
    assert "Checkpoint of 50%" in world.current.reason
    assert world.current.percentage(world.current.remaining) == 50
    world.rounds()
    assert world.current.status is Status.SUCCESSFUL
    assert world.now > 30


def test_a_last_checkpoint_below_100_ends_the_refresh_there() -> None:
    world = World(group(4), old_members(4))
    world.start(Preferences(100, 150, checkpoints=(50,), checkpoint_delay_seconds=30))
    world.rounds()
    assert Counter(m.fingerprint for m in world.members) == {"old": 2, "new": 2}


def test_a_refresh_bakes_before_it_succeeds_and_an_alarm_ends_it() -> None:
    world = World(group(1), old_members(1))
    world.start(Preferences(100, 200, bake_seconds=60, alarms=("errors",)))
    for _ in range(20):
        world.round()
    assert world.current.status is Status.BAKING
    world.alarms = ("errors",)
    world.round()
    assert (world.current.status, "errors" in world.current.reason) == (Status.FAILED, True)


def test_a_cancelled_refresh_leaves_a_whole_group() -> None:
    world = World(group(4), old_members(4))
    world.start(Preferences(100, 150))
    for _ in range(3):
        world.round()
    world.refresh = replace(world.current, status=Status.CANCELLING)
    world.rounds()
    assert world.current.status is Status.CANCELLED
    assert len(world.members) == 4


@pytest.mark.parametrize(("protected", "replaced"), [("Refresh", 2), ("Ignore", 1)])
def test_protected_instances_are_replaced_or_ignored_as_asked(protected: str, replaced: int) -> None:
    first, second = old_members(2)
    world = World(group(2), (replace(first, protected=True), second))
    world.start(Preferences(100, 150, protected=protected))
    world.rounds()
    assert len(world.ended) == replaced


def test_protected_instances_that_are_waited_for_hold_the_refresh_and_cause_no_surplus() -> None:
    first, second = old_members(2)
    world = World(group(2), (replace(first, protected=True), second))
    world.start(Preferences(100, 150))
    for _ in range(60):
        world.round()
    assert (world.current.status, len(world.members), "old-0" in world.current.reason) == (Status.IN_PROGRESS, 2, True)
    world.now += 3600
    world.round()
    assert world.current.status is Status.FAILED


@pytest.mark.parametrize(
    ("preferences", "desired", "expected"),
    [
        ({"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110}, 2, (2, 3)),
        ({"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200}, 2, (2, 4)),
        ({"MinHealthyPercentage": 100, "MaxHealthyPercentage": 100}, 4, (3, 4)),
        ({}, 10, (9, 10)),
        ({}, 2, (1, 2)),
        ({"MinHealthyPercentage": 0, "MaxHealthyPercentage": 100}, 3, (0, 3)),
        ({}, 0, (0, 0)),
    ],
)
def test_percentages_become_instances(preferences: dict[str, int], desired: int, expected: tuple[int, int]) -> None:
    assert parse(preferences, group(desired)).limits(desired) == expected


@pytest.mark.parametrize(
    "preferences",
    [
        {"MaxHealthyPercentage": 110},
        {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 150},
        {"CheckpointPercentages": [50, 20]},
        {"CheckpointDelay": 10},
    ],
)
def test_preferences_that_contradict_each_other_are_refused(preferences: dict[str, object]) -> None:
    with pytest.raises(AwsError):
        parse(preferences, group(2))


def test_the_defaults_come_from_the_group() -> None:
    found = parse({}, group(2, grace_seconds=60, maintenance=(100, 120)))
    assert (found.min_healthy_percentage, found.max_healthy_percentage, found.warmup_seconds) == (100, 120, 60)
    assert parse({}, group(2, warmup_seconds=7.0)).warmup_seconds == 7
