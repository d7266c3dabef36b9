"""The API of scheduled actions, and the look at the clock that lets them act."""

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rehearsal.front.service import AwsError, Caller
from rehearsal.groups import records
from rehearsal.groups.group_service import next_token, offset
from rehearsal.groups.model import GroupKey
from rehearsal.groups.scaler import Scaler
from rehearsal.groups.schedule import BadRecurrence, Cron, ScheduledAction, due
from rehearsal.groups.store import Store

MOST_ACTIONS = 100
Request = Mapping[str, Any]

log = logging.getLogger("rehearsal.groups")


class ScheduleService:
    """Operations on scheduled actions. `clock`: seconds since the epoch."""

    name = "autoscaling"

    def __init__(self, store: Store, scaler: Scaler, clock: Callable[[], float]) -> None:
        self._store = store
        self._scaler = scaler
        self._clock = clock
        self._looked = clock()
        self._answers: dict[str, Callable[[Caller, Request], dict[str, Any]]] = {
            "PutScheduledUpdateGroupAction": self._put,
            "BatchPutScheduledUpdateGroupAction": self._put_all,
            "DescribeScheduledActions": self._describe,
            "DeleteScheduledAction": self._delete,
            "BatchDeleteScheduledAction": self._delete_all,
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`."""
        return self._answers[operation](caller, request)

    def look(self) -> None:
        """Let every action act that has become due since the last look; the controller calls it in every round."""
        since, now = self._looked, self._clock()
        self._looked = now
        with self._store.lock:
            keys = self._store.keys()
            planned = [(k, a) for k in keys for a in self._store.state(k).schedule.values()]
        for key, action in planned:
            if due(action, since, now):
                self._act(key, action)
            if action.over(now):
                with self._store.lock:
                    schedule = self._store.state(key).schedule
                    if schedule.get(action.name) is action:  # else it was put again meanwhile
                        del schedule[action.name]

    def _act(self, key: GroupKey, action: ScheduledAction) -> None:
        try:
            if "ScheduledActions" not in records.read(key).suspended:
                self._scaler.scheduled(key, action)
        except AwsError as error:
            log.warning("%s: scheduled action %s: %s", key.name, action.name, error)
            activity = self._store.activities.begin(
                key, f"Executing scheduled action: {action.name}", f"a scheduled action {action.name} was due"
            )
            self._store.activities.status(activity.id, "Failed", error.message)

    def _put(self, caller: Caller, q: Request) -> dict[str, Any]:
        key = _key(caller, q)
        records.find(key)
        with self._store.lock:
            schedule = self._store.state(key).schedule
            old = schedule.get(q["ScheduledActionName"])
            made = action_of(key, q, self._clock(), old)
            schedule[made.name] = made
        return {}

    def _put_all(self, caller: Caller, q: Request) -> dict[str, Any]:
        failed = []
        for action in q["ScheduledUpdateGroupActions"]:
            try:
                self._put(caller, {"AutoScalingGroupName": q["AutoScalingGroupName"], **action})
            except AwsError as error:
                failed.append(_failure(action["ScheduledActionName"], error))
        return {"FailedScheduledUpdateGroupActions": failed}

    def _describe(self, caller: Caller, q: Request) -> dict[str, Any]:
        group, names = q.get("AutoScalingGroupName"), q.get("ScheduledActionNames")
        with self._store.lock:
            here = self._store.of(caller.account, caller.region)
            planned = [(k, a) for k, state in here for a in state.schedule.values()]
        found = [
            described(k, a)
            for k, a in planned
            if (not group or k.name == group) and (not names or a.name in names or a.arn in names)
        ]
        start, most = offset(q), min(q.get("MaxRecords", MOST_ACTIONS), MOST_ACTIONS)
        return {"ScheduledUpdateGroupActions": found[start : start + most]} | next_token(start + most, len(found))

    def _delete(self, caller: Caller, q: Request) -> dict[str, Any]:
        key = _key(caller, q)
        records.find(key)
        with self._store.lock:
            if self._store.state(key).schedule.pop(q["ScheduledActionName"], None) is None:
                raise AwsError("ValidationError", f"Scheduled action name not found: {q['ScheduledActionName']}")
        return {}

    def _delete_all(self, caller: Caller, q: Request) -> dict[str, Any]:
        failed = []
        for name in q["ScheduledActionNames"]:
            try:
                self._delete(caller, {**q, "ScheduledActionName": name})
            except AwsError as error:
                failed.append(_failure(name, error))
        return {"FailedScheduledActions": failed}


def action_of(key: GroupKey, q: Request, now: float, old: ScheduledAction | None) -> ScheduledAction:
    """The action of a PutScheduledUpdateGroupAction request. Raises AwsError."""
    recurrence, zone = str(q.get("Recurrence") or ""), str(q.get("TimeZone") or "Etc/UTC")
    start, end = _seconds(q.get("StartTime") or q.get("Time")), _seconds(q.get("EndTime"))
    if all(q.get(name) is None for name in ("MinSize", "MaxSize", "DesiredCapacity")):
        raise AwsError("ValidationError", "At least one of MinSize, MaxSize and DesiredCapacity must be specified.")
    if not recurrence and start is None:
        raise AwsError("ValidationError", "A scheduled action needs a StartTime or a Recurrence.")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise AwsError("ValidationError", f"TimeZone {zone!r} is not a time zone of the IANA database.") from error
    try:
        Cron.parse(recurrence or "* * * * *")
    except BadRecurrence as error:
        raise AwsError("ValidationError", f"Recurrence {recurrence!r}: {error}") from error
    if start is not None and start <= now and (old is None or old.start != start):
        raise AwsError("ValidationError", "Given start time is in the past")
    if end is not None and (end <= now or (start is not None and end <= start)):
        raise AwsError("ValidationError", "Given end time is before the start time or in the past")
    place = f"arn:aws:autoscaling:{key.region}:{key.account}:scheduledUpdateGroupAction:{uuid.uuid4()}"
    return ScheduledAction(
        q["ScheduledActionName"],
        old.arn if old else f"{place}:autoScalingGroupName/{key.name}:scheduledActionName/{q['ScheduledActionName']}",
        q.get("MinSize"),
        q.get("MaxSize"),
        q.get("DesiredCapacity"),
        start,
        end,
        recurrence,
        zone,
    )


def described(key: GroupKey, action: ScheduledAction) -> dict[str, Any]:
    """An action in botocore's shape."""
    shown: dict[str, Any] = {
        "AutoScalingGroupName": key.name,
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        "MinSize": action.minimum,
        "MaxSize": action.maximum,
        "DesiredCapacity": action.desired,
        "Recurrence": action.recurrence or None,
        "TimeZone": action.zone if action.recurrence else None,
        "StartTime": _moment(action.start),
        "Time": _moment(action.start),
        "EndTime": _moment(action.end),
    }
    return {k: v for k, v in shown.items() if v is not None}


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _failure(name: str, error: AwsError) -> dict[str, str]:
    return {"ScheduledActionName": name, "ErrorCode": error.code, "ErrorMessage": error.message}


def _key(caller: Caller, q: Request) -> GroupKey:
    return GroupKey(caller.account, caller.region, q["AutoScalingGroupName"])
