"""The arithmetic of launching and ending, by example and by property."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.groups.capacity import Plan, Rollout, order_of, plan
from rehearsal.groups.model import Member, Phase

ZONES = ("a", "b", "c")
DEFAULT = order_of(("Default",), "new")


def member(id_: str, zone: str, fingerprint: str = "new", launched: float = 0, **more: object) -> Member:
    return replace(Member(id_, zone, fingerprint, launched, Phase.IN_SERVICE, "running", 0), **more)  # type: ignore[arg-type]


def ids(members: list[Member]) -> frozenset[str]:
    return frozenset(m.id for m in members)


def test_an_empty_group_is_spread_over_its_zones() -> None:
    assert plan([], 4, ZONES, frozenset(), DEFAULT) == Plan(("a", "b", "c", "a"), ())


def test_a_launch_goes_to_the_zone_with_the_fewest_members() -> None:
    members = [member("1", "a"), member("2", "c")]
    assert plan(members, 3, ZONES, ids(members), DEFAULT).launch == ("b",)


def test_scaling_in_takes_from_the_fullest_zone_the_oldest_launch_data() -> None:
    members = [member("1", "a", "new", 1), member("2", "b", "new", 2), member("3", "b", "old", 3)]
    assert plan(members, 2, ZONES, ids(members), DEFAULT).end == ("3",)


def test_scaling_in_takes_first_what_is_not_healthy() -> None:
    members = [member("1", "a"), member("2", "a"), member("3", "b")]
    assert plan(members, 2, ZONES, frozenset({"1", "2"}), DEFAULT).end == ("3",)


def test_a_member_protected_from_scale_in_stays() -> None:
    members = [member("1", "a", protected=True), member("2", "b", protected=True)]
    assert plan(members, 1, ZONES, ids(members), DEFAULT) == Plan()


def test_members_on_their_way_out_do_not_count() -> None:
    members = [member("1", "a"), member("2", "b", phase=Phase.TERMINATING)]
    assert plan(members, 2, ZONES, frozenset({"1"}), DEFAULT).launch == ("b",)


def test_the_newest_goes_first_where_the_policy_says_so() -> None:
    members = [member("1", "a", launched=1), member("2", "a", launched=2)]
    assert plan(members, 1, ZONES, ids(members), order_of(("NewestInstance",), "new")).end == ("2",)


def test_with_a_surplus_allowed_the_new_one_is_launched_before_an_old_one_goes() -> None:
    old = [member("1", "a", "old"), member("2", "b", "old")]
    rollout = Rollout(ids(old), frozenset(), lower=2, upper=3)
    assert plan(old, 2, ZONES[:2], ids(old), DEFAULT, rollout) == Plan(("a",), ())
    both = [*old, member("3", "a")]
    assert plan(both, 2, ZONES[:2], ids(old), DEFAULT, rollout) == Plan()  # not healthy yet
    assert plan(both, 2, ZONES[:2], ids(both), DEFAULT, rollout) == Plan(("b",), ("1",))  # its own zone's


def test_without_a_surplus_one_goes_first() -> None:
    old = [member("1", "a", "old"), member("2", "b", "old")]
    rollout = Rollout(ids(old), frozenset(), lower=1, upper=2)
    assert plan(old, 2, ZONES[:2], ids(old), DEFAULT, rollout) == Plan(("a",), ("1",))


def test_a_checkpoint_keeps_the_rest() -> None:
    members = [member("1", "a", "old"), member("2", "b", "old"), member("3", "a")]
    rollout = Rollout(frozenset({"1", "2"}), frozenset(), lower=2, upper=3, keep=1)
    assert plan(members, 2, ZONES[:2], ids(members), DEFAULT, rollout) == Plan((), ("1",))
    assert plan(members[1:], 2, ZONES[:2], ids(members), DEFAULT, rollout) == Plan()


members_anywhere = st.lists(
    st.builds(
        member,
        st.uuids().map(str),
        st.sampled_from(ZONES),
        st.sampled_from(["old", "new"]),
        st.integers(0, 100).map(float),
        protected=st.booleans(),
        phase=st.sampled_from([Phase.PENDING, Phase.IN_SERVICE, Phase.TERMINATING, Phase.STANDBY]),
    ),
    max_size=12,
    unique_by=lambda m: m.id,
)


@given(members_anywhere, st.integers(0, 12))
def test_a_plan_reaches_the_desired_capacity_unless_protection_forbids_it(members: list[Member], desired: int) -> None:
    counted = [m for m in members if m.counted]
    done = plan(members, desired, ZONES, ids(counted), DEFAULT)
    after = len(counted) - len(done.end) + len(done.launch)
    assert not (done.end and done.launch)
    assert after == max(desired, min(len(counted), sum(m.protected for m in counted)))


@given(members_anywhere, st.integers(0, 12))
def test_no_launch_makes_a_full_zone_fuller(members: list[Member], desired: int) -> None:
    done = plan(members, desired, ZONES, frozenset(), DEFAULT)
    total = Counter(dict.fromkeys(ZONES, 0))
    total.update(m.zone for m in members if m.counted)
    for zone in done.launch:
        assert total[zone] == min(total.values())
        total[zone] += 1


@given(members_anywhere, st.integers(0, 8), st.integers(0, 8), st.integers(0, 4), st.data())
def test_a_rollout_stays_within_its_limits(
    members: list[Member], desired: int, lower: int, surplus: int, data: st.DataObject
) -> None:
    counted = [m for m in members if m.counted]
    serving = frozenset(m.id for m in counted if data.draw(st.booleans()))
    obsolete = frozenset(m.id for m in members if m.fingerprint == "old")
    lower = min(lower, desired)
    rollout = Rollout(obsolete, frozenset(m.id for m in members if m.protected) & obsolete, lower, desired + surplus)
    done = plan(members, desired, ZONES, serving, DEFAULT, rollout)
    left = [m for m in counted if m.id not in done.end]
    assert len(set(done.end)) == len(done.end) <= len(counted)
    assert not any(m.protected for m in counted if m.id in done.end)
    if len(counted) <= rollout.upper:
        assert len(left) + len(done.launch) <= rollout.upper
    if any(m.id in serving for m in counted if m.id in done.end) and len(counted) <= desired + surplus:
        assert len(serving & ids(left)) >= min(lower, len(serving))
