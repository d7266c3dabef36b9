"""The way in from the Internet."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.records import read_records
from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.edge.certificate import DnsValidatedCertificate
from kiln.edge.hosted_zone import Zone
from kiln.edge.load_balancer import Firewall
from kiln.edge.load_balancer import LoadBalancer as PublicLoadBalancer
from kiln.edge.role_name import AliasName
from kiln.network.imported_network import imported_network
from kiln.shared_values import ValueType


class LoadBalancer(cdk.Stack):
    """One load balancer with name, certificate and firewall; tiers add rules to its HTTPS listener."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        domain_name = PAYROLL.read(self, "dns/domain-name")
        zone = Zone(PAYROLL.read(self, "dns/public-zone-id"), domain_name)
        vpc = imported_network(
            self,
            "Vpc",
            vpc_id=PAYROLL.read(self, "network/vpc-id", ValueType.VPC),
            public_subnet_ids=PAYROLL.read_list(self, "network/public-subnet-ids", ValueType.SUBNETS),
        )
        topics = read_topics(self)
        certificate = DnsValidatedCertificate(self, "Certificate", domain_name=domain_name, zone=zone, topics=topics)
        firewall = Firewall(
            requests_per_address=PAYROLL.read_number(self, "load-balancer/requests-per-address"),
            records=read_records(self),
        )
        balancer = PublicLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            certificate_arn=certificate.arn,
            deletion_protection=PAYROLL.read(self, "protected"),
            access_log_days=PAYROLL.read_number(self, "load-balancer/access-log-days"),
            firewall=firewall,
            topics=topics,
        )
        AliasName(
            self,
            "Name",
            zone=zone,
            domain_name=domain_name,
            target=balancer.dns_name,
            target_zone_id=balancer.hosted_zone_id,
        )
        PAYROLL.write(self, "load-balancer/listener-arn", balancer.listener.listener_arn)
        PAYROLL.write(self, "load-balancer/security-group-id", balancer.security_group.security_group_id)
        PAYROLL.write(self, "load-balancer/dns-name", balancer.dns_name)
        PAYROLL.write(self, "load-balancer/full-name", balancer.full_name)
