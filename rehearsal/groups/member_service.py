"""The API of a group's members: terminate, detach, attach, standby, health, lifecycle hooks."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rehearsal.front.service import AwsError, Caller
from rehearsal.groups import lifecycle, records
from rehearsal.groups.model import Group, GroupKey, Member, Phase
from rehearsal.groups.store import Store


class MemberService:
    """Operations on instances of a group."""

    name = "autoscaling"

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._answers: dict[str, Callable[[Caller, Mapping[str, Any]], dict[str, Any]]] = {
            "TerminateInstanceInAutoScalingGroup": self._terminate,
            "DetachInstances": self._detach,
            "AttachInstances": self._attach,
            "EnterStandby": self._enter_standby,
            "ExitStandby": self._exit_standby,
            "SetInstanceHealth": self._set_health,
            "CompleteLifecycleAction": self._complete,
            "RecordLifecycleActionHeartbeat": self._heartbeat,
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`."""
        try:
            with self._store.lock:
                return self._answers[operation](caller, request)
        finally:
            self._wake()

    def _terminate(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        ids = request.get("InstanceIds") or [request.get("InstanceId", "")]
        activities = []
        for instance_id in ids:
            key, member = self._member(caller, instance_id)
            self._shrink(
                records.read(key),
                int(member.counted and request["ShouldDecrementDesiredCapacity"]),
            )
            self._change(key, lifecycle.end(member, "a user request"))
            activities.append(self._activity(key, instance_id))
        return {"Activity": activities[0], "Activities": activities}

    def _detach(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._leave(
            caller,
            request,
            Phase.DETACHING,
            (Phase.IN_SERVICE, Phase.STANDBY),
            "Detaching EC2 instance",
        )

    def _enter_standby(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        return self._leave(
            caller,
            request,
            Phase.ENTERING_STANDBY,
            (Phase.IN_SERVICE,),
            "Moving EC2 instance to Standby",
        )

    def _leave(
        self,
        caller: Caller,
        request: Mapping[str, Any],
        phase: Phase,
        allowed: tuple[Phase, ...],
        description: str,
    ) -> dict[str, Any]:
        key = _key(caller, request)
        members = self._members(key, request)
        for member in members:
            if member.phase not in allowed:
                raise AwsError(
                    "ValidationError",
                    f"The instance {member.id} is not in {' or '.join(allowed)}.",
                )
        counted = sum(m.counted for m in members)
        self._shrink(
            records.read(key),
            counted if request["ShouldDecrementDesiredCapacity"] else 0,
        )
        for member in members:
            self._change(key, replace(self._told(key, member, description), phase=phase))
        return {"Activities": [self._activity(key, m.id) for m in members]}

    def _exit_standby(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        key = _key(caller, request)
        members, group = self._members(key, request), records.read(key)
        for member in members:
            if member.phase is not Phase.STANDBY:
                raise AwsError("ValidationError", f"The instance {member.id} is not in Standby.")
        self._grow(group, len(members))
        for member in members:
            told = self._told(key, member, "Moving EC2 instance out of Standby")
            self._change(key, replace(told, phase=Phase.PENDING_PROCEED))
        return {"Activities": [self._activity(key, m.id) for m in members]}

    def _attach(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        key = _key(caller, request)
        group, state, now = records.read(key), self._store.state(key), time.time()
        new = []
        for instance_id in request.get("InstanceIds", []):
            found = records.zone_of(key, instance_id)
            if found is None or found[1] != "running":
                raise AwsError(
                    "ValidationError",
                    f"Invalid Instance ID(s): {instance_id}: it is not running.",
                )
            if records.group_of(key.account, key.region, instance_id):
                raise AwsError(
                    "ValidationError",
                    f"Instance {instance_id} is already part of an Auto Scaling group.",
                )
            if found[0] not in {s.zone for s in group.subnets}:
                raise AwsError(
                    "ValidationError",
                    f"Instance {instance_id} is in no Availability Zone of the group.",
                )
            member = Member(
                instance_id,
                found[0],
                "",
                now,
                machine="running",
                protected=group.protect_new,
            )
            new.append(self._told(key, member, "Attaching an existing EC2 instance"))
        self._grow(group, len(new))
        for member in new:
            records.tag(key, member.id)
        state.members = (*state.members, *new)
        records.write(group, state.members, now)
        return {}

    def _set_health(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        key, member = self._member(caller, request["InstanceId"])
        status = request["HealthStatus"]
        if status not in ("Healthy", "Unhealthy"):
            raise AwsError(
                "ValidationError",
                "Valid instance health states are: [Healthy, Unhealthy].",
            )
        until = (member.in_service_since or time.time()) + records.read(key).grace_seconds
        if status == "Unhealthy" and request.get("ShouldRespectGracePeriod", True) and time.time() < until:
            return {}
        self._change(
            key,
            replace(
                member,
                declared_unhealthy="a user health check" if status == "Unhealthy" else "",
            ),
        )
        return {}

    def _complete(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        key, member, hook = self._waiting(caller, request)
        if request["LifecycleActionResult"] not in ("CONTINUE", "ABANDON"):
            raise AwsError("ValidationError", "LifecycleActionResult must be CONTINUE or ABANDON.")
        self._change(key, lifecycle.complete(member, hook, request["LifecycleActionResult"]))
        return {}

    def _heartbeat(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        key, member, hook = self._waiting(caller, request)
        until = time.time()
        waits = tuple(
            replace(w, deadline=until + w.hook.heartbeat_seconds) if w.hook.name == hook else w for w in member.waits
        )
        self._change(key, replace(member, waits=waits))
        return {}

    def _waiting(self, caller: Caller, request: Mapping[str, Any]) -> tuple[GroupKey, Member, str]:
        key, hook = _key(caller, request), request["LifecycleHookName"]
        records.find(key)
        token, instance_id = (
            request.get("LifecycleActionToken"),
            request.get("InstanceId"),
        )
        for member in self._store.state(key).members:
            for wait in member.waits:
                if wait.hook.name == hook and (wait.token == token if token else member.id == instance_id):
                    return key, member, hook
        wanted = f"token {token}" if token else f"instance ID {instance_id}"
        raise AwsError("ValidationError", f"No active Lifecycle Action found with {wanted}")

    def _member(self, caller: Caller, instance_id: str) -> tuple[GroupKey, Member]:
        key = records.group_of(caller.account, caller.region, instance_id)
        member = self._store.state(key).member(instance_id) if key else None
        if key is None or member is None:
            raise AwsError(
                "ValidationError",
                f"Instance Id not found - No managed instance found for {instance_id}",
            )
        return key, member

    def _members(self, key: GroupKey, request: Mapping[str, Any]) -> list[Member]:
        records.find(key)
        state, found = self._store.state(key), []
        for instance_id in request.get("InstanceIds", []):
            member = state.member(instance_id)
            if member is None:
                message = f"The instance {instance_id} is not part of Auto Scaling group {key.name}."
                raise AwsError("ValidationError", message)
            found.append(member)
        return found

    def _shrink(self, group: Group, count: int) -> None:
        if count and group.desired - count < group.minimum:
            message = (
                f"Currently, desiredSize equals minSize ({group.minimum}). Terminating instance without replacement "
                "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or "
                "lower group's min size."
            )
            raise AwsError("ValidationError", message)
        records.set_capacity(group.key, desired=group.desired - count)

    def _grow(self, group: Group, count: int) -> None:
        if group.desired + count > group.maximum:
            message = f"the capacity {group.desired} and {count} more exceed the max size {group.maximum}"
            raise AwsError("ValidationError", f"AutoScalingGroup {group.key.name}: {message}.")
        records.set_capacity(group.key, desired=group.desired + count)

    def _told(self, key: GroupKey, member: Member, description: str) -> Member:
        cause = f"instance {member.id} was moved in response to a user request"
        return replace(
            member,
            activity=self._store.activities.begin(key, f"{description}: {member.id}", cause).id,
        )

    def _change(self, key: GroupKey, member: Member) -> None:
        self._store.change_member(key, member)
        records.write(records.read(key), self._store.state(key).members, time.time())

    def _activity(self, key: GroupKey, member_id: str) -> dict[str, Any]:
        member = self._store.state(key).member(member_id)
        found = self._store.activities.get(member.activity) if member else None
        return found.described() if found else {}


def _key(caller: Caller, request: Mapping[str, Any]) -> GroupKey:
    return GroupKey(caller.account, caller.region, request["AutoScalingGroupName"])
