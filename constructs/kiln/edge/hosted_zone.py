"""Zones of names: a public one that the parent domain delegates to, and a private one that only a VPC sees."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from constructs import Construct

from kiln.exemption import exempt
from kiln.refusal import refuse

CERTIFICATE_AUTHORITY = '0 issue "amazon.com"'
"""https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html"""
CAA_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Zone:
    """A hosted zone, as whoever puts a name into it knows it; both may be tokens.

    Args:
        zone_id: Route 53's.
        name: `example.com`, without a dot at the end.
    """

    zone_id: str
    name: str


def require_inside(construct: Construct, name: str, domain_name: str, zone: Zone) -> None:
    """Refuse a name that is not in the zone, where both are known. Raises `WrongProperty`."""
    if cdk.Token.is_unresolved(domain_name) or cdk.Token.is_unresolved(zone.name):
        return
    if domain_name != zone.name and not domain_name.endswith(f".{zone.name}"):
        raise refuse(construct, name, found=domain_name, expected=f"{zone.name} or a name that ends in .{zone.name}")


class PublicZone(Construct):
    """A zone that the whole Internet can ask, in which only Amazon may issue certificates; `.zone` is what others need.

    It outlives its stack: a new zone has new name servers, and the parent domain names the old ones. `.name_servers` is
    what somebody has to write there once, as NS records.

    Args:
        domain_name: may be a token.
        query_log_group_arn: of a log group in us-east-1, where Route 53 writes each query; may be a token.
        no_query_log_reason: instead of it, why nobody needs to know who asked for what.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        query_log_group_arn: str | None = None,
        no_query_log_reason: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if (query_log_group_arn is None) == (no_query_log_reason is None):
            given = "neither" if query_log_group_arn is None else "both"
            expected = "a log group in us-east-1, or a reason (no_query_log_reason) for having none"
            raise refuse(self, "query_log_group_arn", found=given, expected=expected)
        zone = route53.CfnHostedZone(self, "Resource", name=domain_name)
        zone.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        if query_log_group_arn:
            zone.query_logging_config = route53.CfnHostedZone.QueryLoggingConfigProperty(
                cloud_watch_logs_log_group_arn=query_log_group_arn
            )
        if no_query_log_reason:
            exempt(zone, "public-zone-logs-queries", no_query_log_reason)
        route53.CfnRecordSet(
            self,
            "CertificateAuthority",
            hosted_zone_id=zone.ref,
            name=domain_name,
            type="CAA",
            ttl=str(CAA_SECONDS),
            resource_records=[CERTIFICATE_AUTHORITY],
        )
        self.zone = Zone(zone.ref, domain_name)
        self.name_servers: list[str] = list(zone.attr_name_servers)


class PrivateZone(Construct):
    """A zone that only one VPC can ask; `.zone` is what others need. It goes with its stack.

    Args:
        domain_name: may be a token.
        vpc_id: in the same region; may be a token.
    """

    def __init__(self, scope: Construct, construct_id: str, *, domain_name: str, vpc_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = route53.CfnHostedZone.VPCProperty(vpc_id=vpc_id, vpc_region=cdk.Aws.REGION)
        zone = route53.CfnHostedZone(self, "Resource", name=domain_name, vpcs=[vpc])
        self.zone = Zone(zone.ref, domain_name)
