"""A VPC over three availability zones with three layers of subnets; the number of NAT gateways is a deploy-time value.

Plain L1 resources: `ec2.Vpc` wants a concrete CIDR, a concrete number of zones and of NAT gateways, and silently makes
none where it gets tokens. Nothing here gets a public address by itself, and the data layer has no way to the Internet.

Where the account refuses traffic from the Internet (`AccountDefaults`), the public subnets are excluded by name, and
they alone. The default security group is closed by the function of the same construct.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.account.account_defaults import ClosedDefaultGroup
from kiln.name_tag import name_tag
from kiln.network.endpoints import Endpoints
from kiln.network.flow_log import FlowLog
from kiln.operations.log_group import Records

LAYERS = ("public", "app", "data")
ZONES = 3
BOTH_WAYS = "allow-bidirectional"
SUBNET_HOST_BITS = "12"
"""A /20 of 4,091 usable addresses per subnet: nine of them fit into a /16 and leave seven for later."""


@dataclass(frozen=True, slots=True)
class _Nat:
    gateway: ec2.CfnNatGateway
    condition: cdk.CfnCondition | None


class Network(Construct):
    """Three zones with a public, an app and a data subnet each.

    Args:
        cidr: the VPC's IPv4 block, a /16; may be a token.
        nat_gateways: "1", "2" or "3" as text; may be a token. A zone without its own uses the first one's.
        interface_endpoints: "true" or "false" as text: see `Endpoints`. May be a token.
        records: see `Records`.
        defaults_function_arn: of `AccountDefaults`, which closes the default security group. May be a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cidr: str,
        nat_gateways: str,
        interface_endpoints: str,
        records: Records,
        defaults_function_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._vpc = ec2.CfnVPC(
            self, "Vpc", cidr_block=cidr, enable_dns_hostnames=True, enable_dns_support=True, tags=name_tag("vpc")
        )
        self.vpc_id = self._vpc.ref
        internet = ec2.CfnInternetGateway(self, "InternetGateway")
        attachment = ec2.CfnVPCGatewayAttachment(
            self, "InternetGatewayAttachment", vpc_id=self.vpc_id, internet_gateway_id=internet.ref
        )
        blocks = cdk.Fn.cidr(cidr, len(LAYERS) * ZONES, SUBNET_HOST_BITS)
        subnets = {
            layer: [self._subnet(layer, zone, cdk.Fn.select(row * ZONES + zone, blocks)) for zone in range(ZONES)]
            for row, layer in enumerate(LAYERS)
        }
        self.subnet_ids = {layer: [subnet.ref for subnet in subnets[layer]] for layer in LAYERS}
        """Subnet ids by layer, one per zone, in the order of the zones."""

        for zone, subnet_id in enumerate(self.subnet_ids["public"], start=1):
            ec2.CfnVPCBlockPublicAccessExclusion(
                self, f"Public{zone}Exclusion", subnet_id=subnet_id, internet_gateway_exclusion_mode=BOTH_WAYS
            )
        nats = self._nat_gateways(subnets["public"], attachment, nat_gateways)
        public = self._route_table("Public", self.subnet_ids["public"])
        default = ec2.CfnRoute(
            self,
            "PublicDefault",
            route_table_id=public.ref,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.ref,
        )
        default.add_resource_dependency(attachment)
        tables = [self._route_table(f"App{zone}", [app]) for zone, app in enumerate(self.subnet_ids["app"], start=1)]
        for zone, table in enumerate(tables):
            ec2.CfnRoute(
                self,
                f"App{zone + 1}Default",
                route_table_id=table.ref,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=_nat_of_zone(nats, zone),
            )
        tables.append(self._route_table("Data", self.subnet_ids["data"]))
        self.endpoints = Endpoints(
            self,
            "Endpoints",
            vpc_id=self.vpc_id,
            cidr=cidr,
            subnet_ids=self.subnet_ids["app"],
            route_table_ids=[table.ref for table in tables],
            interfaces=interface_endpoints,
        )
        FlowLog(self, "FlowLog", vpc_id=self.vpc_id, records=records)
        ClosedDefaultGroup(self, "DefaultGroup", function_arn=defaults_function_arn, vpc_id=self.vpc_id)

    def _subnet(self, layer: str, zone: int, block: str) -> ec2.CfnSubnet:
        return ec2.CfnSubnet(
            self,
            f"{layer.capitalize()}{zone + 1}",
            vpc_id=self.vpc_id,
            cidr_block=block,
            availability_zone=cdk.Fn.select(zone, cdk.Fn.get_azs()),
            map_public_ip_on_launch=False,
            tags=name_tag(f"{layer}-{zone + 1}"),
        )

    def _nat_gateways(
        self, public: list[ec2.CfnSubnet], attachment: ec2.CfnVPCGatewayAttachment, wanted: str
    ) -> list[_Nat]:
        third = cdk.CfnCondition(self, "ThirdNat", expression=cdk.Fn.condition_equals(wanted, "3"))
        second = cdk.CfnCondition(
            self, "SecondNat", expression=cdk.Fn.condition_or(third, cdk.Fn.condition_equals(wanted, "2"))
        )
        nats = []
        for number, (subnet, condition) in enumerate(zip(public, (None, second, third), strict=True), start=1):
            address = ec2.CfnEIP(self, f"NatAddress{number}", domain="vpc")
            address.add_resource_dependency(attachment)
            gateway = ec2.CfnNatGateway(
                self, f"Nat{number}", subnet_id=subnet.ref, allocation_id=address.attr_allocation_id
            )
            address.cfn_options.condition = gateway.cfn_options.condition = condition
            nats.append(_Nat(gateway, condition))
        return nats

    def _route_table(self, name: str, subnet_ids: list[str]) -> ec2.CfnRouteTable:
        table = ec2.CfnRouteTable(self, f"{name}Routes", vpc_id=self.vpc_id, tags=name_tag(name.lower()))
        for number, subnet_id in enumerate(subnet_ids, start=1):
            ec2.CfnSubnetRouteTableAssociation(
                self, f"{name}Association{number}", route_table_id=table.ref, subnet_id=subnet_id
            )
        return table


def _nat_of_zone(nats: list[_Nat], zone: int) -> str:
    own, first = nats[zone], nats[0]
    if own.condition is None:
        return str(own.gateway.ref)
    choice = cdk.Fn.condition_if(own.condition.logical_id, own.gateway.ref, first.gateway.ref)
    return str(choice.to_string())
