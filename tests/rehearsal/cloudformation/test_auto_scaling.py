"""Groups in stacks, with Kiln's own rules of Auto Scaling behind them; target health is what the image's name says."""

import itertools
import time
from typing import Any

import pytest

from tests.rehearsal.cloudformation.pieces import Json
from tests.rehearsal.cloudformation.test_resource_types import NETWORK, of

GRACE_SECONDS = 2
IMAGES = itertools.count(1)


def image(embedded: Any, kind: str) -> str:
    """A new image; instances of a "sick" one never pass a health check."""
    found = embedded.client("ec2").register_image(Name=f"{kind}-{next(IMAGES)}", RootDeviceName="/dev/xvda")
    return str(found["ImageId"])


def template(image_id: str, minimum: int = 2, **group: Any) -> Json:
    policy = {
        "AutoScalingInstanceRefresh": {
            "Strategy": "Rolling",
            "Preferences": {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150, "InstanceWarmup": 0},
        },
        "AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": True},
    }
    launched = {"LaunchTemplateId": {"Ref": "L"}, "Version": {"Fn::GetAtt": ["L", "LatestVersionNumber"]}}
    properties = {
        "MinSize": str(minimum),
        "MaxSize": "4",
        "VPCZoneIdentifier": [{"Ref": "S"}, {"Ref": "S2"}],
        "LaunchTemplate": launched,
        "TargetGroupARNs": [{"Ref": "TG"}],
        "HealthCheckType": "ELB",
        "HealthCheckGracePeriod": GRACE_SECONDS,
        "Tags": [{"Key": "own", "Value": "1", "PropagateAtLaunch": True}],
        **group,
    }
    return {
        "Resources": {
            **NETWORK,
            "TG": of("ElasticLoadBalancingV2::TargetGroup", VpcId={"Ref": "V"}, Port=8080, Protocol="HTTP"),
            "L": of("EC2::LaunchTemplate", LaunchTemplateData={"ImageId": image_id, "InstanceType": "t3.micro"}),
            "A": {**of("AutoScaling::AutoScalingGroup", **properties), "UpdatePolicy": policy},
        }
    }


def group(embedded: Any, name: str) -> Json:
    found = embedded.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[embedded.physical_id(name, "A")]
    )
    described: Json = found["AutoScalingGroups"][0]
    return described


def images(embedded: Any, name: str) -> list[str]:
    """The images of the instances that serve."""
    members = [i["InstanceId"] for i in group(embedded, name)["Instances"] if i["LifecycleState"] == "InService"]
    found = embedded.client("ec2").describe_instances(InstanceIds=members)["Reservations"]
    return [str(i["ImageId"]) for r in found for i in r["Instances"]]


