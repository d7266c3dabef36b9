"""An instance refresh as a state machine: Pending → InProgress → [Baking] → Successful, with failure, rollback, cancel.

What is obsolete is fixed at the start (`scope`): all instances, or with SkipMatching those whose launch DATA differ
from the wanted ones; version numbers are not compared, because a rollback makes a new version with old data. The
refresh fails as soon as a new instance is unhealthy or is not healthy within its grace period and warm-up, as soon as
an alarm goes off, or when a launch is refused. AWS is more patient with a single bad instance; the outcome is the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from rehearsal.groups.capacity import Rollout
from rehearsal.groups.health import Health, ready, verdict
from rehearsal.groups.model import Group, LaunchFailure, Member, Phase, Source
from rehearsal.groups.preferences import Preferences

# An instance needs a moment to be registered and checked even where the group gives it no grace period.
SHORTEST_PATIENCE_SECONDS = 10.0
# How long EC2 may take to start an instance.
LAUNCH_LIMIT_SECONDS = 300.0
# How long AWS waits for instances that are protected or on standby.
WAIT_FOR_HELD_SECONDS = 3600.0


class Status(StrEnum):
    """AWS's names of what a refresh is doing."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    BAKING = "Baking"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    ROLLBACK_IN_PROGRESS = "RollbackInProgress"
    ROLLBACK_SUCCESSFUL = "RollbackSuccessful"
    ROLLBACK_FAILED = "RollbackFailed"


REPLACING = frozenset({Status.PENDING, Status.IN_PROGRESS, Status.ROLLBACK_IN_PROGRESS})
ACTIVE = REPLACING | {Status.BAKING, Status.CANCELLING}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What instances are launched from, with its version resolved to a number, and the fingerprint of its data."""

    source: Source
    fingerprint: str
    reversible: bool = True  # false where it was named as $Latest or $Default


@dataclass(frozen=True, slots=True)
class Refresh:
    """An instance refresh. Times are seconds since the epoch."""

    id: str
    preferences: Preferences
    target: Configuration
    previous: Configuration
    scope: frozenset[str]
    total: int
    started: float
    desired_configuration: Mapping[str, Any] = field(default_factory=dict)
    status: Status = Status.PENDING
    reason: str = ""
    ended: float | None = None
    remaining: int = 0
    checkpoint: int = 0
    pause_until: float | None = None
    bake_until: float | None = None
    wait_for_transitions: bool = True
    rollback_reason: str = ""
    rollback_started: float | None = None
    rollback_remaining: int = 0

    @property
    def active(self) -> bool:
        """Whether it is still going on."""
        return self.status in ACTIVE

    @property
    def since(self) -> float:
        """When the replacement that is going on began."""
        return self.started if self.rollback_started is None else self.rollback_started

    @property
    def keep(self) -> int:
        """How many obsolete instances stay until the next checkpoint."""
        stops = self.preferences.checkpoints
        if not stops or self.rollback_started is not None:
            return 0
        return self.total * (100 - stops[min(self.checkpoint, len(stops) - 1)]) // 100

    def percentage(self, remaining: int) -> int:
        """The percentage that is complete."""
        return 100 if not self.total else max(0, 100 * (self.total - remaining) // self.total)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a refresh looks at: the group, its members, alarms that went off, the last refused launch."""

    group: Group
    members: tuple[Member, ...]
    now: float
    alarms: tuple[str, ...] = ()
    failure: LaunchFailure | None = None


def scope(members: Iterable[Member], preferences: Preferences, target: str) -> frozenset[str]:
    """The members that a refresh to the launch data `target` replaces."""
    found = set()
    for member in members:
        if preferences.skip_matching and member.fingerprint == target:
            continue
        standby = member.phase in (Phase.STANDBY, Phase.ENTERING_STANDBY)
        ignored = (standby and preferences.standby == "Ignore") or (
            member.protected and preferences.protected == "Ignore"
        )
        if (member.counted or standby) and not ignored:
            found.add(member.id)
    return frozenset(found)


