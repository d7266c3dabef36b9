"""What policies make of a value, pure."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.front.service import AwsError
from rehearsal.groups import tracking
from rehearsal.groups.model import GroupKey
from rehearsal.groups.policies import Policy, Sizes, adjusted, agreed, cooling, simple, stepped, tracked
from rehearsal.groups.policy_service import policy_of
from tests.rehearsal.groups.simulation import old_members

KEY = GroupKey("444444444444", "eu-west-1", "web")
STEPS = [
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
    {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1},
]


def policy(kind: str, **settings: object) -> Policy:
    return policy_of(KEY, {"AutoScalingGroupName": "web", "PolicyName": "p", "PolicyType": kind, **settings}, None)


def step_policy(**settings: object) -> Policy:
    return policy("StepScaling", **{"AdjustmentType": "ChangeInCapacity", "StepAdjustments": STEPS, **settings})


def target_policy(target: float = 10, **configuration: object) -> Policy:
    watched = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    asked = {"PredefinedMetricSpecification": watched, "TargetValue": target, **configuration}
    return policy("TargetTrackingScaling", TargetTrackingConfiguration=asked)


def sizes(desired: int, warm: int | None = None, minimum: int = 0, maximum: int = 10) -> Sizes:
    return Sizes(desired, minimum, maximum, desired if warm is None else warm)


# https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-adjustment
@pytest.mark.parametrize(
    ("kind", "amount", "current", "magnitude", "found"),
    [
        ("ChangeInCapacity", 2, 3, 0, 5),
        ("ChangeInCapacity", -5, 3, 0, 0),
        ("ExactCapacity", 7, 3, 0, 7),
        ("PercentChangeInCapacity", 25, 10, 0, 12),  # 12.7 is rounded to 12
        ("PercentChangeInCapacity", 5, 4, 0, 5),  # 0.67 is rounded to 1
        ("PercentChangeInCapacity", -5, 4, 0, 3),
        ("PercentChangeInCapacity", -33, 20, 0, 14),  # -6.67 is rounded to -6
        ("PercentChangeInCapacity", 25, 4, 2, 6),
        ("PercentChangeInCapacity", 0, 4, 2, 4),
    ],
)
def test_adjustments_are_rounded_as_aws_rounds_them(
    kind: str, amount: int, current: int, magnitude: int, found: int
) -> None:
    assert adjusted(kind, amount, current, magnitude) == found


@pytest.mark.parametrize(("value", "found"), [(50, 3), (59, 3), (60, 5), (1000, 5), (49, 1), (0, 1)])
def test_a_step_policy_takes_the_step_that_covers_the_value(value: float, found: int) -> None:
    assert stepped(step_policy(), sizes(2), value, 50) == found


def test_a_breach_while_instances_warm_up_is_answered_once() -> None:
    assert stepped(step_policy(), sizes(2), 55, 50) == 3
    assert stepped(step_policy(), sizes(3, warm=2), 55, 50) == 3
    assert stepped(step_policy(), sizes(3, warm=2), 70, 50) == 5  # a worse one adds only the difference
    assert stepped(step_policy(), sizes(3, warm=2), 10, 50) == 3  # and nothing goes


def test_a_value_that_no_step_covers_changes_nothing() -> None:
    only_high = step_policy(StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}])
    assert stepped(only_high, sizes(2), 10, 50) is None


def test_a_simple_policy_stays_within_the_limits() -> None:
    grow = policy("SimpleScaling", AdjustmentType="ChangeInCapacity", ScalingAdjustment=5)
    assert simple(grow, sizes(8)) == 10


def test_a_cooldown_begins_when_the_scaling_is_complete() -> None:
    members = old_members(2)  # in service since -900
    assert not cooling(members, 2, None, 300, now=0)
    assert cooling(members, 3, -1000, 300, now=0)  # one is still missing
    assert cooling(members, 2, -1000, 1000, now=0)
    assert not cooling(members, 2, -1000, 300, now=0)


def test_target_tracking_brings_the_value_to_its_target() -> None:
    assert tracked(target_policy(), sizes(2), 25) == 5
    assert tracked(target_policy(), sizes(5, warm=2), 25) == 5
    assert tracked(target_policy(), sizes(0), 25) == 3


@given(st.integers(1, 50), st.floats(0, 1e4), st.floats(0.1, 1e3), st.integers(0, 20), st.integers(0, 80))
def test_target_tracking_never_leaves_the_limits_and_never_goes_too_low(
    warm: int, value: float, target: float, minimum: int, more: int
) -> None:
    now = Sizes(warm, minimum, minimum + more, warm)
    wanted = tracked(target_policy(target), now, value)
    assert minimum <= wanted <= minimum + more
    if wanted < minimum + more:
        assert wanted * target >= warm * value - 1e-3 * target  # the load fits into what is wanted
    if wanted > minimum:
        assert (wanted - 1) * target < warm * value or math.isclose((wanted - 1) * target, warm * value)


def test_scaling_in_needs_every_policy() -> None:
    assert agreed({"a": 2, "b": 3}, sizes(5)) == 3
    assert agreed({"a": 2, "b": None}, sizes(5)) == 5
    assert agreed({"a": 2, "b": 9}, sizes(5)) == 5
    assert agreed({"a": 2}, sizes(5, warm=4)) == 5


def test_target_tracking_makes_two_alarms_and_one_where_it_never_scales_in() -> None:
    high, low = tracking.alarms(target_policy(50))
    assert high["AlarmName"].startswith("TargetTracking-web-AlarmHigh-")
    assert (high["Threshold"], high["EvaluationPeriods"], high["ComparisonOperator"]) == (50, 3, "GreaterThanThreshold")
    assert (low["Threshold"], low["EvaluationPeriods"], low["ComparisonOperator"]) == (45, 15, "LessThanThreshold")
    assert high["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": "web"}]
    assert len(tracking.alarms(target_policy(DisableScaleIn=True))) == 1


def test_requests_for_a_balancers_target_group_are_watched_by_its_label() -> None:
    watched = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": "app/lb/1/targetgroup/web/2"}
    (high, _) = tracking.alarms(target_policy(PredefinedMetricSpecification=watched))
    assert (high["MetricName"], high["Statistic"]) == ("RequestCountPerTarget", "Sum")
    assert high["Dimensions"] == [{"Name": "TargetGroup", "Value": "targetgroup/web/2"}]


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        ("PredictiveScaling", {}, "PredictiveScaling"),
        ("SimpleScaling", {"AdjustmentType": "ChangeInCapacity"}, "ScalingAdjustment is required"),
        ("SimpleScaling", {"AdjustmentType": "Twice", "ScalingAdjustment": 1}, "Twice"),
        ("StepScaling", {"AdjustmentType": "ExactCapacity", "StepAdjustments": STEPS, "Cooldown": 1}, "Cooldown"),
        ("StepScaling", {"AdjustmentType": "ExactCapacity", "StepAdjustments": STEPS[:2] + STEPS[:1]}, "overlap"),
        ("TargetTrackingScaling", {"TargetTrackingConfiguration": {"TargetValue": 0}}, "TargetValue"),
    ],
)
def test_a_policy_that_cannot_act_is_refused(kind: str, settings: dict[str, object], said: str) -> None:
    with pytest.raises(AwsError, match=said):
        policy(kind, **settings)


def test_a_metric_that_nobody_measures_is_refused() -> None:
    network = {"PredefinedMetricType": "ASGAverageNetworkIn"}
    with pytest.raises(AwsError, match="ASGAverageNetworkIn"):
        tracking.alarms(target_policy(PredefinedMetricSpecification=network))
