"""Does what the rules ask for: one API call per action, and the store told what came of it.

A call that is refused is logged and asked for again in a later round, launches after a growing pause.
"""

import logging
import time
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError
from rehearsal.groups import records
from rehearsal.groups.launches import GROUP_TAG, LaunchError, Launches, purchase, run_arguments
from rehearsal.groups.model import (
    Action,
    Deregister,
    Group,
    GroupKey,
    Launch,
    LaunchFailure,
    Member,
    Register,
    Release,
    Source,
    Terminate,
)
from rehearsal.groups.store import Store

log = logging.getLogger("rehearsal.groups")

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 60.0


class Executor:
    """Performs actions over the EC2 and load balancing APIs."""

    def __init__(self, clients: Clients, launches: Launches, store: Store) -> None:
        self._clients = clients
        self._launches = launches
        self._store = store
        self._refusals: dict[tuple[GroupKey, Action], str] = {}

    def perform(self, group: Group, source: Source, action: Action) -> None:
        """Do one action for a group whose new instances are made from `source`."""
        try:
            match action:
                case Launch():
                    self._launch(group, source, action)
                case Register() | Deregister():
                    self._in_target_group(group, action)
                case Terminate():
                    ec2 = self._clients.get("ec2", group.key.account, group.key.region)
                    ec2.terminate_instances(InstanceIds=[action.member])
                case Release():
                    self._release(group, action)
            self._refusals.pop((group.key, action), None)
        except (ClientError, BotoCoreError, AwsError) as error:
            if self._refusals.get((group.key, action)) != str(error):  # said once, not in every round
                log.warning("%s: %s: %s", group.key.name, action, error)
            self._refusals[group.key, action] = str(error)

    def _launch(self, group: Group, source: Source, action: Launch) -> None:
        key, store = group.key, self._store
        subnet = next(s for s in group.subnets if s.zone == action.zone)
        activity = store.activities.begin(
            key,
            "Launching a new EC2 instance",
            f"an instance was started in response to {action.cause}",
            **{"Subnet ID": subnet.id, "Availability Zone": subnet.zone},
        )
        try:
            data = self._launches.resolve(key.account, key.region, source)
            with store.lock:
                others = [m for m in store.state(key).members if m.counted]
            bought = purchase(source, sum(not m.spot for m in others), sum(m.spot for m in others))
            request = run_arguments(data, subnet, key.name, records.propagated_tags(key), bought)
            made = self._clients.get("ec2", key.account, key.region).run_instances(**request)["Instances"][0]
        except (LaunchError, ClientError, BotoCoreError, AwsError) as error:
            self._refused(group, str(error))
            store.activities.status(activity.id, "Failed", f"Launching a new EC2 instance failed: {error}")
            return
        activity.description += f": {made['InstanceId']}"
        with store.lock:
            # The time is taken under the lock: a refresh that begins meanwhile must see that this one came later.
            member = Member(
                id=made["InstanceId"],
                zone=subnet.zone,
                fingerprint=data.fingerprint,
                launched=time.time(),
                protected=group.protect_new,
                activity=activity.id,
                shown=data.shown(),
                spot=bought.spot,
            )
            state = store.state(key)
            state.members = (*state.members, member)
            records.write(group, state.members, member.launched)

    def _refused(self, group: Group, message: str) -> None:
        with self._store.lock:
            state = self._store.state(group.key)
            state.failure = failed_launch(state.failure, message, time.time())
        log.warning("%s: an instance could not be launched: %s", group.key.name, message)

    def _in_target_group(self, group: Group, action: Register | Deregister) -> None:
        elbv2 = self._clients.get("elbv2", group.key.account, group.key.region)
        targets = [{"Id": action.member}]
        arn = frozenset({action.target_group})
        if isinstance(action, Register):
            elbv2.register_targets(TargetGroupArn=action.target_group, Targets=targets)
        else:
            _deregister(elbv2, action.target_group, targets)
        with self._store.lock:
            state = self._store.state(group.key)
            member = state.member(action.member)
            if member is None:
                return
            if isinstance(action, Register):
                state.put_member(replace(member, registered=member.registered | arn))
            else:
                left = replace(
                    member,
                    registered=member.registered - arn,
                    draining=member.draining | arn,
                )
                state.put_member(left)

    def _release(self, group: Group, action: Release) -> None:
        ec2 = self._clients.get("ec2", group.key.account, group.key.region)
        ec2.delete_tags(Resources=[action.member], Tags=[{"Key": GROUP_TAG}])
        with self._store.lock:
            state = self._store.state(group.key)
            state.members = tuple(m for m in state.members if m.id != action.member)
            records.write(group, state.members, time.time())


def failed_launch(before: LaunchFailure | None, message: str, now: float) -> LaunchFailure:
    """One more launch that failed; the pause before the next one doubles each time."""
    times = before.times if before else 0
    pause = min(FIRST_RETRY_SECONDS * 2**times, LONGEST_RETRY_SECONDS)
    return LaunchFailure(message, now, now + pause, times + 1)


def _deregister(elbv2: Any, arn: str, targets: list[dict[str, str]]) -> None:
    """Deregister; that somebody else has deregistered the target already is no failure."""
    try:
        elbv2.deregister_targets(TargetGroupArn=arn, Targets=targets)
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "InvalidTarget",
            "TargetGroupNotFound",
        ):
            raise
