"""The ways from a VPC to the APIs of AWS that do not lead over the Internet.

S3 and DynamoDB have gateways, which cost nothing and are always there. The others cost by the hour and zone, so that an
environment can do without; its NAT gateway then carries what they would have. Through every one of them, only this
account's principals come; and nothing can be written to a bucket or table of another account.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.name_tag import name_tag
from kiln.optional import NONE, is_true, only_if, value_if

INTERFACES = ("ec2messages", "kms", "logs", "secretsmanager", "ssm", "ssmmessages", "sts")
"""What an instance needs to be managed, to log, and to read its secrets without any way to the Internet:
https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html"""
READING = {
    "s3": ["s3:GetObject*", "s3:ListBucket"],
    "dynamodb": ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query"],
}
"""Gateway → what it lets anybody do anywhere: the archives of distributions, AWS's own agents and patches."""


class Endpoints(Construct):
    """Gateways for S3 and DynamoDB and, where wanted, an interface in each app subnet for each of `INTERFACES`.

    Args:
        vpc_id: may be a token.
        cidr: of the VPC, from which the interfaces can be reached on 443. May be a token.
        subnet_ids: in which interfaces are, at most one per zone.
        route_table_ids: which lead to the gateways.
        interfaces: "true" or "false" as text; may be a token.

    `.security_group_id` is that of the interfaces, or `NONE` where there are none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc_id: str,
        cidr: str,
        subnet_ids: Sequence[str],
        route_table_ids: Sequence[str],
        interfaces: str,
    ) -> None:
        super().__init__(scope, construct_id)
        for service, reading in READING.items():
            ec2.CfnVPCEndpoint(
                self,
                service.capitalize(),
                vpc_id=vpc_id,
                vpc_endpoint_type="Gateway",
                service_name=_service_name(service),
                route_table_ids=list(route_table_ids),
                policy_document=_policy(("Reading", reading, None), ("AllOfThisAccount", f"{service}:*", "Resource")),
                tags=name_tag(service),
            )
        wanted = is_true(self, "HasInterfaces", interfaces)
        group = ec2.CfnSecurityGroup(
            self,
            "Group",
            vpc_id=vpc_id,
            group_description="Interfaces of the APIs of AWS",
            security_group_ingress=[_rule(443, cidr, "APIs of AWS, from inside the VPC")],
            # EC2 would let everything out of a group without a rule; interfaces begin no connection.
            security_group_egress=[_rule(1, "255.255.255.255/32", "Nothing")],
            tags=name_tag("endpoints"),
        )
        only_if(wanted, group)
        for service in INTERFACES:
            interface = ec2.CfnVPCEndpoint(
                self,
                service.capitalize(),
                vpc_id=vpc_id,
                vpc_endpoint_type="Interface",
                service_name=_service_name(service),
                subnet_ids=list(subnet_ids),
                security_group_ids=[group.attr_group_id],
                private_dns_enabled=True,
                policy_document=_policy(("PrincipalsOfThisAccount", "*", "Principal")),
                tags=name_tag(service),
            )
            only_if(wanted, interface)
        self.security_group_id = str(value_if(wanted, group.attr_group_id, NONE).to_string())


def _service_name(service: str) -> str:
    return f"com.amazonaws.{cdk.Aws.REGION}.{service}"


def _rule(port: int, cidr: str, description: str) -> dict[str, object]:
    return {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIp": cidr, "description": description}


def _policy(*statements: tuple[str, object, str | None]) -> dict[str, object]:
    """Statements from (sid, actions, whose account must be this one: of the principal, of the resource, or neither)."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions, "Resource": "*"}
            | ({"Condition": {"StringEquals": {f"aws:{whose}Account": cdk.Aws.ACCOUNT_ID}}} if whose else {})
            for sid, actions, whose in statements
        ],
    }
