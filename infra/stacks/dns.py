"""The names of an environment: those that everybody can ask for, and those that only its own network can."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.values import PAYROLL
from kiln.edge.hosted_zone import PrivateZone, PublicZone
from kiln.shared_values import ValueType

NO_QUERY_LOG = "Route 53 logs queries to us-east-1 only, and an environment lives in one region"


class Dns(cdk.Stack):
    """A public zone for the service and its certificates, and a private one for the names of the roles."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        public = PublicZone(
            self,
            "Public",
            domain_name=PAYROLL.read(self, "dns/domain-name"),
            no_query_log_reason=NO_QUERY_LOG,
        )
        private = PrivateZone(
            self,
            "Private",
            domain_name=PAYROLL.read(self, "dns/internal-name"),
            vpc_id=PAYROLL.read(self, "network/vpc-id", ValueType.VPC),
        )
        PAYROLL.write(self, "dns/public-zone-id", public.zone.zone_id)
        PAYROLL.write(self, "dns/name-servers", cdk.Fn.join(",", public.name_servers))
        PAYROLL.write(self, "dns/private-zone-id", private.zone.zone_id)
