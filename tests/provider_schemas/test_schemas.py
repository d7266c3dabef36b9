"""Decisions by CloudFormation's own provider schemas."""

from typing import Any

import pytest

from provider_schemas import ProviderSchema, schema

REGION = "eu-west-1"


def of(type_name: str) -> ProviderSchema:
    found = schema(REGION, f"AWS::{type_name}")
    assert found is not None
    return found


def needed(type_name: str, before: dict[str, Any], after: dict[str, Any]) -> tuple[str, set[str]]:
    changed = {k for k in {*before, *after} if before.get(k) != after.get(k)}
    found = of(type_name).replacement(changed, before, after)
    return found.needed, set(found.because)


@pytest.mark.parametrize(
    ("type_name", "before", "after", "expected"),
    [
        ("EC2::VPC", {"CidrBlock": "a"}, {"CidrBlock": "b"}, ("True", {"CidrBlock"})),
        ("EC2::VPC", {"EnableDnsSupport": 1}, {"EnableDnsSupport": 0}, ("False", {"EnableDnsSupport"})),
        ("EC2::VPC", {"InstanceTenancy": "a"}, {"InstanceTenancy": "b"}, ("Conditional", {"InstanceTenancy"})),
        ("EC2::VPC", {"CidrBlock": "a", "Tags": 1}, {"CidrBlock": "b", "Tags": 2}, ("True", {"CidrBlock"})),
        ("IAM::Role", {"RoleName": "a"}, {"RoleName": "b"}, ("True", {"RoleName"})),
        ("IAM::Role", {}, {"Description": "b"}, ("False", {"Description"})),
        (
            "EC2::LaunchTemplate",
            {"LaunchTemplateData": 1},
            {"LaunchTemplateData": 2},
            ("False", {"LaunchTemplateData"}),
        ),
        ("SSM::Parameter", {"Name": "a"}, {}, ("True", {"Name"})),
        ("ElasticLoadBalancingV2::TargetGroup", {"Port": 1}, {"Port": 2}, ("True", {"Port"})),
        # A part of a property that cannot change makes the whole a replacement only when that part changes.
        (
            "EC2::VPCEndpoint",
            {"DnsOptions": {"DnsRecordIpType": "ipv4", "PrivateDnsPreference": "x"}},
            {"DnsOptions": {"DnsRecordIpType": "ipv6", "PrivateDnsPreference": "x"}},
            ("False", {"DnsOptions"}),
        ),
        (
            "EC2::VPCEndpoint",
            {"DnsOptions": {"PrivateDnsPreference": "x"}},
            {"DnsOptions": {"PrivateDnsPreference": "y"}},
            ("True", {"DnsOptions"}),
        ),
    ],
)
def test_replacement_by_example(type_name: str, before: Any, after: Any, expected: tuple[str, set[str]]) -> None:
    assert needed(type_name, before, after) == expected


def test_the_tag_property_is_where_the_schema_says() -> None:
    assert of("EC2::VPC").tag_property == "Tags"
    assert of("IAM::InstanceProfile").tag_property is None
    assert of("EC2::LaunchTemplate").tag_property is None
    assert (of("SSM::Parameter").tags_are_a_map(), of("EC2::VPC").tags_are_a_map()) == (True, False)


def test_a_type_that_cloudformation_does_not_have_has_no_schema() -> None:
    assert schema(REGION, "AWS::Strange::Thing") is None
