from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from kiln.certificate import NO_HOSTED_ZONE, DnsValidatedCertificate


def test_the_validation_record_is_left_to_others_where_there_is_no_hosted_zone(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        zone = cdk.CfnParameter(stack, "Zone").value_as_string
        DnsValidatedCertificate(stack, "Certificate", domain_name="a.example", hosted_zone_id=zone)

    made = template(build)
    [(condition, expression)] = made.to_json()["Conditions"].items()
    assert expression == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Zone"}, NO_HOSTED_ZONE]}]}
    record = {"DomainName": "a.example", "HostedZoneId": {"Ref": "Zone"}}
    made.has_resource_properties(
        "AWS::CertificateManager::Certificate",
        {
            "DomainName": "a.example",
            "ValidationMethod": "DNS",
            "DomainValidationOptions": {"Fn::If": [condition, [record], {"Ref": "AWS::NoValue"}]},
        },
    )
