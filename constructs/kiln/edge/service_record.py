"""An SRV record: a client that knows the service's name finds host and port."""

import re

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from constructs import Construct

from kiln.edge.hosted_zone import Zone
from kiln.edge.role_name import TTL_SECONDS
from kiln.refusal import refuse, require_between, require_one_of

SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,13}[a-z0-9])?")
"""https://www.rfc-editor.org/rfc/rfc6335#section-5.1"""
PRIORITY, WEIGHT = 10, 10
"""With one target per name they decide nothing."""


class ServiceRecord(Construct):
    """`_amqps._tcp.<zone>` → host and port.

    Args:
        zone: in which the record is.
        service: such as `amqps`.
        target: the host's name; may be a token.
        port: 1 to 65535; may be a token.
        protocol: `tcp` or `udp`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        zone: Zone,
        service: str,
        target: str,
        port: float,
        protocol: str = "tcp",
    ) -> None:
        super().__init__(scope, construct_id)
        if not SERVICE.fullmatch(service):
            raise refuse(self, "service", found=service, expected="a name such as amqps: letters, digits, hyphens")
        require_one_of(self, "protocol", protocol, ("tcp", "udp"))
        require_between(self, "port", port, 1, 65535, "as a port")
        where = cdk.Token.as_string(port) if cdk.Token.is_unresolved(port) else str(port)
        route53.CfnRecordSet(
            self,
            "Resource",
            hosted_zone_id=zone.zone_id,
            name=f"_{service}._{protocol}.{zone.name}",
            type="SRV",
            ttl=str(TTL_SECONDS),
            resource_records=[cdk.Fn.join(" ", [str(PRIORITY), str(WEIGHT), where, target])],
        )
