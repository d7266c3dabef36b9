"""Property values in the form of botocore's operations."""

from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.resources.cast import Caster, find, fold, member_for, pairs
from rehearsal.resources.errors import ResourceFailed

SESSION = botocore.session.get_session()


def shape(service: str, operation: str) -> Any:
    return SESSION.get_service_model(service).operation_model(operation).input_shape


def cast(service: str, operation: str, value: Any) -> tuple[Any, list[str]]:
    caster = Caster()
    return caster.cast(shape(service, operation), value), caster.dropped


@pytest.mark.parametrize(
    ("service", "operation", "given_value", "expected"),
    [
        ("ec2", "DeleteSecurityGroup", {"GroupId": "g"}, {"GroupId": "g"}),
        ("ec2", "CreateFlowLogs", {"ResourceIds": "v"}, {"ResourceIds": ["v"]}),
        ("ec2", "CreateVpc", {"AmazonProvidedIpv6CidrBlock": "true"}, {"AmazonProvidedIpv6CidrBlock": True}),
        ("autoscaling", "UpdateAutoScalingGroup", {"MinSize": "2"}, {"MinSize": 2}),
        ("iam", "CreateRole", {"AssumeRolePolicyDocument": {"a": 1}}, {"AssumeRolePolicyDocument": '{"a": 1}'}),
        ("kms", "CreateKey", {"Tags": [{"Key": "a", "Value": 1}]}, {"Tags": [{"TagKey": "a", "TagValue": "1"}]}),
        ("sns", "CreateTopic", {"Attributes": {"FifoTopic": True}}, {"Attributes": {"FifoTopic": "true"}}),
        ("ssm", "PutParameter", {"Tags": {"a": "b"}}, {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("logs", "CreateLogGroup", {"Tags": [{"Key": "a", "Value": "b"}]}, {"tags": {"a": "b"}}),
        ("ec2", "DeleteTags", {"Tags": [{"Key": "a"}]}, {"Tags": [{"Key": "a"}]}),
    ],
)
def test_by_example(service: str, operation: str, given_value: Any, expected: Any) -> None:
    assert cast(service, operation, given_value) == (expected, [])


def test_what_has_no_place_is_named_with_its_path() -> None:
    given_value = {"CidrBlock": "c", "Colour": 1, "TagSpecifications": [{"ResourceType": "vpc", "Shade": 2}]}
    made, dropped = cast("ec2", "CreateVpc", given_value)
    assert dropped == ["Colour", "TagSpecifications.Shade"]
    assert made == {"CidrBlock": "c", "TagSpecifications": [{"ResourceType": "vpc"}]}


@pytest.mark.parametrize("value", ["x", 1.5, "2.5", {"a": 1}, [1, 2]])
def test_what_cannot_be_a_number_is_refused_with_its_path(value: Any) -> None:
    with pytest.raises((ResourceFailed, TypeError)):
        cast("autoscaling", "UpdateAutoScalingGroup", {"MinSize": value})


@given(st.integers(-(10**9), 10**9))
def test_numbers_may_come_as_text(number: int) -> None:
    assert cast("autoscaling", "UpdateAutoScalingGroup", {"MinSize": str(number)})[0] == {"MinSize": number}


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=4))
def test_tags_survive_every_spelling(tags: dict[str, str]) -> None:
    as_list = [{"Key": k, "Value": v} for k, v in tags.items()]
    assert dict(pairs(as_list)) == dict(pairs(tags)) == tags
    assert cast("logs", "CreateLogGroup", {"Tags": as_list})[0] == {"tags": tags}
    assert cast("ssm", "PutParameter", {"Tags": tags})[0] == {"Tags": as_list}


@given(st.sampled_from(sorted(shape("ec2", "CreateVpc").members)), st.booleans())
def test_every_member_is_found_in_any_case(name: str, upper: bool) -> None:
    assert member_for(shape("ec2", "CreateVpc"), name.upper() if upper else name.lower()) == name
    assert fold(name) == fold(name.upper())


def test_plurals_are_found_where_the_api_has_a_list() -> None:
    assert member_for(shape("ec2", "CreateFlowLogs"), "ResourceId") == "ResourceIds"
    assert member_for(shape("ec2", "CreateVpc"), "Colour") is None


def test_find_takes_the_nearest_key_and_never_the_metadata_of_the_response() -> None:
    answer = {"ResponseMetadata": {"Arn": "no"}, "Deep": {"Deeper": {"Arn": "far"}}, "Role": {"Arn": "near"}}
    assert find(answer, "arn") == "near"
    assert find(answer, "nope") is None
