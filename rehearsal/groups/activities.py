"""Scaling activities: what each group did, when, and why; what DescribeScalingActivities tells."""

import json
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rehearsal.groups.model import ENDING, MACHINE_GONE, STARTING, GroupKey, Member, Phase

KEPT = 5000  # AWS keeps six weeks
STATUS = {
    Phase.PENDING_WAIT: "MidLifecycleAction",
    Phase.IN_SERVICE: "Successful",
    Phase.STANDBY: "Successful",
    Phase.DETACHED: "Successful",
    Phase.TERMINATING: "WaitingForELBConnectionDraining",
    Phase.TERMINATING_WAIT: "MidLifecycleAction",
    Phase.TERMINATED: "Successful",
}


@dataclass(slots=True)
class Activity:
    """One launch, end or move of an instance. Times are seconds since the epoch."""

    id: str
    key: GroupKey
    description: str
    cause: str
    started: float
    details: dict[str, str]
    status: str = "InProgress"
    progress: int = 50
    ended: float | None = None
    message: str = ""

    def described(self) -> dict[str, Any]:
        """The activity in botocore's shape."""
        shown: dict[str, Any] = {
            "ActivityId": self.id,
            "AutoScalingGroupName": self.key.name,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": datetime.fromtimestamp(self.started, UTC),
            "StatusCode": self.status,
            "Progress": self.progress,
            "Details": json.dumps(self.details),
        }
        if self.ended is not None:
            shown["EndTime"] = datetime.fromtimestamp(self.ended, UTC)
        if self.message:
            shown["StatusMessage"] = self.message[:255]
        return shown


class ActivityLog:
    """The activities of all groups, the newest last."""

    def __init__(self) -> None:
        self._activities: deque[Activity] = deque(maxlen=KEPT)
        self._by_id: dict[str, Activity] = {}
        self._explained: dict[GroupKey, str] = {}
        self._ended: list[Activity] = []
        self._lock = threading.Lock()

    def begin(self, key: GroupKey, description: str, cause: str, **details: str) -> Activity:
        """Note that something begins; where the capacity differs, why it does comes first, as on AWS."""
        now = time.time()
        explained = f"{self._explained[key]} " if "capacity" in cause and key in self._explained else ""
        activity = Activity(str(uuid.uuid4()), key, description, f"{explained}{_at(now, cause)}", now, details)
        with self._lock:
            if len(self._activities) == KEPT:
                self._by_id.pop(self._activities[0].id, None)
            self._activities.append(activity)
            self._by_id[activity.id] = activity
        return activity

    def explain(self, key: GroupKey, cause: str) -> None:
        """Note why the desired capacity of a group changes; what follows from it is told with this."""
        self._explained[key] = _at(time.time(), cause)

    def settled(self, key: GroupKey) -> None:
        """The group has its desired capacity: what comes next has another cause."""
        self._explained.pop(key, None)

    def take_ended(self) -> list[Activity]:
        """The activities that have ended since this was asked last."""
        with self._lock:
            taken, self._ended = self._ended, []
            return taken

    def status(self, activity_id: str, status: str, message: str = "") -> None:
        """Note how an activity goes on; an ended one stays as it ended."""
        activity = self._by_id.get(activity_id)
        if activity is None or activity.ended is not None:
            return
        activity.status, activity.message = status, message or activity.message
        if status in ("Successful", "Failed", "Cancelled"):
            activity.progress, activity.ended = 100, time.time()
            with self._lock:
                self._ended.append(activity)

    def get(self, activity_id: str) -> Activity | None:
        """An activity by its id."""
        return self._by_id.get(activity_id)

    def of(self, account: str, region: str) -> list[Activity]:
        """The activities in an account and region, the newest first."""
        with self._lock:
            return [a for a in reversed(self._activities) if a.key[:2] == (account, region)]

    def follow(self, key: GroupKey, before: Member, after: Member) -> str:
        """Note what a change of a member means; gives the activity that tells of the member from now on."""
        if after.phase is before.phase:
            return after.activity
        activity = after.activity
        if after.phase in ENDING and before.phase not in ENDING:
            if before.phase in STARTING:
                outcome = "Failed" if after.machine in MACHINE_GONE else "Cancelled"
                self.status(before.activity, outcome, f"The instance was ended in response to {after.cause}")
            description = f"Terminating EC2 instance: {after.id}"
            cause = f"an instance was taken out of service in response to {after.cause}"
            activity = self.begin(key, description, cause, **{"Availability Zone": after.zone}).id
        self.status(activity, STATUS.get(after.phase, "InProgress"))
        return activity


def _at(moment: float, cause: str) -> str:
    return f"At {datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ} {cause}."