def rollout(refresh: Refresh, outlook: Outlook) -> Rollout | None:
    """What the refresh means for the capacity, or None while it replaces nothing."""
    if refresh.status not in REPLACING:
        return None
    lower, upper = refresh.preferences.limits(outlook.group.desired)
    held = frozenset(m.id for m in outlook.members if m.protected and refresh.preferences.protected != "Refresh")
    return Rollout(refresh.scope, held & refresh.scope, lower, upper, refresh.keep)


def serving(refresh: Refresh | None, outlook: Outlook) -> frozenset[str]:
    """The members that count as healthy: those being replaced when they serve, new ones after their warm-up."""
    found = set()
    for member in outlook.members:
        new = refresh is not None and refresh.status in REPLACING and member.id not in refresh.scope
        warmup = refresh.preferences.warmup_seconds if refresh and new else 0
        if member.counted and ready(member, outlook.group, warmup, outlook.now):
            found.add(member.id)
    return frozenset(found)


def advance(refresh: Refresh, outlook: Outlook) -> tuple[Refresh, dict[str, str]]:
    """The refresh after a look at the group, and the members it gives up, each with the reason."""
    if refresh.status in REPLACING:
        # A launch may have been under way, or an instance attached, when the refresh or its rollback began.
        others = {m.id for m in outlook.members if m.counted and m.fingerprint != refresh.target.fingerprint}
        late = {m.id for m in outlook.members if m.launched >= refresh.started}
        refresh = replace(refresh, scope=refresh.scope | (others & late))
    if refresh.status is Status.CANCELLING:
        moving = any(m.counted and m.id not in serving(None, outlook) for m in outlook.members)
        if moving and refresh.wait_for_transitions:
            return refresh, {}
        return replace(
            refresh,
            status=Status.CANCELLED,
            reason="Cancelled due to user request.",
            ended=outlook.now,
        ), {}
    failure, given_up = _failure(refresh, outlook)
    if failure:
        return _fail(refresh, outlook, failure), given_up
    if refresh.status is Status.BAKING:
        return (_succeed(refresh, outlook.now) if outlook.now >= (refresh.bake_until or 0) else refresh), {}
    return _progress(refresh, outlook), _standby(refresh, outlook)


def begin_rollback(refresh: Refresh, outlook: Outlook, reason: str) -> Refresh:
    """The refresh on its way back to what the group launched before it."""
    skip = replace(refresh.preferences, skip_matching=True)
    back = scope(outlook.members, skip, refresh.previous.fingerprint)
    return replace(
        refresh,
        status=Status.ROLLBACK_IN_PROGRESS,
        reason=reason,
        target=refresh.previous,
        scope=back,
        rollback_reason=reason,
        rollback_started=outlook.now,
        rollback_remaining=len(back),
        pause_until=None,
    )


def _failure(refresh: Refresh, outlook: Outlook) -> tuple[str, dict[str, str]]:
    if outlook.alarms and refresh.rollback_started is None:
        return f"CloudWatch alarm(s) {', '.join(outlook.alarms)} in ALARM state.", {}
    if outlook.failure and outlook.failure.at > refresh.since:
        return f"An instance could not be launched: {outlook.failure.message}", {}
    for member in outlook.members:
        if member.id in refresh.scope or not member.counted or member.launched < refresh.since:
            continue
        why = _hopeless(member, refresh, outlook)
        if why:
            return f"Instance {member.id} did not become healthy: {why}.", {member.id: f"{why}"}
    return "", {}


def _hopeless(member: Member, refresh: Refresh, outlook: Outlook) -> str:
    found = verdict(member, outlook.group, outlook.now)
    if found.health is Health.UNHEALTHY:
        return found.reason
    if found.health is Health.HEALTHY:
        return ""
    if member.in_service_since is None:
        waited, limit = outlook.now - member.launched, LAUNCH_LIMIT_SECONDS
        limit += sum(h.heartbeat_seconds for h in outlook.group.launching_hooks)
    else:
        waited = outlook.now - member.in_service_since
        limit = max(
            outlook.group.grace_seconds + refresh.preferences.warmup_seconds,
            SHORTEST_PATIENCE_SECONDS,
        )
    return f"{found.reason} after {waited:.0f} s" if waited > limit else ""


