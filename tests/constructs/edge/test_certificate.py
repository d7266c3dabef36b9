from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.edge.certificate import DnsValidatedCertificate
from kiln.edge.hosted_zone import Zone
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")
ZONE = Zone("Z1", "example.com")


def test_cloudformation_writes_the_validation_record_into_the_zone(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        name, zone_id = (cdk.CfnParameter(stack, key).value_as_string for key in ("Name", "Zone"))
        DnsValidatedCertificate(stack, "Certificate", domain_name=name, zone=Zone(zone_id, name), topics=TOPICS)

    template(build).has_resource_properties(
        "AWS::CertificateManager::Certificate",
        {
            "DomainName": {"Ref": "Name"},
            "ValidationMethod": "DNS",
            "DomainValidationOptions": [{"DomainName": {"Ref": "Name"}, "HostedZoneId": {"Ref": "Zone"}}],
        },
    )


def test_somebody_is_told_while_there_is_time(template: Callable[..., Any]) -> None:
    made = template(
        lambda stack: DnsValidatedCertificate(stack, "C", domain_name="a.example.com", zone=ZONE, topics=TOPICS)
    )
    [certificate] = made.find_resources("AWS::CertificateManager::Certificate")
    made.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "DaysToExpiry",
            "Dimensions": [{"Name": "CertificateArn", "Value": {"Ref": certificate}}],
            "Statistic": "Minimum",
            "Period": 86400,
            "Threshold": 45,
            "ComparisonOperator": "LessThanOrEqualToThreshold",
            "AlarmActions": ["arn:warning"],
        },
    )


def test_a_domain_outside_the_zone_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match=r"Stack/C: domain_name is 'example.org'; expected example.com or a name"):
        template(lambda stack: DnsValidatedCertificate(stack, "C", domain_name="example.org", zone=ZONE, topics=TOPICS))


@pytest.mark.parametrize("days", [0, 60])
def test_a_warning_that_is_too_late_or_before_the_renewal_is_refused(template: Callable[..., Any], days: int) -> None:
    with pytest.raises(WrongProperty, match=f"warning_days is {days}; expected 1 to 59 days"):
        template(
            lambda stack: DnsValidatedCertificate(
                stack, "C", domain_name="example.com", zone=ZONE, topics=TOPICS, warning_days=days
            )
        )
