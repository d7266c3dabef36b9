"""The way in from the Internet."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.values import PAYROLL
from kiln.certificate import DnsValidatedCertificate
from kiln.imported_network import imported_network
from kiln.load_balancer import LoadBalancer as PublicLoadBalancer
from kiln.shared_values import ValueType


class LoadBalancer(cdk.Stack):
    """One load balancer with a certificate; tiers add rules to its HTTPS listener."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = imported_network(
            self,
            "Vpc",
            vpc_id=PAYROLL.read(self, "network/vpc-id", ValueType.VPC),
            public_subnet_ids=PAYROLL.read_list(self, "network/public-subnet-ids", ValueType.SUBNETS),
        )
        certificate = DnsValidatedCertificate(
            self,
            "Certificate",
            domain_name=PAYROLL.read(self, "load-balancer/domain-name"),
            hosted_zone_id=PAYROLL.read(self, "load-balancer/hosted-zone-id"),
        )
        balancer = PublicLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            certificate_arn=certificate.arn,
            deletion_protection=PAYROLL.read(self, "protected"),
        )
        PAYROLL.write(self, "load-balancer/listener-arn", balancer.listener.listener_arn)
        PAYROLL.write(self, "load-balancer/security-group-id", balancer.security_group.security_group_id)
        PAYROLL.write(self, "load-balancer/dns-name", balancer.dns_name)
