"""Alarms and their histories in the shapes of CloudWatch's API and of its notifications."""

import json
from datetime import UTC, datetime
from typing import Any

from rehearsal.alarms.definition import ACTIONS
from rehearsal.alarms.model import MetricCondition, State
from rehearsal.alarms.store import Alarm, HistoryItem


def moment(seconds: float) -> datetime:
    """A time of the API."""
    return datetime.fromtimestamp(seconds, UTC)


def text(seconds: float) -> str:
    """A time in CloudWatch's JSON, e.g. 2026-11-21T14:00:00.000+0000."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def described(alarm: Alarm) -> dict[str, Any]:
    """An alarm as DescribeAlarms shows it: what it was put with, and its state."""
    shown = {
        **{k: v for k, v in alarm.request.items() if k != "Tags"},
        "AlarmArn": alarm.key.arn,
        "ActionsEnabled": alarm.actions_enabled,
        "StateValue": str(alarm.state),
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": moment(alarm.updated),
        "StateTransitionedTimestamp": moment(alarm.transitioned),
        "AlarmConfigurationUpdatedTimestamp": moment(alarm.configured),
        **{setting: alarm.request.get(setting, []) for setting in ACTIONS.values()},
    }
    if alarm.reason_data:
        shown["StateReasonData"] = alarm.reason_data
    if not alarm.is_composite and not alarm.request.get("Metrics"):
        shown.setdefault("Dimensions", [])
    if alarm.suppressed:
        shown |= {"ActionsSuppressedBy": "Alarm", "ActionsSuppressedReason": alarm.suppressed}
    return shown


def history_item(item: HistoryItem) -> dict[str, Any]:
    """A line of DescribeAlarmHistory."""
    return {
        "AlarmName": item.key.name,
        "AlarmType": "CompositeAlarm" if item.composite else "MetricAlarm",
        "Timestamp": moment(item.at),
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": item.data,
    }


def reason_data(alarm: Alarm, recent: tuple[float, ...], now: float) -> str:
    """StateReasonData of a metric alarm."""
    assert isinstance(alarm.condition, MetricCondition)
    data: dict[str, Any] = {
        "version": "1.0",
        "queryDate": text(now),
        "period": alarm.condition.period,
        "recentDatapoints": list(recent),
        "threshold": alarm.condition.threshold,
    }
    if not alarm.request.get("Metrics"):
        data["statistic"] = next(iter(alarm.condition.stats.values())).statistic
    return json.dumps(data)


def state_change(before: Alarm, after: Alarm) -> str:
    """HistoryData of a change of state."""

    def shown(alarm: Alarm) -> dict[str, Any]:
        told: dict[str, Any] = {"stateValue": str(alarm.state), "stateReason": alarm.reason}
        return {**told, "stateReasonData": json.loads(alarm.reason_data)} if alarm.reason_data else told

    return json.dumps({"version": "1.0", "oldState": shown(before), "newState": shown(after)})


def notification(alarm: Alarm, before: State) -> tuple[str, str]:
    """Subject and message of the notification that SNS gets
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html)."""
    told: dict[str, Any] = {
        "AlarmName": alarm.key.name,
        "AlarmDescription": alarm.request.get("AlarmDescription"),
        "AWSAccountId": alarm.key.account,
        "AlarmConfigurationUpdatedTimestamp": text(alarm.configured),
        "NewStateValue": str(alarm.state),
        "NewStateReason": alarm.reason,
        "StateChangeTime": text(alarm.transitioned),
        "Region": alarm.key.region,
        "AlarmArn": alarm.key.arn,
        "OldStateValue": str(before),
        **{setting: alarm.request.get(setting, []) for setting in ACTIONS.values()},
    }
    if isinstance(alarm.condition, MetricCondition):
        told["Trigger"] = _trigger(alarm, alarm.condition)
    else:
        told["AlarmRule"] = alarm.request["AlarmRule"]
    subject = f'{alarm.state}: "{alarm.key.name}" in {alarm.key.region}'
    return subject[:100], json.dumps(told)


def _trigger(alarm: Alarm, condition: MetricCondition) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Period": condition.period,
        "EvaluationPeriods": condition.evaluation_periods,
        "DatapointsToAlarm": condition.datapoints_to_alarm,
        "ComparisonOperator": condition.comparison,
        "Threshold": condition.threshold,
        "TreatMissingData": condition.missing,
    }
    if alarm.request.get("Metrics"):
        return {**told, "Metrics": alarm.request["Metrics"]}
    (stat,) = condition.stats.values()
    dimensions = [{"name": name, "value": value} for name, value in sorted(stat.metric.dimensions)]
    return {
        **told,
        "MetricName": stat.metric.name,
        "Namespace": stat.metric.namespace,
        "Statistic": stat.statistic,
        "Unit": stat.unit,
        "Dimensions": dimensions,
    }
