"""What there is: the health of members in their target groups and alarms that went off, asked for over the API."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.groups.model import GroupKey, Member, TargetHealth

log = logging.getLogger("rehearsal.groups")

# The worse state counts where one instance is registered with several ports.
WORST_FIRST = ("unhealthy", "draining", "initial", "unavailable", "unused", "healthy")

# Target group → instance → health; None for a target group that does not exist.
TargetStates = Mapping[str, Mapping[str, TargetHealth] | None]


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at a group; a target group that could not be asked is not in `targets`."""

    targets: TargetStates = field(default_factory=dict)
    alarms: tuple[str, ...] = ()


def target_groups_of(members: Iterable[Member], group_target_groups: Iterable[str]) -> list[str]:
    """The target groups that have to be asked: the group's, and those that members are leaving."""
    found = set(group_target_groups)
    for member in members:
        found |= member.registered | member.draining
    return sorted(found)


def observe(clients: Clients, key: GroupKey, target_groups: Iterable[str], alarms: Iterable[str]) -> Observation:
    """Ask the load balancing and alarm APIs."""
    elbv2 = clients.get("elbv2", key.account, key.region)
    targets: dict[str, Mapping[str, TargetHealth] | None] = {}
    for arn in target_groups:
        try:
            targets[arn] = _states(elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "TargetGroupNotFound":
                targets[arn] = None
            else:
                log.warning("%s: %s", arn, error)
        except BotoCoreError as error:
            log.warning("%s: %s", arn, error)
    return Observation(targets, _alarms(clients, key, tuple(alarms)))


def merge(member: Member, machine: tuple[str, str], protected: bool, targets: TargetStates) -> Member:
    """The member with what was seen of it; it drains no longer where its target group does not know it any more."""
    asked = {arn: states or {} for arn, states in targets.items()}
    seen = {arn: states[member.id] for arn, states in asked.items() if member.id in states}
    kept = {arn: health for arn, health in member.targets.items() if arn not in asked}
    draining = frozenset(a for a in member.draining if a not in asked or _draining(seen.get(a)))
    gone = {arn for arn, states in targets.items() if states is None}
    return replace(
        member,
        machine=machine[0],
        machine_reason=machine[1],
        protected=protected,
        targets=kept | seen,
        draining=draining - gone,
        registered=member.registered - gone,
    )


def _draining(health: TargetHealth | None) -> bool:
    return health is not None and health.state != "unused"


def _states(descriptions: list[dict[str, Any]]) -> dict[str, TargetHealth]:
    states: dict[str, TargetHealth] = {}
    for entry in descriptions:
        health = entry["TargetHealth"]
        found = TargetHealth(health["State"], health.get("Reason", ""), health.get("Description", ""))
        known = states.get(entry["Target"]["Id"])
        if known is None or _rank(found) < _rank(known):
            states[entry["Target"]["Id"]] = found
    return states


def _rank(health: TargetHealth) -> int:
    return WORST_FIRST.index(health.state) if health.state in WORST_FIRST else 0


def _alarms(clients: Clients, key: GroupKey, names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return ()
    cloudwatch = clients.get("cloudwatch", key.account, key.region)
    try:
        found = cloudwatch.describe_alarms(AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    except (ClientError, BotoCoreError) as error:
        log.warning("alarms of %s: %s", key.name, error)
        return ()
    alarms = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
    return tuple(a["AlarmName"] for a in alarms if a["StateValue"] == "ALARM")
