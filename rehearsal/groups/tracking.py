"""Target tracking watches by alarms of its own: three minutes above the target, or fifteen below nine tenths of it.

Names, periods and thresholds are those that one finds in an account on AWS; nothing documents them.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.groups.policies import Policy

HIGH_PERIODS, LOW_PERIODS = 3, 15
LOW_SHARE = 0.9
PERIOD = 60
PREDEFINED = {
    "ASGAverageCPUUtilization": ("AWS/EC2", "CPUUtilization", "Average"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum"),
}


def alarms(policy: Policy) -> list[dict[str, Any]]:
    """The PutMetricAlarm requests of a policy. Raises AwsError for a metric that nobody measures here."""
    watched = _watched(policy.request["TargetTrackingConfiguration"], policy.key.name)
    common = {
        **watched,
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        "AlarmActions": [policy.arn],
    }
    high = {
        **common,
        "AlarmName": _name(policy, "AlarmHigh"),
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": policy.target,
        "EvaluationPeriods": HIGH_PERIODS,
    }
    low = {
        **common,
        "AlarmName": _name(policy, "AlarmLow"),
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": policy.target * LOW_SHARE,
        "EvaluationPeriods": LOW_PERIODS,
    }
    return [high, low] if policy.scales_in else [high]


def is_high(alarm_name: str) -> bool:
    """Whether an alarm of a policy means that the group is too small."""
    return "-AlarmHigh-" in alarm_name


def _name(policy: Policy, which: str) -> str:
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{policy.arn}/{which}")
    return f"TargetTracking-{policy.key.name}-{which}-{identity}"


def _watched(configuration: Mapping[str, Any], group: str) -> dict[str, Any]:
    predefined = configuration.get("PredefinedMetricSpecification")
    customized = configuration.get("CustomizedMetricSpecification")
    if bool(predefined) == bool(customized):
        message = "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified."
        raise AwsError("ValidationError", message)
    return _predefined(predefined, group) if predefined else _customized(customized or {})


def _predefined(specification: Mapping[str, Any], group: str) -> dict[str, Any]:
    kind = specification["PredefinedMetricType"]
    if kind not in PREDEFINED:
        known = ", ".join(PREDEFINED)
        raise AwsError("ValidationError", f"The predefined metric {kind} is not measured here; these are: {known}")
    namespace, name, statistic = PREDEFINED[kind]
    dimension = {"Name": "AutoScalingGroupName", "Value": group}
    if kind == "ALBRequestCountPerTarget":
        label = str(specification.get("ResourceLabel") or "")
        found = label.find("targetgroup/")
        if not label.startswith("app/") or found < 0:
            raise AwsError("ValidationError", f"ResourceLabel {label!r} must be app/NAME/ID/targetgroup/NAME/ID.")
        dimension = {"Name": "TargetGroup", "Value": label[found:]}
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Statistic": statistic,
        "Dimensions": [dimension],
        "Period": PERIOD,
    }


def _customized(specification: Mapping[str, Any]) -> dict[str, Any]:
    if not specification.get("Metrics"):
        named = {k: specification[k] for k in ("Namespace", "MetricName", "Statistic", "Unit") if specification.get(k)}
        return {
            **named,
            "Dimensions": list(specification.get("Dimensions", ())),
            "Period": specification.get("Period", PERIOD),
        }
    queries = []
    for query in specification["Metrics"]:
        made = {k: v for k, v in query.items() if k != "MetricStat"}
        if query.get("MetricStat"):
            made["MetricStat"] = {"Period": PERIOD, **query["MetricStat"]}
        queries.append({"ReturnData": True, **made})
    return {"Metrics": queries}
