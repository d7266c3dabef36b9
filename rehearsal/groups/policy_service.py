"""The API of scaling policies."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError, Caller
from rehearsal.groups import records, tracking
from rehearsal.groups.group_service import next_token, offset
from rehearsal.groups.model import GroupKey
from rehearsal.groups.policies import Kind, Policy, Step
from rehearsal.groups.scaler import Scaler
from rehearsal.groups.store import Store

MOST_POLICIES = 100
COMMON = frozenset({"AutoScalingGroupName", "PolicyName", "PolicyType", "Enabled"})
ADJUSTING = COMMON | {"AdjustmentType", "MinAdjustmentMagnitude"}
HONOURED: Mapping[str, frozenset[str]] = {
    "SimpleScaling": ADJUSTING | {"ScalingAdjustment", "Cooldown"},
    "StepScaling": ADJUSTING | {"StepAdjustments", "MetricAggregationType", "EstimatedInstanceWarmup"},
    "TargetTrackingScaling": COMMON | {"TargetTrackingConfiguration", "EstimatedInstanceWarmup"},
}
ADJUSTMENTS = ("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity")
Request = Mapping[str, Any]


class PolicyService:
    """Operations on scaling policies; alarms of target tracking are put and deleted over CloudWatch's API."""

    name = "autoscaling"

    def __init__(self, clients: Clients, store: Store, scaler: Scaler) -> None:
        self._clients = clients
        self._store = store
        self._scaler = scaler
        self._answers: dict[str, Callable[[Caller, Request], dict[str, Any]]] = {
            "PutScalingPolicy": self._put,
            "DescribePolicies": self._describe,
            "DeletePolicy": self._delete,
            "ExecutePolicy": self._execute,
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`."""
        return self._answers[operation](caller, request)

    def _put(self, caller: Caller, q: Request) -> dict[str, Any]:
        key = GroupKey(caller.account, caller.region, q["AutoScalingGroupName"])
        records.find(key)
        with self._store.lock:
            old = self._store.state(key).policies.get(q["PolicyName"])
        made = policy_of(key, q, old.arn if old else None)
        wanted = tracking.alarms(made) if made.kind == "TargetTrackingScaling" else []
        cloudwatch = self._clients.get("cloudwatch", key.account, key.region)
        try:
            for alarm in wanted:
                cloudwatch.put_metric_alarm(**alarm)
        except ClientError as error:
            raise AwsError("ValidationError", error.response["Error"]["Message"]) from error
        made = replace(made, alarms=tuple(a["AlarmName"] for a in wanted))
        with self._store.lock:
            self._store.state(key).policies[made.name] = made
        if gone := sorted(set(old.alarms if old else ()) - set(made.alarms)):
            cloudwatch.delete_alarms(AlarmNames=gone)
        return {"PolicyARN": made.arn, "Alarms": _alarms(made)}

    def _describe(self, caller: Caller, q: Request) -> dict[str, Any]:
        name, names, types = q.get("AutoScalingGroupName"), q.get("PolicyNames"), q.get("PolicyTypes")
        with self._store.lock:
            policies = [p for _, s in self._store.of(caller.account, caller.region) for p in s.policies.values()]
        found = [
            p
            for p in policies
            if (not name or p.key.name == name)
            and (not names or p.name in names or p.arn in names)
            and (not types or p.kind in types)
        ]
        start, most = offset(q), min(q.get("MaxRecords", MOST_POLICIES), MOST_POLICIES)
        shown = [self._described(p) for p in found[start : start + most]]
        return {"ScalingPolicies": shown} | next_token(start + most, len(found))

    def _described(self, policy: Policy) -> dict[str, Any]:
        shown = {**policy.request, "PolicyARN": policy.arn, "PolicyType": policy.kind, "Enabled": policy.enabled}
        if policy.kind != "TargetTrackingScaling":
            return {**shown, "Alarms": self._watching(policy)}
        return {**shown, "Alarms": _alarms(policy)}

    def _watching(self, policy: Policy) -> list[dict[str, str]]:
        """The alarms of others that have the policy among their actions."""
        cloudwatch = self._clients.get("cloudwatch", policy.key.account, policy.key.region)
        found = cloudwatch.describe_alarms(ActionPrefix=policy.arn)["MetricAlarms"]
        return [{"AlarmName": a["AlarmName"], "AlarmARN": a["AlarmArn"]} for a in found]

    def _delete(self, caller: Caller, q: Request) -> dict[str, Any]:
        policy = self._find(caller, q)
        with self._store.lock:
            self._store.state(policy.key).policies.pop(policy.name, None)
        if policy.alarms:
            cloudwatch = self._clients.get("cloudwatch", policy.key.account, policy.key.region)
            cloudwatch.delete_alarms(AlarmNames=list(policy.alarms))
        return {}

    def _execute(self, caller: Caller, q: Request) -> dict[str, Any]:
        policy = self._find(caller, q)
        if policy.kind == "TargetTrackingScaling":
            raise AwsError("ValidationError", "Target tracking policies cannot be executed.")
        value, threshold = q.get("MetricValue"), q.get("BreachThreshold")
        if policy.kind == "StepScaling" and (value is None or threshold is None):
            raise AwsError("ValidationError", "MetricValue and BreachThreshold are required for step policies.")
        self._scaler.execute(policy, value, threshold or 0.0, bool(q.get("HonorCooldown")))
        return {}

    def _find(self, caller: Caller, q: Request) -> Policy:
        """By its ARN, or by its name within a group. Raises AwsError."""
        wanted, group = q["PolicyName"], q.get("AutoScalingGroupName")
        found = self._store.policy(caller.account, caller.region, wanted, group)
        if found is None:
            where = f" of group {group}" if group else ""
            raise AwsError("ValidationError", f"PolicyName={wanted}{where} not found")
        return found


def _alarms(policy: Policy) -> list[dict[str, str]]:
    place = f"arn:aws:cloudwatch:{policy.key.region}:{policy.key.account}:alarm:"
    return [{"AlarmName": name, "AlarmARN": place + name} for name in policy.alarms]


def policy_of(key: GroupKey, q: Request, arn: str | None) -> Policy:
    """The policy of a PutScalingPolicy request; `arn`: of the one that it takes the place of. Raises AwsError."""
    kind = q.get("PolicyType") or "SimpleScaling"
    if kind not in HONOURED:
        raise AwsError("ValidationError", f"Policies of type {kind} are not emulated; these are: {', '.join(HONOURED)}")
    extra = sorted(k for k, v in q.items() if k not in HONOURED[kind] and v not in (None, "", [], {}))
    if extra:
        raise AwsError("ValidationError", f"{', '.join(extra)}: not allowed for policies of type {kind}")
    adjustment = q.get("AdjustmentType") or "ChangeInCapacity"
    _require(kind, q, adjustment)
    tracking_configuration = q.get("TargetTrackingConfiguration") or {}
    place = f"arn:aws:autoscaling:{key.region}:{key.account}:scalingPolicy:{uuid.uuid4()}"
    return Policy(
        key=key,
        name=q["PolicyName"],
        arn=arn or f"{place}:autoScalingGroupName/{key.name}:policyName/{q['PolicyName']}",
        kind=_kind(kind),
        request=q,
        enabled=q.get("Enabled", True),
        adjustment_type=adjustment,
        magnitude=int(q.get("MinAdjustmentMagnitude") or 0),
        adjustment=int(q.get("ScalingAdjustment") or 0),
        cooldown=q.get("Cooldown"),
        warmup=q.get("EstimatedInstanceWarmup"),
        steps=_steps(q),
        target=float(tracking_configuration.get("TargetValue", 0)),
        scales_in=not tracking_configuration.get("DisableScaleIn", False),
    )


def _kind(text: str) -> Kind:
    kinds: dict[str, Kind] = {k: k for k in ("SimpleScaling", "StepScaling", "TargetTrackingScaling")}
    return kinds[text]


def _require(kind: str, q: Request, adjustment: str) -> None:
    needed = {
        "SimpleScaling": ("AdjustmentType", "ScalingAdjustment"),
        "StepScaling": ("AdjustmentType", "StepAdjustments"),
        "TargetTrackingScaling": ("TargetTrackingConfiguration",),
    }[kind]
    for name in needed:
        if q.get(name) in (None, "", [], {}):
            raise AwsError("ValidationError", f"{name} is required for policies of type {kind}")
    if adjustment not in ADJUSTMENTS:
        raise AwsError("ValidationError", f"AdjustmentType {adjustment} must be one of {', '.join(ADJUSTMENTS)}")
    if q.get("MinAdjustmentMagnitude") and adjustment != "PercentChangeInCapacity":
        raise AwsError("ValidationError", "MinAdjustmentMagnitude needs the adjustment type PercentChangeInCapacity")
    if kind == "TargetTrackingScaling" and not float(q["TargetTrackingConfiguration"].get("TargetValue", 0)) > 0:
        raise AwsError("ValidationError", "TargetValue must be greater than 0")


def _steps(q: Request) -> tuple[Step, ...]:
    """The steps in their order. Raises AwsError where they overlap or leave a gap, as AWS does."""
    steps = [
        Step(s.get("MetricIntervalLowerBound"), s.get("MetricIntervalUpperBound"), int(s["ScalingAdjustment"]))
        for s in q.get("StepAdjustments") or ()
    ]
    steps.sort(key=lambda s: float("-inf") if s.lower is None else s.lower)
    for lower, upper in pairwise(steps):
        if lower.upper is None or upper.lower is None or lower.upper != upper.lower:
            raise AwsError("ValidationError", "StepAdjustments must not overlap and must not have gaps between them")
    return tuple(steps)
