"""A VPC of another stack, as L2 constructs want it."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

NOT_COUNTED_AT_SYNTHESIS = (
    "vpcAttributeIsListTokenavailabilityZones",
    "vpcAttributeIsListTokenpublicSubnetIds",
    "vpcAttributeIsListTokenprivateSubnetIds",
    "noSubnetRouteTableId",
)
"""Warnings about lists of unknown length; no construct of Kiln counts subnets or looks at their route tables."""


def imported_network(
    scope: Construct,
    construct_id: str,
    *,
    vpc_id: str,
    public_subnet_ids: Sequence[str] | None = None,
    app_subnet_ids: Sequence[str] | None = None,
) -> ec2.IVpc:
    """The VPC with its public and app subnets; all arguments may be tokens."""
    vpc = ec2.Vpc.from_vpc_attributes(
        scope,
        construct_id,
        vpc_id=vpc_id,
        availability_zones=cdk.Fn.get_azs(),
        public_subnet_ids=public_subnet_ids,
        private_subnet_ids=app_subnet_ids,
    )
    for warning in NOT_COUNTED_AT_SYNTHESIS:
        cdk.Annotations.of(vpc).acknowledge_warning(f"@aws-cdk/aws-ec2:{warning}")
    return vpc
