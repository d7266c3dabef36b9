"""A public certificate that Certificate Manager renews by itself as long as its DNS record stays."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from constructs import Construct

NO_HOSTED_ZONE = "none"


class DnsValidatedCertificate(Construct):
    """A certificate for one domain name, validated by DNS.

    Args:
        domain_name: may be a token.
        hosted_zone_id: the Route 53 zone of the domain in the same account; CloudFormation writes the validation
            record there. With `NO_HOSTED_ZONE` the deployment waits until somebody has written it elsewhere.
            May be a token.
    """

    def __init__(self, scope: Construct, construct_id: str, *, domain_name: str, hosted_zone_id: str) -> None:
        super().__init__(scope, construct_id)
        no_zone = cdk.Fn.condition_equals(hosted_zone_id, NO_HOSTED_ZONE)
        has_zone = cdk.CfnCondition(self, "HasHostedZone", expression=cdk.Fn.condition_not(no_zone))
        options = {"DomainName": domain_name, "HostedZoneId": hosted_zone_id}
        certificate = acm.CfnCertificate(self, "Certificate", domain_name=domain_name, validation_method="DNS")
        certificate.add_property_override(
            "DomainValidationOptions", cdk.Fn.condition_if(has_zone.logical_id, [options], cdk.Aws.NO_VALUE)
        )
        self.arn = certificate.ref
