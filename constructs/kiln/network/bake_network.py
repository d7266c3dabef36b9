"""Where images are baked: a small VPC with a way out, and SSH from inside it only.

Builders have private addresses; they reach package archives through a NAT gateway. Whoever runs a bake reaches them
from inside the VPC (a runner there, a VPN, a peering), never from the Internet.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.name_tag import name_tag
from kiln.network.flow_log import FlowLog
from kiln.operations.log_group import Records

ZONES = 3


class BakeNetwork(Construct):
    """A VPC with a private subnet for builders in each of three zones and a security group for SSH from the VPC.

    Three, because EC2 may have no capacity for a builder in one of them. One NAT gateway: a bake that cannot fetch its
    packages is tried again another day.

    Args:
        cidr: the VPC's IPv4 block, at least a /22; its first /24 is for the NAT gateway, the next three for builders.
        records: how the traffic is kept: what a builder has fetched becomes part of an image.
    """

    def __init__(self, scope: Construct, construct_id: str, *, cidr: str, records: Records) -> None:
        super().__init__(scope, construct_id)
        vpc = ec2.CfnVPC(
            self, "Vpc", cidr_block=cidr, enable_dns_hostnames=True, enable_dns_support=True, tags=name_tag("vpc")
        )
        self.vpc_id = vpc.ref
        internet = ec2.CfnInternetGateway(self, "InternetGateway")
        attachment = ec2.CfnVPCGatewayAttachment(
            self, "InternetGatewayAttachment", vpc_id=vpc.ref, internet_gateway_id=internet.ref
        )
        # each counts as few as it can: the text of a block that is deployed must stay, another would replace its subnet
        blocks = [cdk.Fn.select(n, cdk.Fn.cidr(cidr, max(2, n + 1), "8")) for n in range(1 + ZONES)]
        public_routes, builder_routes = self._routes("Public"), self._routes("Builders")
        public = self._subnet("Public", blocks[0], 0, public_routes)
        # the first has the name that it had as the only one: another would replace it
        names = ["Builders", *(f"Builders{number}" for number in range(2, ZONES + 1))]
        builders = [self._subnet(name, blocks[1 + zone], zone, builder_routes) for zone, name in enumerate(names)]
        self.subnet_ids = [subnet.ref for subnet in builders]

        address = ec2.CfnEIP(self, "NatAddress", domain="vpc")
        address.add_resource_dependency(attachment)
        nat = ec2.CfnNatGateway(self, "Nat", subnet_id=public.ref, allocation_id=address.attr_allocation_id)
        default = ec2.CfnRoute(
            self,
            "PublicDefault",
            route_table_id=public_routes.ref,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.ref,
        )
        default.add_resource_dependency(attachment)
        ec2.CfnRoute(
            self,
            "BuildersDefault",
            route_table_id=builder_routes.ref,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=nat.ref,
        )
        ec2.CfnVPCEndpoint(
            self,
            "S3",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{cdk.Aws.REGION}.s3",
            route_table_ids=[builder_routes.ref],
            tags=name_tag("s3"),
        )
        FlowLog(self, "FlowLog", vpc_id=self.vpc_id, records=records)
        self.security_group_id = self._security_group(cidr)

    def _routes(self, name: str) -> ec2.CfnRouteTable:
        return ec2.CfnRouteTable(self, f"{name}Routes", vpc_id=self.vpc_id, tags=name_tag(name.lower()))

    def _subnet(self, name: str, block: str, zone: int, routes: ec2.CfnRouteTable) -> ec2.CfnSubnet:
        subnet = ec2.CfnSubnet(
            self,
            name,
            vpc_id=self.vpc_id,
            cidr_block=block,
            availability_zone=cdk.Fn.select(zone, cdk.Fn.get_azs()),
            map_public_ip_on_launch=False,
            tags=name_tag(name.lower()),
        )
        ec2.CfnSubnetRouteTableAssociation(self, f"{name}Association", route_table_id=routes.ref, subnet_id=subnet.ref)
        return subnet

    def _security_group(self, cidr: str) -> str:
        ssh = ec2.CfnSecurityGroup.IngressProperty(
            ip_protocol="tcp", from_port=22, to_port=22, cidr_ip=cidr, description="SSH from inside the bake network"
        )
        web = [
            ec2.CfnSecurityGroup.EgressProperty(
                ip_protocol="tcp", from_port=port, to_port=port, cidr_ip="0.0.0.0/0", description="Package archives"
            )
            for port in (80, 443)
        ]
        group = ec2.CfnSecurityGroup(
            self,
            "BuilderGroup",
            vpc_id=self.vpc_id,
            group_description="Builders of images",
            security_group_ingress=[ssh],
            security_group_egress=web,
        )
        return str(group.attr_group_id)
