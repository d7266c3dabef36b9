"""How many instances, in which zones, and which ones go: pure arithmetic over the members that count.

Launches go to the zone with the fewest members; ends come from the zone with the most, then by termination policy. A
member that is not healthy goes before one that is, whatever the policy says.

While instances are replaced (`Rollout`), the number of healthy members never falls below `lower` and the number of all
never rises above `upper`; obsolete members count as healthy when they serve, new ones when they had their warm-up too.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rehearsal.groups.model import Member


@dataclass(frozen=True, slots=True)
class Rollout:
    """A replacement that is going on.

    Args:
        obsolete: members to be replaced.
        held: those of them that must not be ended now (protected from scale-in).
        lower: healthy members that must remain.
        upper: members there may be.
        keep: obsolete members that stay until the next checkpoint.
    """

    obsolete: frozenset[str]
    held: frozenset[str]
    lower: int
    upper: int
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Zones to launch in, one instance each, and members to end."""

    launch: tuple[str, ...] = ()
    end: tuple[str, ...] = ()


def plan(
    members: Iterable[Member],
    desired: int,
    zones: tuple[str, ...],
    serving: frozenset[str],
    order: Callable[[Member], tuple[object, ...]],
    rollout: Rollout | None = None,
) -> Plan:
    """What closes the difference between `desired` and the members.

    `serving` are the members that count as healthy; `order` sorts members of one zone, first to go first.
    """
    counted = [m for m in members if m.counted]
    if rollout is None:
        ends = _victims(counted, len(counted) - desired, serving, order)
        return Plan(_zones(counted, frozenset(), desired - len(counted), zones), ends)
    return _replace(counted, desired, zones, serving, order, rollout)


def _replace(
    counted: list[Member],
    desired: int,
    zones: tuple[str, ...],
    serving: frozenset[str],
    order: Callable[[Member], tuple[object, ...]],
    rollout: Rollout,
) -> Plan:
    obsolete = [m for m in counted if m.id in rollout.obsolete]
    held = [m for m in obsolete if m.id in rollout.held]
    keep = max(rollout.keep, len(held))
    spare = sum(m.id in serving for m in counted) - rollout.lower
    left = list(counted)
    ends: list[str] = []
    while len(obsolete) - len(ends) > keep:
        usable = [m for m in obsolete if m.id not in ends and m not in held]
        if spare <= 0:  # one that does not serve may go all the same
            usable = [m for m in usable if m.id not in serving]
        if not usable:
            break
        chosen = _first_to_go(usable, left, serving, rollout.obsolete, order)
        spare -= chosen.id in serving
        left.remove(chosen)
        ends.append(chosen.id)
    remaining = len(obsolete) - len(ends)
    fresh = len(left) - remaining
    launches = max(desired - len(left), min(desired - fresh - keep, rollout.upper - len(left)))
    if remaining <= keep and len(left) > desired:
        ends += _victims(left, len(left) - desired, serving, order, spare)
    return Plan(_zones(left, rollout.obsolete, launches, zones), tuple(ends))


def _zones(members: list[Member], obsolete: frozenset[str], count: int, zones: tuple[str, ...]) -> tuple[str, ...]:
    """The zones for `count` launches: fewest members first, then fewest new ones, then in the group's order."""
    total = Counter(m.zone for m in members)
    fresh = Counter(m.zone for m in members if m.id not in obsolete)
    chosen = []
    for _ in range(max(count, 0) if zones else 0):
        zone = min(zones, key=lambda z: (total[z], fresh[z], zones.index(z)))
        total[zone] += 1
        fresh[zone] += 1
        chosen.append(zone)
    return tuple(chosen)


def _victims(
    members: list[Member],
    count: int,
    serving: frozenset[str],
    order: Callable[[Member], tuple[object, ...]],
    spare: float = math.inf,
) -> tuple[str, ...]:
    """Who goes when there are `count` members too many: nobody protected from scale-in, at most `spare` that serve."""
    left = list(members)
    gone = []
    for _ in range(max(count, 0)):
        usable = [m for m in left if not m.protected and (spare > 0 or m.id not in serving)]
        if not usable:
            break
        chosen = _first_to_go(usable, left, serving, frozenset(), order)
        spare -= chosen.id in serving
        left.remove(chosen)
        gone.append(chosen.id)
    return tuple(gone)


def _first_to_go(
    usable: list[Member],
    everyone: list[Member],
    serving: frozenset[str],
    obsolete: frozenset[str],
    order: Callable[[Member], tuple[object, ...]],
) -> Member:
    total = Counter(m.zone for m in everyone)
    old = Counter(m.zone for m in everyone if m.id in obsolete)
    return min(
        usable,
        key=lambda m: (m.id in serving, -total[m.zone], -old[m.zone], *order(m), m.id),
    )


def order_of(policies: tuple[str, ...], wanted: str) -> Callable[[Member], tuple[object, ...]]:
    """The order in which members of a zone go, by termination policy; `wanted` is the launch data of new instances.

    Default ends instances of older launch data first, then the oldest
    (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html).
    """

    def order(member: Member) -> tuple[object, ...]:
        current = member.fingerprint == wanted
        keys: list[object] = []
        for policy in policies:
            if policy in ("OldestInstance", "OldestLaunchConfiguration"):
                keys.append(member.launched)
            elif policy == "NewestInstance":
                keys.append(-member.launched)
            elif policy == "OldestLaunchTemplate":
                keys.append(current)
        return (*keys, current, member.launched)

    return order
