"""Alarms, documents, patches, money and logs, read back."""

import json
from typing import Any

from tests.readback.expected import at_least, every, is_, own_key, present, text
from tests.readback.reading import ACCOUNT, ID, Ask, Expected, read

LOG_GROUP = "AWS::Logs::LogGroup"
BUDGET = "AWS::Budgets::Budget"
NAMED = {"AccountId": ACCOUNT, "BudgetName": ID}
FORECAST = {"NotificationType": "FORECASTED", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}


def _alarms(path: str, expected: Expected) -> Ask:
    """Of every alarm but those that target tracking makes for itself."""
    by_hand = "MetricAlarms[?!starts_with(AlarmName, 'TargetTracking-')]"
    return Ask("", "cloudwatch describe_alarms", {}, f"{by_hand}.{path}", expected)


def _log_group(member: str, expected: Expected) -> Ask:
    path = f"logGroups[?logGroupName=='{{0}}'].{member} | [0]"
    return Ask(LOG_GROUP, "logs describe_log_groups", {"logGroupNamePrefix": ID}, path, expected)


def _is_bounded(content: Any) -> bool:
    parameters = json.loads(content).get("parameters", {}).values()
    return all({"allowedPattern", "allowedValues"} & set(p) or p["type"] in ("Boolean", "Integer") for p in parameters)


READINGS = (
    read(
        "alarm-tells-somebody",
        _alarms("AlarmActions", every("an action at least", bool)),
        _alarms("OKActions", every("an action at least", bool)),
    ),
    read("alarm-is-in-force", _alarms("ActionsEnabled", is_(True))),
    read(
        "alarm-explains-itself",
        _alarms("[AlarmDescription]", every("a description", lambda found: bool(found[0]))),
    ),
    read(
        "alarm-knows-silence",
        _alarms("TreatMissingData", is_("breaching", "notBreaching", "missing", "ignore")),
    ),
    read(
        "documents-bound-their-parameters",
        Ask(
            "AWS::SSM::Document",
            "ssm get_document",
            {"Name": ID, "DocumentFormat": "JSON"},
            "Content",
            text("a pattern or values for each parameter", _is_bounded),
        ),
    ),
    read(
        "patches-are-looked-for",
        Ask(
            "AWS::SSM::MaintenanceWindow",
            "ssm describe_maintenance_window_tasks",
            {"WindowId": ID},
            "Tasks[?TaskArn=='AWS-RunPatchBaseline'].WindowTaskId",
            present(),
        ),
        Ask("AWS::SSM::MaintenanceWindow", "ssm get_maintenance_window", {"WindowId": ID}, "Enabled", is_(True)),
    ),
    read(
        "money-is-watched",
        Ask(BUDGET, "budgets describe_budget", NAMED, "Budget.BudgetLimit.Amount", at_least(1)),
        Ask(
            BUDGET,
            "budgets describe_subscribers_for_notification",
            {**NAMED, "Notification": FORECAST},
            "Subscribers[].Address",
            present(),
        ),
    ),
    read("log-group-keeps-a-year", _log_group("retentionInDays", at_least(365))),
    read("log-group-ends", _log_group("retentionInDays", at_least(1))),
    read("log-group-encrypted-with-own-key", _log_group("kmsKeyId", own_key())),
)

UNREADABLE: dict[str, str] = {}
