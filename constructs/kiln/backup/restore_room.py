"""A network without any way in or out, where restored clusters stand while they are tested.

AWS Backup restores into the default VPC where nothing else is said, and a hardened account has none. See
https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing-inferred-metadata.html
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from constructs import Construct

from kiln.account.account_defaults import ClosedDefaultGroup
from kiln.exemption import exempt
from kiln.name_tag import name_tag
from kiln.network.flow_log import FlowLog
from kiln.operations.log_group import Records

CIDR = "10.255.255.0/24"
"""Connected with nothing, so it may be the same everywhere."""
ZONES = 3
SUBNET_HOST_BITS = "6"


class RestoreRoom(Construct):
    """A VPC with three subnets and no route but its own; `.overrides` is what a restore test is told of it.

    Args:
        records: of the traffic that should not be there.
        defaults_function_arn: of `kiln.account.account_defaults.AccountDefaults`; it closes the default security group.
    """

    def __init__(self, scope: Construct, construct_id: str, *, records: Records, defaults_function_arn: str) -> None:
        super().__init__(scope, construct_id)
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block=CIDR,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=name_tag("restore-room"),
        )
        exempt(vpc, "object-store-is-reached-privately", "Nothing leads out of this network, not even to S3")
        blocks = cdk.Fn.cidr(CIDR, ZONES, SUBNET_HOST_BITS)
        subnets = [
            ec2.CfnSubnet(
                self,
                f"Subnet{zone + 1}",
                vpc_id=vpc.ref,
                cidr_block=cdk.Fn.select(zone, blocks),
                availability_zone=cdk.Fn.select(zone, cdk.Fn.get_azs()),
                map_public_ip_on_launch=False,
                tags=name_tag(f"restore-{zone + 1}"),
            )
            for zone in range(ZONES)
        ]
        group = rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description="Restored clusters while they are tested",
            subnet_ids=[subnet.ref for subnet in subnets],
        )
        nobody = ec2.CfnSecurityGroup(
            self,
            "SecurityGroup",
            vpc_id=vpc.ref,
            group_description="Nobody in, nothing out",
            # Without a rule of ours, EC2 lets everything out.
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="icmp",
                    from_port=252,
                    to_port=86,
                    cidr_ip="255.255.255.255/32",
                    description="Nothing out",
                )
            ],
        )
        ClosedDefaultGroup(self, "DefaultGroup", function_arn=defaults_function_arn, vpc_id=vpc.ref)
        FlowLog(self, "FlowLog", vpc_id=vpc.ref, records=records)
        self.overrides = {
            "dbSubnetGroupName": group.ref,
            "vpcSecurityGroupIds": cdk.Fn.join("", ['["', nobody.attr_group_id, '"]']),
        }
