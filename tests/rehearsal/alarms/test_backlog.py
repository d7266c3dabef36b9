"""With real guests: a group grows with the backlog of its queue, and shrinks when the queue is drained."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from console.progress import Progress
from rehearsal import pace
from rehearsal.guests import base_image
from rehearsal.up import down, up

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="starts guests, which needs root: sudo make test"),
]

LIMIT_SECONDS = 120.0
PACE = 30  # a minute is two seconds: three for growing are six, fifteen for shrinking are thirty


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[str], Any]]:
    """Makes clients of one account of a rehearsal whose alarms are in a hurry."""
    name, patch = f"a{os.getpid()}", pytest.MonkeyPatch()
    patch.setenv(pace.VARIABLE, str(PACE))
    state = up(name, 0, False, Progress())
    account = state.accounts[0]

    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=state.identity.url,
            region_name=account.region,
            aws_access_key_id=account.access_key_id,
            aws_secret_access_key=account.secret_access_key,
        )

    try:
        yield make
    finally:
        down(name)
        patch.undo()


def until(found: Callable[[], Any], what: Callable[[], Any]) -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while not found():
        assert time.monotonic() < end, f"not within {LIMIT_SECONDS} s: {what()}"
        time.sleep(0.5)


@pytest.mark.long
def test_a_group_follows_the_backlog_of_its_queue(client: Callable[[str], Any]) -> None:
    ec2, api, sqs, cloudwatch = (client(s) for s in ("ec2", "autoscaling", "sqs", "cloudwatch"))
    vpc = ec2.create_vpc(CidrBlock="10.113.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.113.0.0/24")["Subnet"]["SubnetId"]
    data = {"ImageId": base_image.image_id(ec2.meta.region_name), "InstanceType": "t3.small"}
    template = ec2.create_launch_template(LaunchTemplateName="worker", LaunchTemplateData=data)["LaunchTemplate"]
    api.create_auto_scaling_group(
        AutoScalingGroupName="worker",
        MinSize=1,
        MaxSize=3,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
        DefaultInstanceWarmup=30,
    )
    api.enable_metrics_collection(AutoScalingGroupName="worker", Granularity="1Minute")
    queue = sqs.create_queue(QueueName="work")["QueueUrl"]
    api.put_scaling_policy(
        AutoScalingGroupName="worker",
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "CustomizedMetricSpecification": {
                "Metrics": [
                    metric("m1", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "work"),
                    metric("m2", "AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", "worker"),
                    {"Id": "e1", "Expression": "IF(m2 > 0, m1 / m2, m1)", "ReturnData": True},
                ]
            },
            "TargetValue": 4,
        },
    )

    def group() -> Any:
        return api.describe_auto_scaling_groups(AutoScalingGroupNames=["worker"])["AutoScalingGroups"][0]

    def serving() -> list[str]:
        return [i["InstanceId"] for i in group()["Instances"] if i["LifecycleState"] == "InService"]

    def told() -> Any:
        return group(), cloudwatch.describe_alarms()["MetricAlarms"]

    until(lambda: len(serving()) == 1, told)
    for number in range(11):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    until(lambda: len(serving()) == 3, told)
    grown = serving()
    found = ec2.describe_instances(InstanceIds=grown)["Reservations"]
    assert [i["State"]["Name"] for r in found for i in r["Instances"]] == ["running"] * 3
    sqs.purge_queue(QueueUrl=queue)
    until(lambda: len(group()["Instances"]) == 1, told)
    causes = [a["Cause"] for a in api.describe_scaling_activities(AutoScalingGroupName="worker")["Activities"]]
    assert any("AlarmHigh" in c and "from 1 to 3" in c and "increasing the capacity" in c for c in causes), causes
    assert any("AlarmLow" in c and "from 3 to 1" in c and "shrinking the capacity" in c for c in causes), causes
    loads = cloudwatch.list_metrics(Namespace="AWS/EC2", MetricName="CPUUtilization")["Metrics"]
    assert {"Name": "AutoScalingGroupName", "Value": "worker"} in [m["Dimensions"][0] for m in loads]


def metric(id_: str, namespace: str, name: str, dimension: str, value: str) -> dict[str, Any]:
    watched = {"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": dimension, "Value": value}]}
    return {"Id": id_, "MetricStat": {"Metric": watched, "Stat": "Average"}, "ReturnData": False}
