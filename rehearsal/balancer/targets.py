"""The life of a target behind a load balancer: waiting → checking → serving → draining → drained → gone.

Pure: what the API says and what HAProxy sees → the next phase with its reason. The executor is balancer.py.
"""

from dataclasses import dataclass
from enum import StrEnum

from rehearsal.balancer.model import Target, TargetGroup


class Phase(StrEnum):
    """Where a target is in its life."""

    WAITING = "waiting"  # registered; nothing listens on its port yet; HAProxy does not know it
    CHECKING = "checking"  # HAProxy checks it and sends no requests
    SERVING = "serving"  # it gets requests as long as its checks pass
    DRAINING = "draining"  # deregistered: no new requests, those in flight go on
    DRAINED = "drained"  # nothing in flight; HAProxy may still hold idle connections to it
    GONE = "gone"


ACTIVE = frozenset({Phase.WAITING, Phase.CHECKING, Phase.SERVING})
PASSED = frozenset({"L7OK", "L7OKC"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What HAProxy says of a server: its state, the result of its last check, its requests in flight."""

    up: bool
    check: str  # HAProxy's code, for example L7OK, L7STS, L4TOUT, L4CON; empty before the first check
    code: str  # the HTTP status of the last check
    in_flight: int


@dataclass(frozen=True, slots=True)
class Registration:
    """A target of a group from its registration to its end; registered again, it is another registration."""

    group: TargetGroup
    target: Target
    server: str  # its name in HAProxy
    phase: Phase
    since: float  # when the phase began, monotonic seconds
    ended: float | None = None  # when its instance was seen to have ended


@dataclass(frozen=True, slots=True)
class Step:
    """The next phase of a registration and why."""

    phase: Phase
    reason: str
    healthy: bool = False  # of a target that begins to serve: by its first check


def step(this: Registration, wanted: Target | None, seen: Seen | None, listening: bool, now: float) -> Step | None:
    """What happens next to a registration; None: nothing.

    Args:
        wanted: the target as the API has it now; None where it is no longer registered or has no address.
        seen: what HAProxy says of it; None where it does not know it.
        listening: something accepts connections on its port; only asked about while it waits.
    """
    match this.phase:
        case Phase.WAITING:
            return _waiting(this, wanted, listening, now)
        case Phase.CHECKING | Phase.SERVING if wanted is None:
            return Step(Phase.DRAINING, "deregistered")
        case Phase.CHECKING:
            return _checking(this, seen, now)
        case Phase.SERVING if this.ended is not None:
            return _ended(this, this.ended, seen, now)
        case Phase.DRAINING:
            return _draining(this, seen, now)
    return None


def _waiting(this: Registration, wanted: Target | None, listening: bool, now: float) -> Step | None:
    if wanted is None or wanted.ended:
        return Step(Phase.GONE, "deregistered before anything listened on its port")
    if this.group.functions:
        return Step(Phase.CHECKING, "a function is always there")
    # A first check that comes before the application listens costs a whole interval; so it waits, one interval at most.
    if listening:
        return Step(Phase.CHECKING, f"listens after {now - this.since:.1f} s")
    if now - this.since >= this.group.check.interval:
        return Step(Phase.CHECKING, f"nothing listens after {now - this.since:.1f} s")
    return None


def _checking(this: Registration, seen: Seen | None, now: float) -> Step | None:
    if not this.group.check.enabled:
        return Step(Phase.SERVING, "it is not checked")
    if seen is None or not seen.check:
        return None
    if seen.check in PASSED:  # one check that passes is enough at the beginning, as on AWS
        return Step(Phase.SERVING, f"its first check passed after {now - this.since:.1f} s", healthy=True)
    check = this.group.check
    if now - this.since > check.unhealthy * check.interval:
        return Step(Phase.SERVING, f"its checks fail: {seen.check} {seen.code}".rstrip())
    return None


def _ended(this: Registration, ended: float, seen: Seen | None, now: float) -> Step | None:
    if seen is None or not seen.up:
        return Step(Phase.DRAINING, "its instance has ended and its health checks fail")
    # Another machine may have got its address meanwhile, so that the checks pass.
    check = this.group.check
    if now - ended > (check.unhealthy + 1) * (check.interval + check.timeout):  # the longest that checks take to notice
        return Step(Phase.DRAINING, "its instance has ended")
    return None


def _draining(this: Registration, seen: Seen | None, now: float) -> Step | None:
    # AWS completes a deregistration at once when nothing is in flight, and otherwise after the delay.
    if seen is None or seen.in_flight == 0:
        return Step(Phase.DRAINED, f"nothing in flight after {now - this.since:.1f} s")
    if now - this.since >= this.group.deregistration_delay:
        return Step(Phase.DRAINED, f"cut with {seen.in_flight} in flight after {now - this.since:.1f} s")
    return None
