"""Scaling policies: what an alarm's value means for the capacity of a group. Pure.

Instances that are still warming up do not count when a step or target tracking policy scales out, so that one breach is
answered once; while there are any, such a policy does not scale in
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rehearsal.groups.model import Group, GroupKey, Member

Kind = Literal["SimpleScaling", "StepScaling", "TargetTrackingScaling"]
DEFAULT_COOLDOWN_SECONDS = 300  # AWS's, for cooldowns and for warm-ups that nobody named


@dataclass(frozen=True, slots=True)
class Step:
    """One step: bounds are distances from the alarm's threshold; None is without end."""

    lower: float | None
    upper: float | None
    adjustment: int

    def covers(self, distance: float) -> bool:
        """Whether the distance is in it: away from the threshold the nearer bound belongs to the step."""
        low = -math.inf if self.lower is None else self.lower
        high = math.inf if self.upper is None else self.upper
        return low <= distance < high if distance >= 0 else low < distance <= high


@dataclass(frozen=True, slots=True)
class Policy:
    """A scaling policy. `request` is what it was put with; times are AWS's seconds.

    `target`: of target tracking. `alarms`: those that target tracking has made for itself.
    """

    key: GroupKey
    name: str
    arn: str
    kind: Kind
    request: Mapping[str, Any]
    enabled: bool = True
    adjustment_type: str = "ChangeInCapacity"
    magnitude: int = 0
    adjustment: int = 0
    cooldown: float | None = None
    warmup: float | None = None
    steps: tuple[Step, ...] = ()
    target: float = 0.0
    scales_in: bool = True
    alarms: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Sizes:
    """The capacity of a group; `warm`: what of it has had its warm-up."""

    desired: int
    minimum: int
    maximum: int
    warm: int

    @property
    def warming(self) -> bool:
        return self.warm < self.desired

    def within(self, wanted: int) -> int:
        """A capacity between the limits."""
        return min(max(wanted, self.minimum), self.maximum)


def sizes(group: Group, members: Sequence[Member], warmup_seconds: float, now: float) -> Sizes:
    """The sizes of a group at this moment; `warmup_seconds`: real ones, since an instance is in service."""
    cold = sum(m.counted and (m.in_service_since is None or now < m.in_service_since + warmup_seconds) for m in members)
    counted = sum(m.counted for m in members)
    return Sizes(group.desired, group.minimum, group.maximum, min(max(0, counted - cold), group.desired))


def warmup_of(policy: Policy, group: Group) -> float:
    """The warm-up of a policy in AWS's seconds: its own, else the group's default, else its cooldown."""
    if policy.warmup is not None:
        return policy.warmup
    return group.warmup_seconds if group.warmup_seconds is not None else group.cooldown_seconds


def cooling(members: Sequence[Member], desired: int, scaled: float | None, cooldown_seconds: float, now: float) -> bool:
    """Whether a simple policy must wait: the cooldown begins when the last scaling is complete."""
    if scaled is None:
        return False
    counted = [m for m in members if m.counted]
    if len(counted) != desired or any(m.in_service_since is None for m in counted):
        return True
    complete = max([scaled, *(m.in_service_since for m in counted if m.in_service_since is not None)])
    return now < complete + cooldown_seconds


def adjusted(kind: str, amount: int, current: int, magnitude: int = 0) -> int:
    """A capacity after an adjustment, without limits; percentages are rounded as AWS rounds them.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-adjustment
    """
    if kind == "ExactCapacity":
        return amount
    change = amount
    if kind == "PercentChangeInCapacity":
        exact = current * amount / 100
        # towards zero, but never to zero
        change = math.trunc(exact) if abs(exact) >= 1 else (exact > 0) - (exact < 0)
        if change and abs(change) < magnitude:
            change = int(math.copysign(magnitude, change))
    return max(0, current + change)


def simple(policy: Policy, now: Sizes) -> int:
    """The capacity that a simple policy wants."""
    return now.within(adjusted(policy.adjustment_type, policy.adjustment, now.desired, policy.magnitude))


def stepped(policy: Policy, now: Sizes, value: float, threshold: float) -> int | None:
    """The capacity that a step policy wants; None where no step covers the value."""
    chosen = next((s for s in policy.steps if s.covers(value - threshold)), None)
    if chosen is None:
        return None
    out = adjusted(policy.adjustment_type, chosen.adjustment, now.warm, policy.magnitude)
    if out > now.desired:
        return now.within(out)
    wanted = adjusted(policy.adjustment_type, chosen.adjustment, now.desired, policy.magnitude)
    if wanted > now.desired or now.warming:  # it is on its way already, or too early to scale in
        return now.desired
    return now.within(wanted)


def tracked(policy: Policy, now: Sizes, value: float) -> int:
    """The capacity that brings the metric to its target, if the metric goes with the load of each instance."""
    wanted = math.ceil(max(now.warm, 1) * value / policy.target - 1e-9)
    return now.within(wanted)


def agreed(proposals: Mapping[str, int | None], now: Sizes) -> int:
    """Scaling in by target tracking: only when every policy that may proposes less (None: it does not), to the most."""
    if now.warming or not proposals or any(p is None for p in proposals.values()):
        return now.desired
    return min(now.desired, max(p for p in proposals.values() if p is not None))
