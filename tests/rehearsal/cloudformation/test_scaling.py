"""What moves groups, in stacks: policies, scheduled actions, hooks, notifications, alarms; changed and undone."""

import json
from typing import Any

from tests.rehearsal.cloudformation.pieces import Json
from tests.rehearsal.cloudformation.test_auto_scaling import image, template
from tests.rehearsal.cloudformation.test_resource_types import of

GROUP = {"Ref": "A"}


def sleep_at(hour: int) -> Json:
    recurrence = f"0 {hour} * * MON-FRI"
    return of(
        "AutoScaling::ScheduledAction",
        AutoScalingGroupName=GROUP,
        Recurrence=recurrence,
        TimeZone="Europe/Berlin",
        MinSize=0,
        DesiredCapacity=0,
    )


def policy(target: int) -> Json:
    def metric(name: str, namespace: str, dimension: str, value: Any) -> Json:
        dimensions = [{"Name": dimension, "Value": value}]
        watched = {"MetricName": name, "Namespace": namespace, "Dimensions": dimensions}
        return {"Metric": watched, "Stat": "Average"}

    metrics: list[Json] = [
        {"Id": "m1", "MetricStat": metric("ApproximateNumberOfMessagesVisible", "AWS/SQS", "QueueName", "q")},
        {"Id": "m2", "MetricStat": metric("GroupInServiceInstances", "AWS/AutoScaling", "AutoScalingGroupName", GROUP)},
        {"Id": "e1", "Expression": "m1 / m2", "ReturnData": True},
    ]
    for query in metrics[:2]:
        query["ReturnData"] = False
    return of(
        "AutoScaling::ScalingPolicy",
        AutoScalingGroupName=GROUP,
        PolicyType="TargetTrackingScaling",
        EstimatedInstanceWarmup=30,
        TargetTrackingConfiguration={"CustomizedMetricSpecification": {"Metrics": metrics}, "TargetValue": target},
    )


def steps(adjustment: int) -> Json:
    step = {"MetricIntervalLowerBound": 0, "ScalingAdjustment": adjustment}
    return of(
        "AutoScaling::ScalingPolicy",
        AutoScalingGroupName=GROUP,
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        StepAdjustments=[step],
    )


def hook(seconds: int) -> Json:
    return of(
        "AutoScaling::LifecycleHook",
        AutoScalingGroupName=GROUP,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=seconds,
        DefaultResult="CONTINUE",
        NotificationTargetARN={"Ref": "T"},
        NotificationMetadata="tier=web",
        RoleARN="arn:aws:iam::123400000001:role/hook",
    )


def alarm(threshold: float, **more: Any) -> Json:
    return of(
        "CloudWatch::Alarm",
        Namespace="Test",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=2,
        DatapointsToAlarm=1,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[{"Ref": "T"}],
        **more,
    )


def around_a_group(ami: str, number: int, **more: Json) -> Json:
    kinds = ["autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"][:number]
    made = template(
        ami,
        1,
        NotificationConfigurations=[{"TopicARN": {"Ref": "T"}, "NotificationTypes": kinds}],
        MetricsCollection=[{"Granularity": "1Minute", "Metrics": ["GroupInServiceInstances"]}],
        AvailabilityZoneDistribution={"CapacityDistributionStrategy": "balanced-only"},
        AvailabilityZoneImpairmentPolicy={
            "ZonalShiftEnabled": True,
            "ImpairedZoneHealthCheckBehavior": "IgnoreUnhealthy",
        },
        InstanceMaintenancePolicy={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150},
        CapacityRebalance=True,
        MaxInstanceLifetime=86400 * number,
    )
    added = {
        "T": of("SNS::Topic"),
        "SA": sleep_at(18 + number),
        "TT": policy(10 * number),
        "SP": steps(number),
        "H": hook(60 * number),
        **more,
    }
    return {"Resources": {**made["Resources"], **added}}


def test_all_that_moves_a_group_is_made_changed_and_deleted(embedded: Any, name: str) -> None:
    ami, api = image(embedded, "good"), embedded.client("autoscaling")
    stack = embedded.create(name, around_a_group(ami, 1))
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    group = {"AutoScalingGroupName": embedded.physical_id(name, "A")}

    def check(number: int) -> None:
        topic = embedded.physical_id(name, "T")
        (action,) = api.describe_scheduled_actions(**group)["ScheduledUpdateGroupActions"]
        assert action["Recurrence"] == f"0 {18 + number} * * MON-FRI"
        assert (action["TimeZone"], action["MinSize"], action["DesiredCapacity"]) == ("Europe/Berlin", 0, 0)
        assert action["ScheduledActionName"] == embedded.physical_id(name, "SA").split("|")[0]
        found = {p["PolicyType"]: p for p in api.describe_policies(**group)["ScalingPolicies"]}
        tracking = found["TargetTrackingScaling"]
        assert tracking["TargetTrackingConfiguration"]["TargetValue"] == 10 * number
        assert tracking["PolicyARN"] == embedded.physical_id(name, "TT")
        names = [a["AlarmName"] for a in tracking["Alarms"]]
        alarms = embedded.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        assert sorted(a["Threshold"] for a in alarms) == [9 * number, 10 * number]
        assert found["StepScaling"]["StepAdjustments"][0]["ScalingAdjustment"] == number
        (found_hook,) = api.describe_lifecycle_hooks(**group)["LifecycleHooks"]
        assert (found_hook["HeartbeatTimeout"], found_hook["NotificationTargetARN"]) == (60 * number, topic)
        told = api.describe_notification_configurations(AutoScalingGroupNames=list(group.values()))
        assert len(told["NotificationConfigurations"]) == number
        shown = api.describe_auto_scaling_groups(AutoScalingGroupNames=list(group.values()))["AutoScalingGroups"][0]
        assert shown["MaxInstanceLifetime"] == 86400 * number
        assert shown["AvailabilityZoneDistribution"] == {"CapacityDistributionStrategy": "balanced-only"}
        assert shown["AvailabilityZoneImpairmentPolicy"]["ZonalShiftEnabled"] is True
        assert shown["InstanceMaintenancePolicy"]["MaxHealthyPercentage"] == 150
        assert shown["CapacityRebalance"] is True
        assert [m["Metric"] for m in shown["EnabledMetrics"]] == ["GroupInServiceInstances"]

    check(1)
    stack = embedded.update(name, around_a_group(ami, 2))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    check(2)
    broken = of("SSM::Parameter", Name="no/such/level", Type="Nonsense", Value="x")
    stack = embedded.update(name, around_a_group(ami, 1, B={**broken, "DependsOn": ["SA", "TT", "SP", "H"]}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    check(2)
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])
    left = embedded.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"]
    assert not [a for a in left if group["AutoScalingGroupName"] in a["AlarmName"]]


