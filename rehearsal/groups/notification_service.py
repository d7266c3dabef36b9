"""The API of notification configurations: which topics hear of launches and ends."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.front.service import AwsError, Caller
from rehearsal.groups import records
from rehearsal.groups.group_service import next_token, offset
from rehearsal.groups.model import GroupKey
from rehearsal.groups.notifications import TEST, TYPES, Notifications
from rehearsal.groups.store import Store

MOST_CONFIGURATIONS = 100


class NotificationService:
    """Operations on the notifications of groups."""

    name = "autoscaling"

    def __init__(self, store: Store, notifications: Notifications) -> None:
        self._store = store
        self._notifications = notifications
        self._answers: dict[str, Callable[[Caller, Mapping[str, Any]], dict[str, Any]]] = {
            "PutNotificationConfiguration": self._put,
            "DescribeNotificationConfigurations": self._describe,
            "DeleteNotificationConfiguration": self._delete,
            "DescribeAutoScalingNotificationTypes": lambda *_: {"AutoScalingNotificationTypes": list(TYPES)},
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`."""
        return self._answers[operation](caller, request)

    def _put(self, caller: Caller, q: Mapping[str, Any]) -> dict[str, Any]:
        key, topic = _key(caller, q["AutoScalingGroupName"]), str(q["TopicARN"])
        records.find(key)
        if not topic.startswith("arn:aws:sns:"):
            raise AwsError("ValidationError", f"TopicARN {topic} is not an SNS topic.")
        if unknown := sorted(set(q["NotificationTypes"]) - set(TYPES)):
            raise AwsError("ValidationError", f"NotificationTypes {unknown}: expected some of {', '.join(TYPES)}")
        with self._store.lock:
            self._store.state(key).notified[topic] = tuple(q["NotificationTypes"])
        if TEST in q["NotificationTypes"]:
            self._notifications.test(key, topic)
        return {}

    def _describe(self, caller: Caller, q: Mapping[str, Any]) -> dict[str, Any]:
        names = q.get("AutoScalingGroupNames")
        with self._store.lock:
            found = [
                {"AutoScalingGroupName": k.name, "TopicARN": topic, "NotificationType": kind}
                for k, state in self._store.of(caller.account, caller.region)
                if not names or k.name in names
                for topic, kinds in state.notified.items()
                for kind in kinds
            ]
        start, most = offset(q), min(q.get("MaxRecords", MOST_CONFIGURATIONS), MOST_CONFIGURATIONS)
        return {"NotificationConfigurations": found[start : start + most]} | next_token(start + most, len(found))

    def _delete(self, caller: Caller, q: Mapping[str, Any]) -> dict[str, Any]:
        key = _key(caller, q["AutoScalingGroupName"])
        records.find(key)
        with self._store.lock:
            self._store.state(key).notified.pop(q["TopicARN"], None)
        return {}


def _key(caller: Caller, name: str) -> GroupKey:
    return GroupKey(caller.account, caller.region, name)
