"""A public certificate that Certificate Manager renews by itself as long as its DNS record stays.

It begins to renew 60 days before the end; when it has not managed to in a fortnight, somebody is told. See
https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

from aws_cdk import aws_certificatemanager as acm
from constructs import Construct

from kiln.edge.hosted_zone import Zone, require_inside
from kiln.operations.alarm import Alarm, Comparison, Missing
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import require_between

RENEWAL_BEGINS_DAYS = 60
DAY_SECONDS = 24 * 60 * 60


class DnsValidatedCertificate(Construct):
    """A certificate for one domain name, validated by a record that CloudFormation writes; `.arn` is a token.

    Args:
        domain_name: may be a token.
        zone: public, of the domain, in the same account. A deployment waits until the parent domain delegates to it.
        topics: see `Topics`.
        warning_days: before the end of the certificate, 1 to 59.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        zone: Zone,
        topics: Topics,
        warning_days: float = 45,
    ) -> None:
        super().__init__(scope, construct_id)
        require_inside(self, "domain_name", domain_name, zone)
        require_between(self, "warning_days", warning_days, 1, RENEWAL_BEGINS_DAYS - 1, "days")
        certificate = acm.CfnCertificate(
            self,
            "Certificate",
            domain_name=domain_name,
            validation_method="DNS",
            domain_validation_options=[
                acm.CfnCertificate.DomainValidationOptionProperty(domain_name=domain_name, hosted_zone_id=zone.zone_id)
            ],
        )
        self.arn: str = certificate.ref
        Alarm(
            self,
            "Expiry",
            metric=Metric(
                "AWS/CertificateManager", "DaysToExpiry", {"CertificateArn": self.arn}, "Minimum", DAY_SECONDS
            ),
            threshold=warning_days,
            comparison=Comparison.AT_MOST,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                f"The certificate was not renewed by itself and ends within {warning_days} days. Look whether its "
                "validation record is still in the public zone, and whether the parent domain still delegates to it."
            ),
            # There is a value once a day at most, and none for a certificate of which ACM has not yet counted the days.
            missing=Missing.CHANGES_NOTHING,
        )
