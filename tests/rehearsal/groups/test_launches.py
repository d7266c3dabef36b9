"""From a launch template's version to a RunInstances request, pure."""

import base64
from collections.abc import Mapping
from typing import Any

import boto3
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.groups.launches import LaunchData, launch_data, run_arguments
from rehearsal.groups.model import Source, Subnet

SHAPE = (
    boto3.session.Session()
    .client("ec2", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    .meta.service_model.operation_model("RunInstances")
    .input_shape
)
SUBNET = Subnet("subnet-1", "eu-west-1a")
DATA: dict[str, Any] = {
    "ImageId": "ami-1",
    "InstanceType": "t3.small",
    "IamInstanceProfile": {"Arn": "arn:aws:iam::444444444444:instance-profile/web"},
    "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
    "MetadataOptions": {"State": "applied", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    "SecurityGroupIds": ["sg-1"],
    "TagSpecifications": [
        {"ResourceType": "launch-template", "Tags": [{"Key": "own", "Value": "tag"}]},
        {"ResourceType": "instance", "Tags": [{"Key": "tier", "Value": "web"}, {"Key": "Name", "Value": "template"}]},
        {"ResourceType": "volume", "Tags": [{"Key": "tier", "Value": "web"}]},
    ],
}


def resolved(data: Mapping[str, Any], number: int = 1, types: tuple[str, ...] = ()) -> LaunchData:
    version = {
        "LaunchTemplateId": "lt-1",
        "LaunchTemplateName": "web",
        "VersionNumber": number,
        "LaunchTemplateData": data,
    }
    return launch_data(version, Source("lt-1", str(number), types), SHAPE)


def test_everything_of_the_template_reaches_the_request() -> None:
    request = run_arguments(resolved(DATA), SUBNET, "web", {"Name": "group"})
    assert request["SubnetId"] == "subnet-1"
    assert request["IamInstanceProfile"] == DATA["IamInstanceProfile"]
    assert request["UserData"] == b"#!/bin/sh\n"
    assert request["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert request["SecurityGroupIds"] == ["sg-1"]
    assert request["LaunchTemplate"] == {"LaunchTemplateId": "lt-1", "Version": "1"}
    tags = {t["ResourceType"]: {p["Key"]: p["Value"] for p in t["Tags"]} for t in request["TagSpecifications"]}
    assert tags == {
        "instance": {"tier": "web", "Name": "group", "aws:autoscaling:groupName": "web"},
        "volume": {"tier": "web"},
    }


def test_with_a_network_interface_the_subnet_is_named_there() -> None:
    data = {"ImageId": "ami-1", "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-1"]}]}
    request = run_arguments(resolved(data), SUBNET, "web", {})
    assert "SubnetId" not in request
    assert request["NetworkInterfaces"] == [{"DeviceIndex": 0, "Groups": ["sg-1"], "SubnetId": "subnet-1"}]


def test_an_override_gives_the_instance_type() -> None:
    overridden = resolved(DATA, types=("m7i.large",))
    assert overridden.arguments["InstanceType"] == "m7i.large"
    assert overridden.fingerprint != resolved(DATA).fingerprint


def test_versions_with_the_same_data_are_the_same() -> None:
    without_own_tags = {**DATA, "TagSpecifications": DATA["TagSpecifications"][1:]}
    assert resolved(DATA, 1).fingerprint == resolved(without_own_tags, 3).fingerprint


@given(st.sampled_from(["ImageId", "InstanceType", "UserData", "KeyName"]), st.text("abc=", min_size=4, max_size=4))
def test_a_change_of_the_data_changes_the_fingerprint(name: str, value: str) -> None:
    value = base64.b64encode(value.encode()).decode()
    assert resolved({**DATA, name: value}).fingerprint != resolved(DATA).fingerprint
