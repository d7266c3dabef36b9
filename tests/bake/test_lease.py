"""Who may bake: by example, and with machines whose clocks, pauses and deaths hypothesis invents."""

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.lease import DURATION_SECONDS, Act, Lease, Memory, Seen, decide

D = 60.0


def lease(build: str = "web-1", duration: float = D) -> Lease:
    return Lease.of(recipe="web", digest="sha256:d", build=build, caller="arn:me", duration_seconds=duration)


MINE, OTHERS = lease("web-mine"), lease("web-other")
ME = Memory(MINE.holder)


def test_what_nobody_holds_is_taken() -> None:
    assert decide(ME, None, 0.0)[1] is Act.TAKE


def test_a_lease_that_changes_is_waited_for_however_long_it_takes() -> None:
    memory, now = ME, 1000.0
    for renewal in range(20):
        memory, act = decide(memory, Seen(f"etag-{renewal}", OTHERS), now)
        assert act is Act.WAIT
        now += D  # each time at the last moment
        assert decide(memory, Seen(f"etag-{renewal}", OTHERS), now)[1] is Act.WAIT


def test_a_lease_that_does_not_change_is_dead_after_the_duration_that_it_states() -> None:
    short = lease(duration=5)
    memory, _ = decide(ME, Seen("e", short), 7.0)
    assert decide(memory, Seen("e", short), 12.0)[1] is Act.WAIT
    assert decide(memory, Seen("e", short), 12.1)[1] is Act.TAKE_OVER


def test_what_was_seen_before_it_was_away_says_nothing_of_the_one_that_is_there_now() -> None:
    memory, _ = decide(ME, Seen("e", OTHERS), 0.0)
    memory, act = decide(memory, None, 1.0)
    assert act is Act.TAKE
    assert decide(memory, Seen("e", OTHERS), 1000.0)[1] is Act.WAIT


def test_a_file_that_is_no_lease_is_taken_over_after_the_usual_time() -> None:
    broken = Seen.of("e", b"not a lease")
    memory, act = decide(ME, broken, 0.0)
    assert act is Act.WAIT
    assert decide(memory, broken, DURATION_SECONDS + 1)[1] is Act.TAKE_OVER


@pytest.mark.parametrize("duration", [0, -1, 1e9])
def test_a_duration_that_nobody_would_wait_for_makes_it_no_lease(duration: float) -> None:
    body = MINE.model_copy(update={"duration_seconds": duration}).model_dump_json().encode()
    assert Seen.of("e", body).lease is None


def test_a_field_of_a_later_kiln_is_no_mistake() -> None:
    body = MINE.model_dump_json().encode().replace(b"{", b'{"later": 1, ', 1)
    assert Seen.of("e", body).lease == MINE


def test_a_lease_is_renewed_at_a_third_of_its_duration_and_every_renewal_is_another_object() -> None:
    memory, act = decide(ME, Seen("e", MINE), 100.0)
    assert (memory.held, act) == (True, Act.KEEP)
    assert decide(memory, Seen("e", MINE), 100.0 + D / 3 - 0.1)[1] is Act.KEEP
    assert decide(memory, Seen("e", MINE), 100.0 + D / 3)[1] is Act.RENEW
    texts = {MINE.model_dump_json(), MINE.renewed().model_dump_json(), MINE.renewed().renewed().model_dump_json()}
    assert len(texts) == 3


def test_a_write_whose_answer_was_lost_is_known_by_the_holder() -> None:
    memory, _ = decide(ME, Seen("e", MINE), 0.0)
    assert decide(memory, Seen("unheard-of", MINE.renewed()), 20.0)[1] is Act.KEEP


@pytest.mark.parametrize("seen", [None, Seen("f", OTHERS), Seen("f", None)], ids=["gone", "another's", "broken"])
def test_a_held_lease_that_is_not_ours_any_more_is_lost(seen: Seen | None) -> None:
    memory, _ = decide(ME, Seen("e", MINE), 0.0)
    assert decide(memory, seen, 1.0)[1] is Act.LOST


