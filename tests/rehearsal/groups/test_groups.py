"""Groups against moto over HTTP: launch, register, scale, replace, hooks, standby, delete."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_group_is_spread_over_its_zones_and_registered(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-spread", "ami-1"), 4)
    members = cloud.settled("web", 4)
    assert sorted(Counter(m["AvailabilityZone"] for m in members.values()).values()) == [1, 1, 2]
    assert set(cloud.targets()) == set(members)
    assert {m["HealthStatus"] for m in members.values()} == {"Healthy"}


def test_instances_are_launched_as_the_named_version_says(cloud: Any) -> None:
    iam = cloud.clients.get("iam", "444444444444", "eu-west-1")
    iam.create_instance_profile(InstanceProfileName="web")
    group_id = cloud.ec2.create_security_group(GroupName="web", Description="web", VpcId=cloud.vpc)["GroupId"]
    cloud.ec2.create_key_pair(KeyName="web")
    template = cloud.template("t-data", "ami-old")
    version = cloud.version(
        template,
        "ami-new",
        IamInstanceProfile={"Name": "web"},
        SecurityGroupIds=[group_id],
        KeyName="web",
        UserData="IyEvYmluL3NoCg==",
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12, "VolumeType": "gp3"}}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "tier", "Value": "web"}]}],
    )
    tags = [{"Key": "environment", "Value": "Stage", "PropagateAtLaunch": True}, {"Key": "own", "Value": "group"}]
    cloud.create("web", template, 1, LaunchTemplate={"LaunchTemplateId": template, "Version": version}, Tags=tags)
    (member,) = cloud.settled("web", 1).values()
    (instance,) = cloud.instances(member["InstanceId"])
    assert member["LaunchTemplate"] == {
        "LaunchTemplateId": template,
        "LaunchTemplateName": "t-data",
        "Version": version,
    }
    assert instance["ImageId"] == "ami-new"
    assert instance["KeyName"] == "web"
    assert instance["IamInstanceProfile"]["Arn"].endswith("instance-profile/web")
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert [g["GroupId"] for g in instance["SecurityGroups"]] == [group_id]
    assert [d["DeviceName"] for d in instance["BlockDeviceMappings"]] == ["/dev/xvda"]
    assert {t["Key"]: t["Value"] for t in instance["Tags"]} == {
        "tier": "web",
        "environment": "Stage",
        "aws:autoscaling:groupName": "web",
        "aws:ec2launchtemplate:id": template,
        "aws:ec2launchtemplate:version": version,
    }
    data = cloud.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert data["UserData"]["Value"] == "IyEvYmluL3NoCg=="


def test_a_mixed_instances_policy_gives_template_and_type_and_survives_an_update(cloud: Any) -> None:
    template = cloud.template("t-mixed", "ami-1")
    specification = {"LaunchTemplateId": template, "Version": "$Latest"}
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": specification,
            "Overrides": [{"InstanceType": "m7i.large"}],
        }
    }
    settings = {"VPCZoneIdentifier": ",".join(cloud.zones), "MinSize": 1, "MaxSize": 3}
    cloud.autoscaling.create_auto_scaling_group(AutoScalingGroupName="mixed", MixedInstancesPolicy=policy, **settings)
    cloud.until(lambda: len(cloud.members("mixed")) == 1)
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName="mixed", MaxSize=2)
    assert cloud.group("mixed")["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert {m["InstanceType"] for m in cloud.members("mixed").values()} == {"m7i.large"}


def test_scaling_in_drains_before_it_terminates(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-drain", "ami-1"), 3)
    before = set(cloud.settled("web", 3))
    cloud.health.drain_seconds = 1.0
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    (leaving,) = cloud.until(lambda: set(cloud.members("web", "Terminating")))
    cloud.until(lambda: cloud.targets().get(leaving) == "draining")
    while cloud.targets().get(leaving):
        assert cloud.instances(leaving)[0]["State"]["Name"] == "running"
    cloud.until(lambda: cloud.instances(leaving)[0]["State"]["Name"] == "terminated")
    assert set(cloud.settled("web", 2)) == before - {leaving}


def test_limits_move_the_capacity_and_refuse_what_does_not_fit(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-limits", "ami-1"), 2)
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=3)
    assert cloud.group("web")["DesiredCapacity"] == 3
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, MaxSize=1)
    assert cloud.group("web")["DesiredCapacity"] == 1
    cloud.settled("web", 1)
    for size in (2, -1):
        with pytest.raises(ClientError) as refused:
            cloud.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=size)
        assert code_of(refused) == "ValidationError"


def test_a_terminated_machine_is_replaced(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-lost", "ami-1"), 2)
    before = set(cloud.settled("web", 2))
    lost = before.pop()
    cloud.ec2.terminate_instances(InstanceIds=[lost])
    cloud.until(lambda: lost not in cloud.members("web"))
    after = set(cloud.settled("web", 2))
    assert before < after
    found = cloud.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    (told,) = [a for a in found if a["Description"] == f"Terminating EC2 instance: {lost}"]
    assert "EC2 health check indicating it has been terminated" in told["Cause"]


def test_an_instance_that_its_target_group_calls_unhealthy_is_replaced_after_the_grace_period(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-sick", "ami-sick"), 1, HealthCheckGracePeriod=2)
    (first,) = cloud.settled("web", 1)
    cloud.health.states["ami-sick"] = "unhealthy"
    cloud.until(lambda: first not in {i["InstanceId"] for i in cloud.group("web")["Instances"]})
    cloud.health.states.clear()
    assert first not in cloud.settled("web", 1)
    found = cloud.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    assert any("ELB health check" in a["Cause"] and "ResponseCodeMismatch" in a["Cause"] for a in found)


def test_suspended_processes_are_not_done(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-suspended", "ami-1"), 1)
    cloud.settled("web", 1)
    cloud.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    cloud.groups.wake()
    cloud.autoscaling.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    cloud.settled("web", 2)


def test_termination_through_the_group_shrinks_it_or_replaces(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-terminate", "ami-1"), 2, MinSize=1)
    first, second = cloud.settled("web", 2)
    answer = cloud.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=True
    )
    assert answer["Activity"]["Description"] == f"Terminating EC2 instance: {first}"
    assert set(cloud.settled("web", 1)) == {second}
    with pytest.raises(ClientError, match="minSize"):
        cloud.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=second, ShouldDecrementDesiredCapacity=True
        )
    cloud.autoscaling.terminate_instance_in_auto_scaling_group(InstanceId=second, ShouldDecrementDesiredCapacity=False)
    cloud.until(lambda: second not in cloud.members("web"))
    assert second not in cloud.settled("web", 1)


def test_standby_leaves_the_target_group_and_comes_back(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-standby", "ami-1"), 2)
    first, second = cloud.settled("web", 2)
    group = {"AutoScalingGroupName": "web", "InstanceIds": [first]}
    cloud.autoscaling.enter_standby(**group, ShouldDecrementDesiredCapacity=True)
    cloud.until(lambda: first in cloud.members("web", "Standby"))
    assert (set(cloud.targets()), cloud.group("web")["DesiredCapacity"]) == ({second}, 1)
    cloud.autoscaling.exit_standby(**group)
    assert set(cloud.settled("web", 2)) == {first, second}


def test_a_detached_instance_keeps_running_and_can_be_attached(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-detach", "ami-1"), 2)
    first, second = cloud.settled("web", 2)
    group = {"AutoScalingGroupName": "web", "InstanceIds": [first]}
    cloud.autoscaling.detach_instances(**group, ShouldDecrementDesiredCapacity=True)
    assert set(cloud.settled("web", 1)) == {second}
    (instance,) = cloud.instances(first)
    assert instance["State"]["Name"] == "running"
    assert "aws:autoscaling:groupName" not in {t["Key"] for t in instance["Tags"]}
    cloud.autoscaling.attach_instances(**group)
    assert set(cloud.settled("web", 2)) == {first, second}
    assert "aws:autoscaling:groupName" in {t["Key"] for t in cloud.instances(first)[0]["Tags"]}


def test_a_machine_that_dies_while_it_starts_is_not_replaced_at_full_speed(cloud: Any) -> None:
    hook = {"LifecycleHookName": "ready", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
    cloud.create("dying", cloud.template("t-dying", "ami-1"), 1, LifecycleHookSpecificationList=[hook])
    for _ in range(2):
        (id_,) = cloud.until(lambda: cloud.members("dying", "Pending:Wait"))
        cloud.ec2.terminate_instances(InstanceIds=[id_])
        cloud.until(lambda gone=id_: gone not in {i["InstanceId"] for i in cloud.group("dying")["Instances"]})
    found = cloud.autoscaling.describe_scaling_activities(AutoScalingGroupName="dying")["Activities"]
    newest, oldest = [a for a in found if a["Description"].startswith("Launching")][:2]
    assert (newest["StartTime"] - oldest["StartTime"]).total_seconds() >= 1.0
    assert oldest["StatusCode"] == "Failed"
    assert "User initiated shutdown" in oldest["StatusMessage"]


def test_an_executed_policy_stops_at_the_limits_of_its_group(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-policy", "ami-1"), 1, MaxSize=2)
    cloud.autoscaling.put_scaling_policy(
        AutoScalingGroupName="web", PolicyName="more", AdjustmentType="ChangeInCapacity", ScalingAdjustment=5
    )
    cloud.autoscaling.execute_policy(AutoScalingGroupName="web", PolicyName="more")
    cloud.settled("web", 2)


def test_lifecycle_hooks_hold_an_instance_until_they_are_completed(cloud: Any) -> None:
    hooks = [
        {"LifecycleHookName": name, "LifecycleTransition": f"autoscaling:EC2_INSTANCE_{name.upper()}"}
        for name in ("launching", "terminating")
    ]
    cloud.create("web", cloud.template("t-hooks", "ami-1"), 1, LifecycleHookSpecificationList=hooks)
    (id_,) = cloud.until(lambda: cloud.members("web", "Pending:Wait"))
    action = {"AutoScalingGroupName": "web", "InstanceId": id_, "LifecycleActionResult": "CONTINUE"}
    beat = {"AutoScalingGroupName": "web", "InstanceId": id_, "LifecycleHookName": "launching"}
    cloud.autoscaling.record_lifecycle_action_heartbeat(**beat)
    cloud.autoscaling.complete_lifecycle_action(LifecycleHookName="launching", **action)
    cloud.settled("web", 1)
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=0)
    cloud.until(lambda: id_ in cloud.members("web", "Terminating:Wait"))
    assert id_ not in cloud.targets()
    from rehearsal.groups import records

    assert [records.phase_of("444444444444", "eu-west-1", i) for i in (id_, "i-0")] == ["Terminating:Wait", None]
    cloud.autoscaling.complete_lifecycle_action(LifecycleHookName="terminating", **action)
    cloud.until(lambda: not cloud.group("web")["Instances"])
    with pytest.raises(ClientError, match="No active Lifecycle Action"):
        cloud.autoscaling.complete_lifecycle_action(LifecycleHookName="terminating", **action)


def test_a_refused_launch_is_told_and_tried_again(cloud: Any) -> None:
    profile = {"Name": "comes-later"}
    cloud.create("web", cloud.template("t-refused", "ami-1", IamInstanceProfile=profile), 1)

    def failed() -> list[Any]:
        found = cloud.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
        return [a for a in found if a["StatusCode"] == "Failed"]

    (activity, *_) = cloud.until(failed)
    assert "comes-later" in activity["StatusMessage"]
    cloud.clients.get("iam", "444444444444", "eu-west-1").create_instance_profile(InstanceProfileName="comes-later")
    cloud.settled("web", 1)


def test_a_group_with_instances_is_deleted_only_by_force(cloud: Any) -> None:
    cloud.create("doomed", cloud.template("t-delete", "ami-1"), 2)
    members = cloud.settled("doomed", 2)
    with pytest.raises(ClientError) as refused:
        cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="doomed")
    assert code_of(refused) == "ResourceInUse"
    cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="doomed", ForceDelete=True)
    cloud.until(lambda: not cloud.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"])
    assert {i["State"]["Name"] for i in cloud.instances(*members)} == {"terminated"}
    found = cloud.autoscaling.describe_scaling_activities(AutoScalingGroupName="doomed", IncludeDeletedGroups=True)
    assert len(found["Activities"]) == 4
    assert {a["StatusCode"] for a in found["Activities"]} == {"Successful"}


def test_a_group_at_zero_is_deleted_at_once(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-zero", "ami-1"), 1)
    cloud.settled("web", 1)
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, MaxSize=0, DesiredCapacity=0)
    cloud.until(lambda: not cloud.group("web")["Instances"])
    cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    assert not cloud.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]


@pytest.mark.parametrize(
    "setting",
    [
        {"LaunchConfigurationName": "old"},
        {"PlacementGroup": "near"},
        {"TerminationPolicies": ["arn:aws:lambda:eu-west-1:444444444444:function:mine"]},
        {"HealthCheckType": "VPC_LATTICE"},
        {"DesiredCapacity": 11},
        {"LaunchTemplate": {"LaunchTemplateName": "nobody-made-it"}},
    ],
)
def test_what_is_not_emulated_is_refused(cloud: Any, setting: dict[str, Any]) -> None:
    name = f"t-refuse-{next(iter(setting)).lower()}"
    with pytest.raises(ClientError) as refused:
        cloud.create("web", cloud.template(name, "ami-1"), 1, **setting)
    assert code_of(refused) == "ValidationError"
    assert not cloud.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]


def test_a_second_group_of_the_same_name_is_refused(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-twice", "ami-1"), 0)
    with pytest.raises(ClientError) as refused:
        cloud.create("web", cloud.template("t-twice-2", "ami-1"), 0)
    assert code_of(refused) == "AlreadyExists"


def test_settings_that_moto_drops_are_shown(cloud: Any) -> None:
    kept = {
        "DefaultInstanceWarmup": 7,
        "InstanceMaintenancePolicy": {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110},
        "TerminationPolicies": ["OldestInstance"],
        "HealthCheckGracePeriod": 0,
    }
    cloud.create("web", cloud.template("t-kept", "ami-1"), 0, **kept)
    shown = cloud.group("web")
    assert {name: shown[name] for name in kept} == kept
    cloud.autoscaling.update_auto_scaling_group(AutoScalingGroupName="web", DefaultInstanceWarmup=9)
    assert cloud.group("web")["DefaultInstanceWarmup"] == 9


def test_a_target_group_that_is_attached_or_detached_is_followed(cloud: Any) -> None:
    cloud.create("web", cloud.template("t-attach", "ami-1"), 1, TargetGroupARNs=[], HealthCheckType="EC2")
    cloud.until(lambda: cloud.members("web"))
    arns = {"AutoScalingGroupName": "web", "TargetGroupARNs": [cloud.target_group]}
    cloud.autoscaling.attach_load_balancer_target_groups(**arns)
    cloud.until(lambda: set(cloud.targets()) == set(cloud.members("web")))
    cloud.autoscaling.detach_load_balancer_target_groups(**arns)
    cloud.until(lambda: not cloud.targets())
    assert cloud.members("web")
