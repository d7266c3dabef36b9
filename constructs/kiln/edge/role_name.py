"""Names by role: what a client looks for stays the same whatever stands behind it.

`database.stage.example.internal` is the writer of today; who is promoted or restored gets the name, and nobody who uses
it is deployed anew.
"""

from aws_cdk import aws_route53 as route53
from constructs import Construct

from kiln.edge.hosted_zone import Zone, require_inside
from kiln.refusal import require_between

TTL_SECONDS = 60
"""For how long a client may go on with the old one after a change."""
LONGEST_TTL_SECONDS = 2**31 - 1
"""https://www.rfc-editor.org/rfc/rfc2181#section-8"""


class RoleName(Construct):
    """A name that stands for another name (CNAME).

    Args:
        zone: in which the name is.
        domain_name: the whole of it, such as `f"database.{zone.name}"`; may be a token.
        target: the name behind it; may be a token.
        ttl_seconds: for which a client may keep the answer.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        zone: Zone,
        domain_name: str,
        target: str,
        ttl_seconds: float = TTL_SECONDS,
    ) -> None:
        super().__init__(scope, construct_id)
        require_inside(self, "domain_name", domain_name, zone)
        require_between(self, "ttl_seconds", ttl_seconds, 1, LONGEST_TTL_SECONDS, "seconds")
        route53.CfnRecordSet(
            self,
            "Resource",
            hosted_zone_id=zone.zone_id,
            name=domain_name,
            type="CNAME",
            ttl=str(ttl_seconds),
            resource_records=[target],
        )


class AliasName(Construct):
    """A name that answers with the addresses of a load balancer or distribution; also for the name of the zone itself.

    Args:
        zone: in which the name is.
        domain_name: the whole of it; may be a token.
        target: the DNS name of the load balancer or distribution; may be a token.
        target_zone_id: the zone of that name, which is AWS's; may be a token.
        has_ipv6: whether the target has IPv6 addresses too.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        zone: Zone,
        domain_name: str,
        target: str,
        target_zone_id: str,
        has_ipv6: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        require_inside(self, "domain_name", domain_name, zone)
        alias = route53.CfnRecordSet.AliasTargetProperty(dns_name=target, hosted_zone_id=target_zone_id)
        for record_type in ("A", "AAAA") if has_ipv6 else ("A",):
            route53.CfnRecordSet(
                self,
                record_type,
                hosted_zone_id=zone.zone_id,
                name=domain_name,
                type=record_type,
                alias_target=alias,
            )
