"""The network of an environment."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.records import read_records
from infra.stacks.values import PAYROLL
from kiln.network.network import Network as Vpc


class Network(cdk.Stack):
    """A VPC over three zones, whose ids the other stacks read."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        network = Vpc(
            self,
            "Network",
            cidr=PAYROLL.read(self, "network/cidr"),
            nat_gateways=PAYROLL.read(self, "network/nat-gateways"),
            interface_endpoints=PAYROLL.read(self, "network/interface-endpoints"),
            records=read_records(self),
            defaults_function_arn=PAYROLL.read(self, "account/defaults-function-arn"),
        )
        PAYROLL.write(self, "network/vpc-id", network.vpc_id)
        PAYROLL.write(self, "network/endpoint-security-group-id", network.endpoints.security_group_id)
        for layer, subnet_ids in network.subnet_ids.items():
            PAYROLL.write(self, f"network/{layer}-subnet-ids", subnet_ids)