def test_a_predictive_policy_fails_its_stack(embedded: Any, name: str) -> None:
    made = template(image(embedded, "good"), 1)
    predictive = of(
        "AutoScaling::ScalingPolicy",
        AutoScalingGroupName=GROUP,
        PolicyType="PredictiveScaling",
        PredictiveScalingConfiguration={"MetricSpecifications": [{"TargetValue": 1}]},
    )
    made["Resources"]["P"] = predictive
    stack = embedded.create(name, made)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "PredictiveScaling" in embedded.reasons(stack["StackId"])


def of_alarms(threshold: float, word: str, **more: Json) -> Json:
    arn = {"Fn::GetAtt": ["C", "Arn"]}
    tags = [{"Key": "tier", "Value": word}]
    rule = {"Fn::Join": ["", ["ALARM(", {"Fn::GetAtt": ["X", "Arn"]}, f") {word} FALSE"]]}
    text = {"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": word}}]}
    resources = {
        "T": of("SNS::Topic"),
        "X": alarm(threshold, Tags=tags, AlarmDescription=word),
        "C": of("CloudWatch::CompositeAlarm", AlarmRule=rule, AlarmActions=[{"Ref": "T"}], Tags=tags),
        "D": of("CloudWatch::Dashboard", DashboardBody=json.dumps(text), Tags=tags),
        **more,
    }
    return {"Resources": resources, "Outputs": {"C": {"Value": arn}}}


def test_alarms_and_dashboards_are_made_changed_and_deleted(embedded: Any, name: str) -> None:
    cloudwatch = embedded.client("cloudwatch")
    stack = embedded.create(name, of_alarms(5, "AND"))
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])

    def check(threshold: float, word: str) -> None:
        names = [embedded.physical_id(name, "X"), embedded.physical_id(name, "C")]
        found = cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        (metric,), (composite,) = found["MetricAlarms"], found["CompositeAlarms"]
        assert (metric["Threshold"], metric["DatapointsToAlarm"]) == (threshold, 1)
        assert metric["TreatMissingData"] == "ignore"
        assert metric["AlarmDescription"] == word
        assert metric["AlarmActions"] == composite["AlarmActions"] == [embedded.physical_id(name, "T")]
        assert composite["AlarmRule"] == f"ALARM({metric['AlarmArn']}) {word} FALSE"
        dashboard = f"arn:aws:cloudwatch::123400000001:dashboard/{embedded.physical_id(name, 'D')}"
        for arn in (metric["AlarmArn"], composite["AlarmArn"], dashboard):
            tags = {t["Key"]: t["Value"] for t in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}
            assert tags["tier"] == word
        body = cloudwatch.get_dashboard(DashboardName=embedded.physical_id(name, "D"))["DashboardBody"]
        assert json.loads(body)["widgets"][0]["properties"]["markdown"] == word

    check(5, "AND")
    first = embedded.physical_id(name, "X")
    stack = embedded.update(name, of_alarms(7, "OR"))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    check(7, "OR")
    assert embedded.physical_id(name, "X") == first
    broken = {**of("SSM::Parameter", Name="x", Type="Nonsense", Value="x"), "DependsOn": ["X", "C", "D"]}
    assert embedded.update(name, of_alarms(9, "AND", B=broken))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    check(7, "OR")
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])
    assert cloudwatch.describe_alarms(AlarmNames=[first])["MetricAlarms"] == []


def test_a_renamed_alarm_is_replaced(embedded: Any, name: str) -> None:
    def named(word: str) -> Json:
        return {"Resources": {"T": of("SNS::Topic"), "X": alarm(1, AlarmName=f"{name}-{word}")}}

    embedded.create(name, named("old"))
    assert embedded.update(name, named("new"))["StackStatus"] == "UPDATE_COMPLETE"
    found = embedded.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{name}-")["MetricAlarms"]
    assert [a["AlarmName"] for a in found] == [f"{name}-new"]


def test_an_alarm_that_nobody_would_evaluate_fails_its_stack(embedded: Any, name: str) -> None:
    band = of(
        "CloudWatch::Alarm",
        ComparisonOperator="GreaterThanUpperThreshold",
        EvaluationPeriods=1,
        ThresholdMetricId="e1",
        Metrics=[{"Id": "e1", "Expression": "ANOMALY_DETECTION_BAND(m1)", "Period": 60}],
    )
    stack = embedded.create(name, {"Resources": {"X": band}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "not emulated" in embedded.reasons(stack["StackId"])
