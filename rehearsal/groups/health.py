"""Is a member healthy? EC2's state first, then, for groups with ELB health checks, what the target groups say.

A member is unhealthy as soon as its machine does not run, and when a target group calls it unhealthy after the grace
period, which starts when the member is in service
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-check-grace-period.html).
"""

from dataclasses import dataclass
from enum import Enum

from rehearsal.groups.model import MACHINE_GONE, STARTING, Group, Member, TargetHealth


class Health(Enum):
    """UNKNOWN: not yet to be judged, because it starts or no health check has come to an end."""

    HEALTHY = "healthy"
    UNKNOWN = "unknown"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The health of a member, and why it is not healthy."""

    health: Health
    reason: str = ""


HEALTHY = Verdict(Health.HEALTHY)


def verdict(member: Member, group: Group, now: float) -> Verdict:
    """The health of a member at this moment (seconds since the epoch)."""
    if member.declared_unhealthy:
        return Verdict(Health.UNHEALTHY, member.declared_unhealthy)
    if member.machine in MACHINE_GONE or member.machine in ("stopping", "stopped"):
        told = f" ({member.machine_reason})" if member.machine_reason else ""
        return Verdict(Health.UNHEALTHY, f"an EC2 health check indicating it has been {_ended(member.machine)}{told}")
    if member.phase in STARTING or member.machine != "running" or member.in_service_since is None:
        return Verdict(Health.UNKNOWN, f"it is {member.phase} and its machine is {member.machine}")
    if not group.elb_health:
        return HEALTHY
    found = [_in_target_group(member.targets.get(arn)) for arn in group.target_groups]
    bad = [v for v in found if v.health is Health.UNHEALTHY]
    if bad:
        health = Health.UNKNOWN if now < member.in_service_since + group.grace_seconds else Health.UNHEALTHY
        return Verdict(health, bad[0].reason)
    return next((v for v in found if v.health is Health.UNKNOWN), HEALTHY)


def ready(member: Member, group: Group, warmup_seconds: float, now: float) -> bool:
    """Whether a new member is healthy and has had its warm-up."""
    if verdict(member, group, now).health is not Health.HEALTHY or member.in_service_since is None:
        return False
    return now >= member.in_service_since + warmup_seconds


def _ended(machine: str) -> str:
    return "stopped" if machine.startswith("stop") else "terminated"


def _in_target_group(target: TargetHealth | None) -> Verdict:
    if target is None:
        return Verdict(Health.UNKNOWN, "it is not registered with its target group yet")
    if target.state == "healthy" or (target.state == "unused" and target.reason == "Target.NotInUse"):
        return HEALTHY  # a target group that no listener uses checks nobody
    text = ": ".join(filter(None, (f"target health {target.state}", target.reason, target.description)))
    return Verdict(
        Health.UNHEALTHY if target.state == "unhealthy" else Health.UNKNOWN,
        f"an ELB health check ({text})",
    )
