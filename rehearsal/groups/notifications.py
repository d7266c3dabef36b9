"""Whom a group tells: topics of launches and ends, topics and queues of lifecycle hooks.

Messages: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html and
https://docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html
"""

import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.groups.activities import Activity
from rehearsal.groups.model import GroupKey, HookWait, Member, Phase
from rehearsal.groups.store import Store

log = logging.getLogger("rehearsal.groups")

TEST = "autoscaling:TEST_NOTIFICATION"
TYPES = (
    "autoscaling:EC2_INSTANCE_LAUNCH",
    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
    "autoscaling:EC2_INSTANCE_TERMINATE",
    "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
    TEST,
)
LAUNCHING, TERMINATING = "autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"


def kind_of(activity: Activity) -> str | None:
    """The kind of notification that tells of an activity that has ended; None: none does."""
    verb = activity.description.split(" ", 1)[0]
    name = {"Launching": "LAUNCH", "Terminating": "TERMINATE"}.get(verb)
    if name is None or activity.status not in ("Successful", "Failed"):
        return None
    return f"autoscaling:EC2_INSTANCE_{name}" + ("_ERROR" if activity.status == "Failed" else "")


class Notifications:
    """Sends them; what cannot be delivered is logged and not tried again."""

    def __init__(self, clients: Clients, store: Store) -> None:
        self._clients = clients
        self._store = store

    def send_ended(self) -> None:
        """Tell of every activity that has ended since the last time."""
        for activity in self._store.activities.take_ended():
            kind = kind_of(activity)
            with self._store.lock:
                topics = [t for t, kinds in self._store.state(activity.key).notified.items() if kind in kinds]
            if kind is None:
                continue
            subject = f'Auto Scaling: {kind.rpartition("INSTANCE_")[2].lower()} for group "{activity.key.name}"'
            for topic in topics:
                self._send(topic, subject, _told(activity, kind))

    def test(self, key: GroupKey, topic: str) -> None:
        """The message that AWS sends when a topic is named."""
        self._send(topic, f'Auto Scaling: test notification for group "{key.name}"', {**_head(key), "Event": TEST})

    def test_hook(self, key: GroupKey, hook: Mapping[str, Any]) -> None:
        """The message that AWS sends when a lifecycle hook with a target is put."""
        subject = f'Auto Scaling: test notification for group "{key.name}"'
        self._send(hook["NotificationTargetARN"], subject, {**_head(key), "Event": TEST})

    def send_waits(self, key: GroupKey, before: Iterable[Member], after: Iterable[Member]) -> None:
        """Tell the targets of lifecycle hooks of the members that have begun to wait for them."""
        known = {(m.id, w.token) for m in before for w in m.waits}
        for member in after:
            for wait in member.waits:
                if wait.hook.target and (member.id, wait.token) not in known:
                    subject = f'Auto Scaling:  Lifecycle action for instance {member.id} in "{key.name}"'
                    self._send(wait.hook.target, subject, _waiting(key, member, wait))

    def _send(self, arn: str, subject: str, told: Mapping[str, Any]) -> None:
        region, account, name = arn.split(":")[3:6]
        message = json.dumps(told)
        try:
            if arn.startswith("arn:aws:sqs:"):
                sqs = self._clients.get("sqs", account, region)
                url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
                sqs.send_message(QueueUrl=url, MessageBody=message)
            else:
                sns = self._clients.get("sns", account, region)
                sns.publish(TopicArn=arn, Subject=subject[:100], Message=message)
        except (ClientError, BotoCoreError) as error:
            log.warning("%s could not be told: %s", arn, error)


def _head(key: GroupKey) -> dict[str, Any]:
    return {
        "Service": "AWS Auto Scaling",
        "Time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "RequestId": str(uuid.uuid4()),
        "AccountId": key.account,
        "AutoScalingGroupName": key.name,
    }


def _told(activity: Activity, kind: str) -> dict[str, Any]:
    described = activity.described()
    times: dict[str, Any] = {k: described[k].isoformat() for k in ("StartTime", "EndTime") if k in described}
    return {
        **_head(activity.key),
        "Event": kind,
        "ActivityId": activity.id,
        "Description": activity.description,
        "Cause": activity.cause,
        **times,
        "StatusCode": "InProgress" if activity.status == "Successful" else activity.status,
        "StatusMessage": activity.message,
        "Progress": 50,
        "EC2InstanceId": activity.description.rpartition(": ")[2] if ": " in activity.description else "",
        "Details": activity.details,
    }


def _waiting(key: GroupKey, member: Member, wait: HookWait) -> dict[str, Any]:
    launching = member.phase is Phase.PENDING_WAIT
    return {
        **_head(key),
        "LifecycleHookName": wait.hook.name,
        "LifecycleTransition": LAUNCHING if launching else TERMINATING,
        "LifecycleActionToken": wait.token,
        "EC2InstanceId": member.id,
        "Origin": "EC2" if launching else "AutoScalingGroup",
        "Destination": "AutoScalingGroup" if launching else "EC2",
        **({"NotificationMetadata": wait.hook.metadata} if wait.hook.metadata else {}),
    }
