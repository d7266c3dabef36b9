"""The API of groups: create, update, capacity, delete, hooks, activities. What is not here, moto answers."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.front.service import AwsError, Caller
from rehearsal.groups import records, settings
from rehearsal.groups.model import GroupKey
from rehearsal.groups.notifications import Notifications
from rehearsal.groups.refresh import Status
from rehearsal.groups.store import Store

MOST_ACTIVITIES = 100


class GroupService:
    """Operations on a group as a whole."""

    name = "autoscaling"

    def __init__(self, store: Store, notifications: Notifications, wake: Callable[[], None]) -> None:
        self._store = store
        self._notifications = notifications
        self._wake = wake
        self._answers: dict[str, Callable[[Caller, Mapping[str, Any]], dict[str, Any]]] = {
            "CreateAutoScalingGroup": self._create,
            "UpdateAutoScalingGroup": self._update,
            "SetDesiredCapacity": self._set_desired_capacity,
            "DeleteAutoScalingGroup": self._delete,
            "PutLifecycleHook": self._put_hook,
            "DescribeScalingActivities": self._activities,
            "EnableMetricsCollection": lambda c, q: self._collect(c, q, True),
            "DisableMetricsCollection": lambda c, q: self._collect(c, q, False),
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`."""
        try:
            return self._answers[operation](caller, request)
        finally:
            self._wake()

    def _create(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        settings.check(request)
        minimum, maximum = request["MinSize"], request["MaxSize"]
        settings.capacity(minimum, maximum, request.get("DesiredCapacity", minimum))
        if not (request.get("LaunchTemplate") or request.get("MixedInstancesPolicy")):
            message = "Valid requests must contain either LaunchTemplate or MixedInstancesPolicy parameter."
            raise AwsError("ValidationError", message)
        with self._store.lock:
            records.create(_key(caller, request), request)
        return {}

    def _update(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        settings.check(request)
        key = _key(caller, request)
        with self._store.lock:
            group = records.read(key)
            self._refuse_while_deleting(key)
            minimum, maximum = (
                request.get("MinSize", group.minimum),
                request.get("MaxSize", group.maximum),
            )
            # Without a capacity in the request, AWS moves the old one between the new limits.
            desired = request.get("DesiredCapacity", min(max(group.desired, minimum), maximum))
            settings.capacity(minimum, maximum, desired)
            self._refuse_during_refresh(key, request)
            records.update(key, request)
            records.set_capacity(key, desired=desired, minimum=minimum, maximum=maximum)
            limits = f"AutoScalingGroup constraints to min: {minimum}, max: {maximum}, desired: {desired}"
            self._explain(key, f"a user request update of {limits}", group.desired, desired)
        return {}

    def _set_desired_capacity(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        key = _key(caller, request)
        with self._store.lock:
            group = records.read(key)
            self._refuse_while_deleting(key)
            wanted = request["DesiredCapacity"]
            settings.capacity(group.minimum, group.maximum, wanted)
            records.set_capacity(key, desired=wanted)
            self._explain(key, "a user request explicitly set group desired capacity", group.desired, wanted)
        return {}

    def _explain(self, key: GroupKey, cause: str, before: int, after: int) -> None:
        if before != after:
            change = f"changing the desired capacity from {before} to {after}"
            self._store.activities.explain(key, f"{cause} {change}")

    def _collect(self, caller: Caller, request: Mapping[str, Any], enabled: bool) -> dict[str, Any]:
        records.collect(_key(caller, request), request.get("Metrics") or (), enabled)
        return {}

    def _delete(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        key, force = _key(caller, request), bool(request.get("ForceDelete"))
        with self._store.lock:
            protection = getattr(records.find(key), "deletion_protection", None) or "none"
            if protection == "prevent-all-deletion" or (protection == "prevent-force-deletion" and force):
                raise AwsError(
                    "ValidationError",
                    f"The group {key.name} has deletion protection: {protection}.",
                )
            state = self._store.state(key)
            if state.members and not force:
                message = "You cannot delete an AutoScalingGroup while there are instances still in the group."
                raise AwsError("ResourceInUse", message)
            if state.members:
                state.deleting = True
                records.find(key).status = "Delete in progress"
            else:
                records.delete(key)
                self._store.forget(key)
        return {}

    def _put_hook(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        settings.check_hook(request)
        key = _key(caller, request)
        records.put_hook(key, request)
        if request.get("NotificationTargetARN"):
            self._notifications.test_hook(key, request)
        return {}

    def _activities(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        name, ids = request.get("AutoScalingGroupName"), request.get("ActivityIds")
        if name and not request.get("IncludeDeletedGroups"):
            records.find(_key(caller, request))
        if request.get("Filters"):
            raise AwsError("ValidationError", "Filters of scaling activities are not emulated.")
        existing = {k.name for k in records.all_keys() if k[:2] == (caller.account, caller.region)}
        found = [
            a
            for a in self._store.activities.of(caller.account, caller.region)
            if (not name or a.key.name == name)
            and (not ids or a.id in ids)
            and (request.get("IncludeDeletedGroups") or a.key.name in existing)
        ]
        start, most = (
            offset(request),
            min(request.get("MaxRecords", MOST_ACTIVITIES), MOST_ACTIVITIES),
        )
        answer: dict[str, Any] = {"Activities": [a.described() for a in found[start : start + most]]}
        return answer | next_token(start + most, len(found))

    def _refuse_while_deleting(self, key: GroupKey) -> None:
        if self._store.state(key).deleting:
            raise AwsError("ScalingActivityInProgress", f"The group {key.name} is being deleted.")

    def _refuse_during_refresh(self, key: GroupKey, request: Mapping[str, Any]) -> None:
        refresh = self._store.state(key).refresh
        changes = request.get("LaunchTemplate") or request.get("MixedInstancesPolicy")
        if refresh and changes and refresh.desired_configuration and refresh.status is not Status.CANCELLING:
            message = "An active instance refresh with a desired configuration exists. All configuration options "
            message += "derived from the desired configuration are not available for update."
            raise AwsError("ResourceContention", message)


def offset(request: Mapping[str, Any]) -> int:
    """Where a page begins. Raises AwsError for a token that nobody gave out."""
    token = request.get("NextToken")
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except ValueError as error:
        raise AwsError("InvalidNextToken", "The NextToken value is not valid.") from error


def next_token(following: int, total: int) -> dict[str, str]:
    """The token of the page that begins at `following`, where there is one."""
    return {"NextToken": base64.b64encode(str(following).encode()).decode()} if following < total else {}


def _key(caller: Caller, request: Mapping[str, Any]) -> GroupKey:
    return GroupKey(caller.account, caller.region, request["AutoScalingGroupName"])
