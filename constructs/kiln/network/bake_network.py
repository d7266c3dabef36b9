"""Where images are baked: a small VPC with a way out, and SSH and WinRM over HTTPS from inside it only.

Builders have private addresses; they reach package archives through a NAT gateway. Whoever runs a bake reaches them
from inside the VPC (a runner there, a VPN, a peering), never from the Internet.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.name_tag import name_tag
from kiln.network.flow_log import FlowLog
from kiln.operations.log_group import Records


class BakeNetwork(Construct):
    """A VPC with one private subnet for builders and a security group that admits SSH and WinRM from the VPC.

    Args:
        cidr: the VPC's IPv4 block, at least a /23; its first /24 is for the NAT gateway, its second for builders.
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
        public_block, builder_block = (cdk.Fn.select(number, cdk.Fn.cidr(cidr, 2, "8")) for number in (0, 1))
        public, public_routes = self._subnet("Public", public_block)
        builders, builder_routes = self._subnet("Builders", builder_block)
        self.subnet_id = builders.ref

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

    def _subnet(self, name: str, block: str) -> tuple[ec2.CfnSubnet, ec2.CfnRouteTable]:
        subnet = ec2.CfnSubnet(
            self,
            name,
            vpc_id=self.vpc_id,
            cidr_block=block,
            availability_zone=cdk.Fn.select(0, cdk.Fn.get_azs()),
            map_public_ip_on_launch=False,
            tags=name_tag(name.lower()),
        )
        routes = ec2.CfnRouteTable(self, f"{name}Routes", vpc_id=self.vpc_id, tags=name_tag(name.lower()))
        ec2.CfnSubnetRouteTableAssociation(self, f"{name}Association", route_table_id=routes.ref, subnet_id=subnet.ref)
        return subnet, routes

    def _security_group(self, cidr: str) -> str:
        logins = [
            ec2.CfnSecurityGroup.IngressProperty(
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ip=cidr,
                description=f"{name} from inside the bake network",
            )
            for name, port in (("SSH", 22), ("WinRM over HTTPS", 5986))
        ]
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
            security_group_ingress=logins,
            security_group_egress=web,
        )
        return str(group.attr_group_id)
