"""The API of alarms. Metrics and dashboards are moto's."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from rehearsal.alarms import rules, shapes
from rehearsal.alarms.definition import ACTIONS, composite_condition, metric_condition, refused
from rehearsal.alarms.model import AlarmKey, CompositeCondition, Condition, MetricCondition, State, Verdict
from rehearsal.alarms.store import Alarm, Store
from rehearsal.front.service import AwsError, Caller, PassOn

MOST_RECORDS = 100
Request = Mapping[str, Any]
Item = TypeVar("Item")


class AlarmService:
    """Operations on alarms. `entered(before, after)` is called outside the lock after a change of state by hand."""

    name = "cloudwatch"

    def __init__(self, store: Store, entered: Callable[[Alarm, Alarm], None], wake: Callable[[], None]) -> None:
        self._store = store
        self._entered = entered
        self._wake = wake
        self._answers: dict[str, Callable[[Caller, Request], dict[str, Any]]] = {
            "PutMetricAlarm": lambda c, q: self._put(c, q, metric_condition(q)),
            "PutCompositeAlarm": self._put_composite,
            "DescribeAlarms": self._describe,
            "DescribeAlarmsForMetric": self._describe_for_metric,
            "DescribeAlarmHistory": self._history,
            "DeleteAlarms": self._delete,
            "SetAlarmState": self._set_state,
            "EnableAlarmActions": lambda c, q: self._enable(c, q, True),
            "DisableAlarmActions": lambda c, q: self._enable(c, q, False),
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._tags,
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`."""
        try:
            return self._answers[operation](caller, request)
        finally:
            self._wake()

    def _put(self, caller: Caller, q: Request, condition: Condition) -> dict[str, Any]:
        key, now = AlarmKey(caller.account, caller.region, q["AlarmName"]), time.time()
        enabled = bool(q.get("ActionsEnabled", True))
        with self._store.lock:
            old = self._store.find(key)
            if old is not None and old.is_composite != isinstance(condition, CompositeCondition):
                raise refused(f"An alarm with the name {key.name} exists already, and is of the other type.")
            if old is None:
                tags = {t["Key"]: t["Value"] for t in q.get("Tags", ())}
                made = Alarm(key, condition, q, now, updated=now, transitioned=now, actions_enabled=enabled, tags=tags)
            else:  # tags are changed by TagResource only, and the state stays
                made = replace(old, condition=condition, request=q, configured=now, actions_enabled=enabled)
            self._store.put(made)
            verb = "updated" if old else "created"
            self._store.note(made, "ConfigurationUpdate", f'Alarm "{key.name}" {verb}')
        return {}

    def _put_composite(self, caller: Caller, q: Request) -> dict[str, Any]:
        condition = composite_condition(q)
        there = {a.key.name for a in self._store.of(caller.account, caller.region)}
        named = [*rules.alarms(condition.rule), *([condition.suppressor] if condition.suppressor else [])]
        if absent := sorted(set(named) - there):
            raise refused(f"Could not save the composite alarm as alarms {absent} do not exist.")
        self._refuse_circle(caller, q["AlarmName"], condition)
        return self._put(caller, q, condition)

    def _refuse_circle(self, caller: Caller, name: str, condition: CompositeCondition) -> None:
        found = {a.key.name: a.condition for a in self._store.of(caller.account, caller.region)}
        ahead, seen = [*rules.alarms(condition.rule)], set[str]()
        while ahead:
            alarm = ahead.pop()
            if alarm == name:
                raise refused(f"The alarm {name} would depend on itself.")
            below = found.get(alarm)
            if alarm not in seen and isinstance(below, CompositeCondition):
                ahead += rules.alarms(below.rule)
            seen.add(alarm)

    def _describe(self, caller: Caller, q: Request) -> dict[str, Any]:
        for name in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
            if q.get(name):
                raise refused(f"{name} of DescribeAlarms is not emulated")
        names, prefix, action = q.get("AlarmNames"), q.get("AlarmNamePrefix", ""), q.get("ActionPrefix", "")
        types = q.get("AlarmTypes") or ["MetricAlarm"]  # composite alarms only on request, as on AWS
        found = [
            a
            for a in self._store.of(caller.account, caller.region)
            if (not names or a.key.name in names)
            and a.key.name.startswith(prefix)
            and (not q.get("StateValue") or a.state == q["StateValue"])
            and (not action or any(x.startswith(action) for s in ACTIONS.values() for x in a.request.get(s, ())))
            and ("CompositeAlarm" if a.is_composite else "MetricAlarm") in types
        ]
        page, token = _page(q, found, "MaxRecords")
        return {
            "MetricAlarms": [shapes.described(a) for a in page if not a.is_composite],
            "CompositeAlarms": [shapes.described(a) for a in page if a.is_composite],
            **token,
        }

    def _describe_for_metric(self, caller: Caller, q: Request) -> dict[str, Any]:
        dimensions = frozenset((d["Name"], d["Value"]) for d in q.get("Dimensions", ()))

        def watches(alarm: Alarm) -> bool:
            if not isinstance(alarm.condition, MetricCondition):
                return False
            metrics = [s.metric for s in alarm.condition.stats.values()]
            wanted = (q["Namespace"], q["MetricName"])
            return any(
                (m.namespace, m.name) == wanted and (not dimensions or m.dimensions == dimensions) for m in metrics
            )

        found = [a for a in self._store.of(caller.account, caller.region) if watches(a)]
        return {"MetricAlarms": [shapes.described(a) for a in found]}

    def _history(self, caller: Caller, q: Request) -> dict[str, Any]:
        start, end = q.get("StartDate"), q.get("EndDate")
        found = [
            h
            for h in self._store.history(caller.account, caller.region)
            if h.key.name == q.get("AlarmName", h.key.name)
            and h.kind == q.get("HistoryItemType", h.kind)
            and (start is None or shapes.moment(h.at).timestamp() >= start.timestamp())
            and (end is None or shapes.moment(h.at).timestamp() <= end.timestamp())
        ]
        if q.get("ScanBy") == "TimestampAscending":
            found.reverse()
        page, token = _page(q, found, "MaxRecords")
        return {"AlarmHistoryItems": [shapes.history_item(h) for h in page], **token}

    def _delete(self, caller: Caller, q: Request) -> dict[str, Any]:
        """An alarm that is not there is no error; one that a composite alarm needs stays."""
        keys = [AlarmKey(caller.account, caller.region, name) for name in q["AlarmNames"]]
        with self._store.lock:
            there = [k for k in keys if self._store.find(k)]
            for alarm in self._store.of(caller.account, caller.region):
                if isinstance(alarm.condition, CompositeCondition) and alarm.key not in there:
                    used = {*rules.alarms(alarm.condition.rule), alarm.condition.suppressor} & {k.name for k in there}
                    if used:
                        raise refused(f"Cannot delete {sorted(used)}: the composite alarm {alarm.key.name} needs it.")
            for key in there:
                self._store.drop(key)
        return {}

    def _set_state(self, caller: Caller, q: Request) -> dict[str, Any]:
        with self._store.lock:
            before = self._found(caller, q["AlarmName"])
            if q["StateValue"] not in list(State):
                raise refused(f"StateValue {q['StateValue']} must be one of {', '.join(State)}")
            verdict = Verdict(State(q["StateValue"]), q["StateReason"], before.recent)
            after = before.judged(verdict, time.time(), q.get("StateReasonData", ""))
            self._store.put(after)
        if after.state is not before.state:
            self._entered(before, after)
        return {}

    def _enable(self, caller: Caller, q: Request, enabled: bool) -> dict[str, Any]:
        with self._store.lock:
            for name in q["AlarmNames"]:
                alarm = self._store.find(AlarmKey(caller.account, caller.region, name))
                if alarm is not None:
                    self._store.put(replace(alarm, actions_enabled=enabled))
        return {}

    def _tag(self, caller: Caller, q: Request) -> dict[str, Any]:
        with self._store.lock:
            alarm = self._tagged(caller, q)
            new = {t["Key"]: t["Value"] for t in q["Tags"]}
            self._store.put(replace(alarm, tags={**alarm.tags, **new}))
        return {}

    def _untag(self, caller: Caller, q: Request) -> dict[str, Any]:
        with self._store.lock:
            alarm = self._tagged(caller, q)
            self._store.put(replace(alarm, tags={k: v for k, v in alarm.tags.items() if k not in q["TagKeys"]}))
        return {}

    def _tags(self, caller: Caller, q: Request) -> dict[str, Any]:
        tags = self._tagged(caller, q).tags
        return {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}

    def _tagged(self, caller: Caller, q: Request) -> Alarm:
        name = q["ResourceARN"].partition(":alarm:")[2]
        if not name:
            raise PassOn  # rules of Contributor Insights are moto's
        return self._found(caller, name)

    def _found(self, caller: Caller, name: str) -> Alarm:
        alarm = self._store.find(AlarmKey(caller.account, caller.region, name))
        if alarm is None:
            raise AwsError("ResourceNotFound", f"The alarm {name} does not exist.", 404)
        return alarm


def _page(q: Request, found: list[Item], limit: str) -> tuple[list[Item], dict[str, str]]:
    token = q.get("NextToken") or "0"
    if not token.isdigit():
        raise AwsError("InvalidNextToken", "The NextToken value is not valid.")
    start, most = int(token), int(q.get(limit) or MOST_RECORDS)
    following = start + most
    return found[start:following], {"NextToken": str(following)} if following < len(found) else {}