def _fail(refresh: Refresh, outlook: Outlook, reason: str) -> Refresh:
    if refresh.status is Status.ROLLBACK_IN_PROGRESS:
        return replace(refresh, status=Status.ROLLBACK_FAILED, reason=reason, ended=outlook.now)
    if refresh.preferences.auto_rollback:
        return begin_rollback(refresh, outlook, reason)
    return replace(refresh, status=Status.FAILED, reason=reason, ended=outlook.now)


def _standby(refresh: Refresh, outlook: Outlook) -> dict[str, str]:
    if refresh.preferences.standby != "Terminate":
        return {}
    standby = [m for m in outlook.members if m.phase is Phase.STANDBY and m.id in refresh.scope]
    return {m.id: "an instance refresh" for m in standby}


def _progress(refresh: Refresh, outlook: Outlook) -> Refresh:
    now, healthy = outlook.now, serving(refresh, outlook)
    old = [m for m in outlook.members if m.id in refresh.scope]
    waiting = [m for m in outlook.members if m.counted and m.id not in refresh.scope and m.id not in healthy]
    obsolete = len([m for m in old if m.counted or m.phase in (Phase.STANDBY, Phase.ENTERING_STANDBY)])
    remaining = min(max(obsolete, len(waiting)), refresh.total)
    new = len([m for m in outlook.members if m.id in healthy and m.id not in refresh.scope])
    settled = not waiting and len(old) == obsolete and new + obsolete >= outlook.group.desired
    if refresh.rollback_started is not None:
        refresh = replace(refresh, rollback_remaining=remaining)
        if settled and not obsolete:
            return replace(refresh, status=Status.ROLLBACK_SUCCESSFUL, ended=now)
        return _held(refresh, old, now)
    refresh = replace(refresh, status=Status.IN_PROGRESS, remaining=remaining)
    last = refresh.checkpoint >= len(refresh.preferences.checkpoints) - 1
    if not settled or obsolete > refresh.keep:
        return _held(refresh, old, now)
    if last or not obsolete:
        if refresh.preferences.bake_seconds:
            until = now + refresh.preferences.bake_seconds
            return replace(refresh, status=Status.BAKING, reason="", bake_until=until)
        return _succeed(refresh, now)
    return _checkpoint(refresh, now)


def _checkpoint(refresh: Refresh, now: float) -> Refresh:
    if refresh.pause_until is None:
        percentage = refresh.preferences.checkpoints[refresh.checkpoint]
        delay = refresh.preferences.checkpoint_delay_seconds
        reason = f"Checkpoint of {percentage}% reached, waiting for {delay:.0f} seconds."
        return replace(refresh, pause_until=now + delay, reason=reason)
    if now < refresh.pause_until:
        return refresh
    return replace(refresh, pause_until=None, reason="", checkpoint=refresh.checkpoint + 1)


def _held(refresh: Refresh, old: list[Member], now: float) -> Refresh:
    preferences = refresh.preferences
    counted = [m for m in old if m.counted or m.phase is Phase.STANDBY]
    held = [
        m
        for m in counted
        if (m.protected and preferences.protected == "Wait")
        or (m.phase is Phase.STANDBY and preferences.standby == "Wait")
    ]
    if not held or len(held) < len(counted):
        return refresh
    names = ", ".join(m.id for m in held)
    if now < refresh.since + WAIT_FOR_HELD_SECONDS:
        return replace(
            refresh,
            reason=f"Waiting for instances that are protected or on standby: {names}.",
        )
    status = Status.FAILED if refresh.rollback_started is None else Status.ROLLBACK_FAILED
    return replace(
        refresh,
        status=status,
        ended=now,
        reason=f"Instances stayed protected or on standby: {names}.",
    )


def _succeed(refresh: Refresh, now: float) -> Refresh:
    return replace(refresh, status=Status.SUCCESSFUL, reason="", ended=now)
