"""One round of a group's rules: from what there is to what it becomes and what has to be done. Pure.

Order: the refresh judges its new instances; unhealthy members are taken out; the capacity is planned; each member
takes its next step. So a member that is to go starts to drain in the same round.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.groups import capacity, lifecycle, refresh
from rehearsal.groups.health import Health, verdict
from rehearsal.groups.model import (
    Action,
    Group,
    Launch,
    LaunchFailure,
    Member,
    Phase,
)
from rehearsal.groups.refresh import Outlook, Refresh, Status

DIFFERENCE = "a difference between desired and actual capacity"


@dataclass(frozen=True, slots=True)
class Situation:
    """A group with everything that is known of it. `wanted` is the fingerprint of what new instances are made of."""

    group: Group
    members: tuple[Member, ...]
    now: float
    wanted: str = ""
    refresh: Refresh | None = None
    failure: LaunchFailure | None = None
    alarms: tuple[str, ...] = ()
    deleting: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The members and the refresh after the round, the members that left with it, and the actions to be done.

    `adopted` is the desired configuration of a refresh that succeeded: it becomes the group's own.
    """

    members: tuple[Member, ...]
    gone: tuple[Member, ...]
    refresh: Refresh | None
    actions: tuple[Action, ...]
    adopted: Mapping[str, Any]


def step(situation: Situation) -> Step:
    """What one round changes and asks for."""
    group, now = situation.group, situation.now
    outlook = Outlook(group, situation.members, now, situation.alarms, situation.failure)
    current, given_up = situation.refresh, dict[str, str]()
    if current is not None:
        current, given_up = refresh.advance(current, outlook)
    members = _end(situation.members, given_up | _unhealthy(situation))
    if situation.deleting:
        members = _end(members, {m.id: "the deletion of the group" for m in members})
    outlook = replace(outlook, members=members)
    members, launches = _adjust(situation, current, outlook)
    members = tuple(lifecycle.advance(m, group, now, situation.deleting) for m in members)
    duties = tuple(duty for m in members for duty in lifecycle.duties(m, group))
    kept = tuple(m for m in members if m.phase is not Phase.TERMINATED)
    gone = tuple(m for m in members if m.phase is Phase.TERMINATED)
    return Step(kept, gone, current, (*duties, *launches), _adopted(situation.refresh, current))


def _unhealthy(situation: Situation) -> dict[str, str]:
    group = situation.group
    if {"HealthCheck", "ReplaceUnhealthy", "Terminate"} & group.suspended:
        return {}
    found = {m.id: verdict(m, group, situation.now) for m in situation.members if m.counted}
    return {id_: v.reason for id_, v in found.items() if v.health is Health.UNHEALTHY}


def _end(members: tuple[Member, ...], causes: Mapping[str, str]) -> tuple[Member, ...]:
    return tuple(lifecycle.end(m, causes[m.id]) if m.id in causes else m for m in members)


def _adjust(
    situation: Situation, current: Refresh | None, outlook: Outlook
) -> tuple[tuple[Member, ...], tuple[Launch, ...]]:
    group, members = outlook.group, outlook.members
    counted = sum(m.counted for m in members)
    replacing = refresh.rollout(current, outlook) if current else None
    plan = capacity.plan(
        members,
        0 if situation.deleting else group.desired,
        tuple(dict.fromkeys(s.zone for s in group.subnets)),
        refresh.serving(current, outlook),
        capacity.order_of(group.termination_policies, situation.wanted),
        replacing,
    )
    end = () if "Terminate" in group.suspended else plan.end
    waiting = situation.failure is not None and situation.now < situation.failure.retry_at
    launch = () if "Launch" in group.suspended or waiting or situation.deleting else plan.launch
    scope = current.scope if replacing and current else frozenset()
    size = f"capacity from {counted} to {group.desired}"
    causes = {id_: "an instance refresh" if id_ in scope else f"{DIFFERENCE}, shrinking the {size}" for id_ in end}
    why = "an instance refresh" if replacing else f"{DIFFERENCE}, increasing the {size}"
    return _end(members, causes), tuple(Launch(zone, why) for zone in launch)


def _adopted(before: Refresh | None, after: Refresh | None) -> Mapping[str, Any]:
    if before is None or after is None or after.status is not Status.SUCCESSFUL:
        return {}
    return after.desired_configuration
