"""A way from one security group to another: out of the one and into the other, one port, and why."""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.refusal import refuse, require_between


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is connected to.

    Args:
        name: as the rules say it: "database".
        security_group_id: may be a token.
        port: 1 to 65535; may be a token.
    """

    name: str
    security_group_id: str
    port: float


class Opening(Construct):
    """The two rules, in the stack of whoever wants to go: neither group needs to know the other.

    Args:
        security_group: of who connects.
        who: connects, as the rules say it: "web".
        peer: see `Peer`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, security_group: ec2.ISecurityGroup, who: str, peer: Peer
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "peer.port", peer.port, 1, 65535, "as a port")
        if not peer.name.strip():
            raise refuse(self, "peer.name", found=peer.name, expected="who is connected to")
        source, target = security_group.security_group_id, peer.security_group_id
        way = {
            "ip_protocol": "tcp",
            "from_port": peer.port,
            "to_port": peer.port,
            "description": f"From {who} to {peer.name}",
        }
        ec2.CfnSecurityGroupEgress(self, "Out", group_id=source, destination_security_group_id=target, **way)
        ec2.CfnSecurityGroupIngress(self, "In", group_id=target, source_security_group_id=source, **way)
