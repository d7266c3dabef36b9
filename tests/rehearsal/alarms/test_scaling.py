"""Alarms move groups, over HTTP: policies, schedules, notifications; a minute of AWS's is a second."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

NUMBER = iter(range(10**6))


class Group:
    """A group without a load balancer, and what a test asks of it."""

    def __init__(self, cloud: Any, name: str) -> None:
        self.cloud, self.name = cloud, name
        self.api, ec2 = cloud.client("autoscaling"), cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.97.0.0/16")["Vpc"]["VpcId"]
        zone = {"VpcId": vpc, "CidrBlock": "10.97.0.0/24", "AvailabilityZone": "eu-west-1a"}
        self.subnet = ec2.create_subnet(**zone)["Subnet"]["SubnetId"]
        data = {"ImageId": "ami-12345678", "InstanceType": "t3.small"}
        made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        self.template = made["LaunchTemplate"]["LaunchTemplateId"]

    def create(self, size: int = 1, **settings: Any) -> "Group":
        launch = {"LaunchTemplate": {"LaunchTemplateId": self.template, "Version": "1"}}
        if "MixedInstancesPolicy" in settings:
            launch = {}
        limits = {"MinSize": 1, "MaxSize": 6, "DesiredCapacity": size, "DefaultInstanceWarmup": 0}
        asked = {"VPCZoneIdentifier": self.subnet, **launch, **limits, **settings}
        self.api.create_auto_scaling_group(AutoScalingGroupName=self.name, **asked)
        return self.settled(size)

    @property
    def shown(self) -> Any:
        return self.api.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"][0]

    @property
    def desired(self) -> int:
        return int(self.shown["DesiredCapacity"])

    def settled(self, size: int) -> "Group":
        def there() -> bool:
            states = [i["LifecycleState"] for i in self.shown["Instances"]]
            return self.desired == size and states == ["InService"] * size

        self.cloud.until(there)
        return self

    def policy(self, kind: str, name: str = "p", **settings: Any) -> Any:
        return self.api.put_scaling_policy(AutoScalingGroupName=self.name, PolicyName=name, PolicyType=kind, **settings)

    def causes(self) -> list[str]:
        found = self.api.describe_scaling_activities(AutoScalingGroupName=self.name)["Activities"]
        return [a["Cause"] for a in found]


@pytest.fixture
def group(cloud: Any) -> Iterator[Group]:
    made = Group(cloud, f"group-{next(NUMBER)}")
    yield made
    api = cloud.client("autoscaling")
    if api.describe_auto_scaling_groups(AutoScalingGroupNames=[made.name])["AutoScalingGroups"]:
        api.delete_auto_scaling_group(AutoScalingGroupName=made.name, ForceDelete=True)


def tracking(metric: str, target: float = 10, **more: Any) -> dict[str, Any]:
    watched = {"Namespace": "Test", "MetricName": metric, "Statistic": "Average"}
    configuration = {"CustomizedMetricSpecification": watched, "TargetValue": target, **more}
    return {"TargetTrackingConfiguration": configuration, "EstimatedInstanceWarmup": 0}


@pytest.mark.slow
def test_target_tracking_grows_and_shrinks_a_group_and_takes_its_alarms_along(cloud: Any, group: Group) -> None:
    group.create(1)
    made = group.policy("TargetTrackingScaling", **tracking(group.name))
    high, low = [a["AlarmName"] for a in made["Alarms"]]
    assert cloud.alarm(high)["AlarmActions"] == [made["PolicyARN"]]

    def load(total: float) -> bool:
        """The load of each instance, as it would be measured."""
        cloud.data(group.name, total / max(1, len(group.shown["Instances"])))
        time.sleep(0.2)
        return True

    cloud.until(lambda: load(35) and group.desired == 4)
    group.settled(4)
    (cause,) = {c.partition(". At ")[0] for c in group.causes() if "monitor alarm" in c}
    assert f"a monitor alarm {high} in state ALARM triggered policy p changing the desired" in cause
    assert "from 1 to 4" in cause
    assert any("increasing the capacity from 1 to 4." in c for c in group.causes())
    end = time.monotonic() + 40
    while group.desired != 1 and time.monotonic() < end:
        load(2)
    group.settled(1)
    assert any(f"{low} in state ALARM" in c and "shrinking the capacity from" in c for c in group.causes())
    group.api.delete_policy(AutoScalingGroupName=group.name, PolicyName="p")
    assert cloud.cloudwatch.describe_alarms(AlarmNames=[high, low])["MetricAlarms"] == []


def test_the_alarms_of_target_tracking_go_with_the_group(cloud: Any, group: Group) -> None:
    group.create(1)
    made = group.policy("TargetTrackingScaling", **tracking(group.name))
    names = [a["AlarmName"] for a in made["Alarms"]]
    group.api.delete_auto_scaling_group(AutoScalingGroupName=group.name, ForceDelete=True)
    cloud.until(lambda: not cloud.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"])


def test_a_step_policy_acts_by_how_far_the_alarm_is_breached(cloud: Any, group: Group) -> None:
    group.create(1)
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
    ]
    made = group.policy("StepScaling", AdjustmentType="ChangeInCapacity", StepAdjustments=steps)
    name = f"step-{group.name}"
    cloud.put(name, AlarmActions=[made["PolicyARN"]], TreatMissingData="notBreaching")
    (shown,) = group.api.describe_policies(AutoScalingGroupName=group.name)["ScalingPolicies"]
    assert [a["AlarmName"] for a in shown["Alarms"]] == [name]
    assert shown["StepAdjustments"] == steps
    cloud.data(name, 100)
    group.settled(4)
    cloud.entered(name, "OK")


def test_a_policy_is_executed_on_request_and_cools_down(group: Group) -> None:
    group.create(1, DefaultCooldown=600)
    group.policy("SimpleScaling", AdjustmentType="ChangeInCapacity", ScalingAdjustment=2)
    asked = {"AutoScalingGroupName": group.name, "PolicyName": "p"}
    group.api.execute_policy(**asked, HonorCooldown=True)
    group.settled(3)
    with pytest.raises(ClientError, match="cooldown"):
        group.api.execute_policy(**asked, HonorCooldown=True)
    group.api.execute_policy(**asked)
    group.settled(5)
    group.api.execute_policy(**asked)
    group.settled(6)  # the largest size


def test_suspended_notifications_of_alarms_move_nothing(cloud: Any, group: Group) -> None:
    group.create(1)
    made = group.policy("SimpleScaling", AdjustmentType="ChangeInCapacity", ScalingAdjustment=2, Cooldown=0)
    group.api.suspend_processes(AutoScalingGroupName=group.name, ScalingProcesses=["AlarmNotification"])
    name = f"simple-{group.name}"
    cloud.put(name, AlarmActions=[made["PolicyARN"]], TreatMissingData="ignore")
    cloud.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    time.sleep(0.5)
    assert group.desired == 1
    group.api.resume_processes(AutoScalingGroupName=group.name, ScalingProcesses=["AlarmNotification"])
    group.settled(3)  # the alarm is still there, and asks again


def test_a_scheduled_action_changes_limits_and_capacity_at_its_time(group: Group) -> None:
    group.create(1)
    soon = datetime.now(UTC) + timedelta(seconds=2)
    asked = {"AutoScalingGroupName": group.name, "ScheduledActionName": "morning"}
    group.api.put_scheduled_update_group_action(**asked, StartTime=soon, MinSize=2, MaxSize=8, DesiredCapacity=3)
    (shown,) = group.api.describe_scheduled_actions(AutoScalingGroupName=group.name)["ScheduledUpdateGroupActions"]
    assert (shown["MinSize"], shown["DesiredCapacity"]) == (2, 3)
    group.settled(3)
    assert (group.shown["MinSize"], group.shown["MaxSize"]) == (2, 8)
    said = "the scheduled action morning executed. Setting min size from 1 to 2."
    assert any(said in c and "Setting desired capacity from 1 to 3." in c for c in group.causes())
    assert group.api.describe_scheduled_actions(AutoScalingGroupName=group.name)["ScheduledUpdateGroupActions"] == []


def test_scheduled_actions_that_could_never_be_due_are_refused(group: Group) -> None:
    group.create(1)

    def said(**settings: Any) -> str:
        with pytest.raises(ClientError) as error:
            group.api.put_scheduled_update_group_action(
                AutoScalingGroupName=group.name, ScheduledActionName="a", **settings
            )
        return str(error.value)

    assert "past" in said(StartTime=datetime(2020, 1, 1, tzinfo=UTC), DesiredCapacity=1)
    assert "five fields" in said(Recurrence="every day", DesiredCapacity=1)
    assert "Mars" in said(Recurrence="0 8 * * *", TimeZone="Mars/Olympus", DesiredCapacity=1)
    assert "At least one of" in said(Recurrence="0 8 * * *")


def test_topics_hear_of_launches_and_hooks_of_their_waits(cloud: Any, group: Group) -> None:
    topic, received = cloud.queue(f"topic-{group.name}")
    group.create(1)
    group.api.put_notification_configuration(
        AutoScalingGroupName=group.name,
        TopicARN=topic,
        NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"],
    )
    hook = {"AutoScalingGroupName": group.name, "LifecycleHookName": "h", "NotificationTargetARN": topic}
    group.api.put_lifecycle_hook(
        **hook,
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        RoleARN="arn:aws:iam::666666666666:role/hook",
        NotificationMetadata="tier=web",
    )
    (shown,) = group.api.describe_lifecycle_hooks(AutoScalingGroupName=group.name)["LifecycleHooks"]
    assert (shown["NotificationTargetARN"], shown["NotificationMetadata"]) == (topic, "tier=web")
    group.api.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=2)
    messages: dict[str, Any] = {}

    def heard(what: str) -> Any:
        for text in received():
            told = json.loads(json.loads(text)["Message"])
            messages[told.get("LifecycleTransition") or told["Event"]] = told
        return messages.get(what)

    wait = cloud.until(lambda: heard("autoscaling:EC2_INSTANCE_LAUNCHING"))
    assert wait["NotificationMetadata"] == "tier=web"
    group.api.complete_lifecycle_action(
        AutoScalingGroupName=group.name,
        LifecycleHookName="h",
        LifecycleActionToken=wait["LifecycleActionToken"],
        LifecycleActionResult="CONTINUE",
    )
    # The first instance may have been launched late enough to be told of too.
    cloud.until(lambda: (heard("autoscaling:EC2_INSTANCE_LAUNCH") or {}).get("EC2InstanceId") == wait["EC2InstanceId"])
    group.api.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=1)
    assert cloud.until(lambda: heard("autoscaling:EC2_INSTANCE_TERMINATE"))["AutoScalingGroupName"] == group.name


def test_an_evaluated_alarm_fails_an_instance_refresh(cloud: Any, group: Group) -> None:
    group.create(1)
    name = f"refresh-{group.name}"
    cloud.put(name, TreatMissingData="ignore")
    preferences = {"AlarmSpecification": {"Alarms": [name]}, "BakeTime": 600, "MaxHealthyPercentage": 200}
    preferences["MinHealthyPercentage"] = 100
    group.api.start_instance_refresh(AutoScalingGroupName=group.name, Preferences=preferences)

    def refresh() -> Any:
        return group.api.describe_instance_refreshes(AutoScalingGroupName=group.name)["InstanceRefreshes"][0]

    cloud.until(lambda: refresh()["Status"] == "Baking")
    cloud.data(name, 100)
    cloud.until(lambda: refresh()["Status"] == "Failed")
    assert name in refresh()["StatusReason"]


def test_a_mixed_group_has_its_share_of_spot_instances(cloud: Any, group: Group) -> None:
    specification = {"LaunchTemplateId": group.template, "Version": "1"}
    overrides = [{"InstanceType": t} for t in ("m7i.large", "m6i.large")]
    policy = {
        "LaunchTemplate": {"LaunchTemplateSpecification": specification, "Overrides": overrides},
        "InstancesDistribution": {
            "OnDemandBaseCapacity": 1,
            "OnDemandPercentageAboveBaseCapacity": 25,
            "SpotAllocationStrategy": "price-capacity-optimized",
        },
    }
    zones = {"CapacityDistributionStrategy": "balanced-best-effort"}
    group.create(5, MixedInstancesPolicy=policy, CapacityRebalance=True, AvailabilityZoneDistribution=zones)
    ids = [i["InstanceId"] for i in group.shown["Instances"]]
    found = cloud.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    lifecycles = [i.get("InstanceLifecycle", "on-demand") for r in found for i in r["Instances"]]
    assert sorted(lifecycles) == ["on-demand", "on-demand", "spot", "spot", "spot"]
    types = [(i["InstanceType"], i.get("InstanceLifecycle")) for r in found for i in r["Instances"]]
    assert {t for t, spot in types if spot} == {"m7i.large", "m6i.large"}
    assert {t for t, spot in types if not spot} == {"m7i.large"}
    shown = group.shown["MixedInstancesPolicy"]
    assert shown["InstancesDistribution"] == policy["InstancesDistribution"]
    assert shown["LaunchTemplate"]["Overrides"] == overrides
    assert group.shown["AvailabilityZoneDistribution"] == zones
    assert group.shown["CapacityRebalance"] is True


def test_sizes_are_measured_where_the_collection_is_enabled(cloud: Any, group: Group) -> None:
    group.create(2)
    chosen = ["GroupInServiceInstances", "GroupDesiredCapacity"]
    asked = {"AutoScalingGroupName": group.name, "Granularity": "1Minute"}
    group.api.enable_metrics_collection(**asked, Metrics=chosen)
    assert sorted(m["Metric"] for m in group.shown["EnabledMetrics"]) == sorted(chosen)
    group.api.disable_metrics_collection(AutoScalingGroupName=group.name, Metrics=chosen[1:])
    assert [m["Metric"] for m in group.shown["EnabledMetrics"]] == chosen[:1]