def test_nothing_of_the_machine_stands_in_a_lease() -> None:
    import socket

    assert socket.gethostname() not in MINE.model_dump_json()
    assert set(MINE.model_dump()) == {
        *("format", "recipe", "digest", "build", "holder", "caller"),
        *("since", "renewed_until", "duration_seconds", "renewals"),
    }


# --- many machines ----------------------------------------------------------------------------------------------------
@dataclass
class Bucket:
    """One object, with S3's conditions."""

    seen: Seen | None = None
    etags: "count[int]" = field(default_factory=count)

    def put(self, lease: Lease, over: str | None) -> bool:
        if (self.seen.etag if self.seen else None) != over:
            return False
        self.seen = Seen(f"etag-{next(self.etags)}", lease)
        return True


@dataclass
class Machine:
    """What `leases` does, one look at a time; `skew` is how far its clock is from the true one."""

    bucket: Bucket
    skew: float
    lease: Lease = field(default_factory=lease)
    lost: bool = False
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(self.lease.holder)

    def look(self, now: float) -> None:
        if self.lost:
            return
        clock = now + self.skew
        self.memory, act = decide(self.memory, self.bucket.seen, clock)
        if act in (Act.TAKE, Act.TAKE_OVER, Act.RENEW):
            self.bucket.put(self.lease.renewed(), self.memory.etag)
            self.lease = self.lease.renewed()
            self.memory, act = decide(self.memory, self.bucket.seen, clock)
        self.lost = act is Act.LOST

    @property
    def holds(self) -> bool:
        return self.memory.held and not self.lost

    @property
    def owner(self) -> bool:
        seen = self.bucket.seen
        return bool(seen and seen.lease and seen.lease.holder == self.lease.holder)


SKEWS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=4)


@given(SKEWS, st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 2 * D)), max_size=60))
def test_whatever_pauses_machines_make_at_most_one_that_has_just_looked_holds_the_lease(
    skews: list[float], looks: list[tuple[int, float]]
) -> None:
    bucket, now = Bucket(), 0.0
    machines = [Machine(bucket, skew) for skew in skews]
    for index, pause in looks:
        now += pause
        one = machines[index % len(machines)]
        one.look(now)
        assert one.holds == one.owner, "who has just looked knows whose it is"
        assert sum(machine.owner for machine in machines) <= 1


@given(SKEWS, st.floats(0.1, D / 4), st.integers(10, 80))
def test_who_renews_in_time_keeps_the_lease_whatever_the_clocks_say(
    skews: list[float], interval: float, rounds: int
) -> None:
    bucket = Bucket()
    holder, *others = [Machine(bucket, skew) for skew in skews]
    for number in range(rounds):
        holder.look(number * interval)
        for other in others:
            other.look(number * interval)
        assert holder.holds
        assert not any(other.holds for other in others)


@given(SKEWS, st.floats(0.5, 5.0), st.integers(1, 30))
def test_the_lease_of_a_dead_holder_has_one_new_holder_a_duration_after_its_last_renewal(
    skews: list[float], poll: float, rounds: int
) -> None:
    bucket, now, renewed, etag = Bucket(), 0.0, 0.0, ""
    dead, *others = [Machine(bucket, skew) for skew in skews]
    for _ in range(rounds):
        for machine in (dead, *others):
            machine.look(now)
        if bucket.seen and bucket.seen.etag != etag:
            etag, renewed = bucket.seen.etag, now
        now += poll
    while not any(other.holds for other in others):
        for other in others:
            other.look(now)
        if not any(other.holds for other in others):
            assert now - renewed <= D + poll, "nobody has taken over"
            now += poll
    assert now - renewed >= D - 0.001, "it was taken over while it might have lived"
    assert sum(other.holds for other in others) == 1
    dead.look(now)
    assert dead.lost
