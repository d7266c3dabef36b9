"""Properties against the provider schemas."""

from typing import Any

import pytest

from provider_schemas import schema
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.validation import validate, validate_update_policy

GROUP = "AWS::AutoScaling::AutoScalingGroup"


def problem(type_name: str, properties: Any) -> str:
    with pytest.raises(ResourceFailed) as caught:
        validate(schema("eu-west-1", f"AWS::{type_name}"), properties)
    return str(caught.value)


@pytest.mark.parametrize(
    ("type_name", "properties", "said"),
    [
        ("EC2::Subnet", {"CidrBlock": "10.0.0.0/24"}, "#: required key [VpcId] not found"),
        ("SNS::Topic", {"Colour": "red"}, "#: extraneous key [Colour] is not permitted"),
        ("SNS::Topic", {"Subscription": [{"Protocol": "email", "Colour": 1}]}, "#/Subscription/0"),
        ("SNS::Topic", {"Tags": {"a": "b"}}, "expected type: Array, found: JSONObject"),
        ("EC2::VPC", {"CidrBlock": ["a"]}, "expected type: String, found: JSONArray"),
        ("S3::Bucket", {"VersioningConfiguration": {"Status": "On"}}, "On is not a valid enum value"),
        ("S3::Bucket", {"VersioningConfiguration": "Enabled"}, "expected type"),
        ("EC2::Subnet", {"VpcId": "v", "MapPublicIpOnLaunch": "perhaps"}, "expected type: Boolean, found: perhaps"),
        ("Logs::LogGroup", {"RetentionInDays": "soon"}, "soon"),
        ("Logs::LogGroup", {"LogGroupName": "a b"}, "does not match pattern"),
        ("KMS::Key", {"PendingWindowInDays": 3}, "3 is not greater or equal to 7"),
        ("KMS::Key", {"Description": "x" * 9000}, "expected maxLength: 8192"),
        ("EC2::VPC", {"VpcId": "vpc-1"}, "VpcId is read-only"),
    ],
)
def test_problems_by_example(type_name: str, properties: Any, said: str) -> None:
    assert said in problem(type_name, properties)


def test_all_problems_are_told_at_once() -> None:
    said = problem("EC2::Subnet", {"Colour": 1, "MapPublicIpOnLaunch": "x"})
    assert all(word in said for word in ("Colour", "MapPublicIpOnLaunch", "VpcId"))


@pytest.mark.parametrize(
    ("type_name", "properties"),
    [
        ("EC2::Subnet", {"VpcId": "v", "CidrBlock": "10.0.0.0/24", "MapPublicIpOnLaunch": "true"}),
        ("Logs::LogGroup", {"RetentionInDays": "7"}),
        ("SSM::Parameter", {"Type": "String", "Value": "x", "Tags": {"a": "b"}}),
        ("IAM::ManagedPolicy", {"PolicyDocument": {"Version": "2012-10-17", "Statement": []}}),
        ("IAM::ManagedPolicy", {"PolicyDocument": '{"Version": "2012-10-17"}'}),
    ],
)
def test_what_cloudformation_takes_is_taken(type_name: str, properties: Any) -> None:
    validate(schema("eu-west-1", f"AWS::{type_name}"), properties)


def test_update_policies_are_checked_too() -> None:
    validate_update_policy(GROUP, {"AutoScalingInstanceRefresh": {"Strategy": "Rolling"}})
    for policy, said in (
        ({"AutoScalingInstanceRefresh": {}}, "required key [Strategy]"),
        ({"AutoScalingInstanceRefresh": {"Strategy": "Quick"}}, "Quick is not a valid enum value"),
        (
            {"AutoScalingInstanceRefresh": {"Strategy": "Rolling", "Preferences": {"MinHealthyPercentage": 101}}},
            "101 is not less or equal to 100",
        ),
    ):
        with pytest.raises(ResourceFailed) as caught:
            validate_update_policy(GROUP, policy)
        assert said in str(caught.value)
    with pytest.raises(ResourceFailed, match="UpdatePolicy of AWS::SNS::Topic"):
        validate_update_policy("AWS::SNS::Topic", {"X": {}})