@pytest.fixture
def stack(embedded: Any, name: str) -> Any:
    """A stack with a group of two healthy instances; deleted afterwards."""
    healthy = image(embedded, "well")
    made = embedded.create(name, template(healthy), Tags=[{"Key": "of", "Value": "stack"}])
    assert made["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(made["StackId"])
    yield name, healthy
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_group_is_complete_when_its_instances_serve_and_carries_the_stacks_tags(embedded: Any, stack: Any) -> None:
    name, healthy = stack
    assert images(embedded, name) == [healthy, healthy]
    tags = {t["Key"]: (t["Value"], t["PropagateAtLaunch"]) for t in group(embedded, name)["Tags"]}
    assert tags == {"own": ("1", True), "of": ("stack", True)}


def test_a_new_image_is_rolled_out_by_an_instance_refresh_whose_progress_the_events_tell(
    embedded: Any, stack: Any
) -> None:
    name, _ = stack
    other = image(embedded, "well")
    before = embedded.physical_id(name, "A")
    assert embedded.update(name, template(other))["StackStatus"] == "UPDATE_COMPLETE"
    assert images(embedded, name) == [other, other]
    assert embedded.physical_id(name, "A") == before
    told = [e.get("ResourceStatusReason", "") for e in embedded.events(name) if e["LogicalResourceId"] == "A"]
    assert any("Instance refresh" in text and "started" in text for text in told)
    assert any("Successful, 100% complete" in text for text in told)


def test_an_image_that_never_gets_healthy_is_rolled_back_and_the_old_instances_stay(embedded: Any, stack: Any) -> None:
    name, healthy = stack
    members = {i["InstanceId"] for i in group(embedded, name)["Instances"]}
    done = embedded.update(name, template(image(embedded, "sick")))
    assert done["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Health checks failed" in embedded.reasons(name)
    assert {i["InstanceId"] for i in group(embedded, name)["Instances"]} == members
    assert images(embedded, name) == [healthy, healthy]
    # The same good template again: nothing is left to do, so the failure has left nothing behind.
    assert "No updates are to be performed" in embedded.refusal(
        "update_stack", StackName=name, UsePreviousTemplate=True
    )


def test_a_failed_refresh_that_was_left_standing_is_tried_again_by_the_same_template(embedded: Any, stack: Any) -> None:
    name, healthy = stack
    sick = template(image(embedded, "sick"))
    assert embedded.update(name, sick, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    assert embedded.update(name, sick, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    assert embedded.update(name, template(healthy))["StackStatus"] == "UPDATE_COMPLETE"
    assert images(embedded, name) == [healthy, healthy]


def test_sizes_that_somebody_has_set_are_left_alone_as_long_as_the_template_does_not_change_them(
    embedded: Any, stack: Any
) -> None:
    name, healthy = stack
    autoscaling = embedded.client("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=embedded.physical_id(name, "A"), MinSize=3)
    changed = template(healthy, HealthCheckGracePeriod=GRACE_SECONDS + 1)
    assert embedded.update(name, changed)["StackStatus"] == "UPDATE_COMPLETE"
    assert group(embedded, name)["MinSize"] == 3
    assert embedded.update(name, template(healthy, minimum=1))["StackStatus"] == "UPDATE_COMPLETE"
    assert group(embedded, name)["MinSize"] == 1


def test_a_larger_minimum_is_complete_when_the_new_instances_serve(embedded: Any, stack: Any) -> None:
    name, healthy = stack
    assert embedded.update(name, template(healthy, minimum=3))["StackStatus"] == "UPDATE_COMPLETE"
    assert images(embedded, name) == [healthy] * 3


def test_hooks_and_policies_of_a_group(embedded: Any, stack: Any) -> None:
    name, healthy = stack

    def with_hook(seconds: int) -> Json:
        found = template(healthy)
        found["Resources"]["H"] = of(
            "AutoScaling::LifecycleHook",
            AutoScalingGroupName={"Ref": "A"},
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
            HeartbeatTimeout=seconds,
        )
        found["Resources"]["P"] = of(
            "AutoScaling::ScalingPolicy",
            AutoScalingGroupName={"Ref": "A"},
            PolicyType="TargetTrackingScaling",
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": seconds,
            },
        )
        return found

    def read() -> tuple[int, float]:
        client, identifier = embedded.client("autoscaling"), embedded.physical_id(name, "A")
        hook = client.describe_lifecycle_hooks(AutoScalingGroupName=identifier)["LifecycleHooks"][0]
        policy = client.describe_policies(AutoScalingGroupName=identifier)["ScalingPolicies"][0]
        return hook["HeartbeatTimeout"], policy["TargetTrackingConfiguration"]["TargetValue"]

    for seconds in (40, 50):
        done = embedded.update(name, with_hook(seconds))
        assert done["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
        assert read() == (seconds, seconds)
    assert embedded.update(name, template(healthy))["StackStatus"] == "UPDATE_COMPLETE"


def test_deleting_a_group_waits_until_its_machines_are_gone(embedded: Any, name: str) -> None:
    made = embedded.create(name, template(image(embedded, "well")))
    members = [i["InstanceId"] for i in group(embedded, name)["Instances"]]
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"
    found = embedded.client("ec2").describe_instances(InstanceIds=members)["Reservations"]
    assert {i["State"]["Name"] for r in found for i in r["Instances"]} == {"terminated"}
    gone = [
        e["LogicalResourceId"]
        for e in reversed(embedded.events(made["StackId"]))
        if e["ResourceStatus"] == "DELETE_COMPLETE"
    ]
    assert gone.index("A") < min(gone.index("L"), gone.index("TG"), gone.index("S"))


@pytest.mark.long  # waits for the whole limit of a group that does not get healthy: LAUNCH_SECONDS and its grace period
def test_a_group_whose_instances_never_get_healthy_fails_and_is_rolled_back(embedded: Any, name: str) -> None:
    began = time.monotonic()
    done = embedded.create(name, template(image(embedded, "sick")))
    assert done["StackStatus"] == "ROLLBACK_COMPLETE"
    assert time.monotonic() - began < 120
    assert "Group did not stabilize" in embedded.reasons(done["StackId"])
