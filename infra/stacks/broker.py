"""The message broker that Worker-MQ listens to."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.data.mq_broker import PORT, MqBroker
from kiln.edge.hosted_zone import Zone
from kiln.edge.role_name import RoleName
from kiln.edge.service_record import ServiceRecord
from kiln.network.imported_network import imported_network
from kiln.shared_values import ValueType


class Broker(cdk.Stack):
    """RabbitMQ in the data subnets; `broker` and `_amqps._tcp` in the private zone lead to it."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = imported_network(self, "Vpc", vpc_id=PAYROLL.read(self, "network/vpc-id", ValueType.VPC))
        zone = Zone(PAYROLL.read(self, "dns/private-zone-id"), PAYROLL.read(self, "dns/internal-name"))
        broker = MqBroker(
            self,
            "Broker",
            name="broker",
            vpc=vpc,
            subnet_ids=PAYROLL.read_list(self, "network/data-subnet-ids", ValueType.SUBNETS),
            instance_type=PAYROLL.read(self, "broker/instance-type"),
            cluster=PAYROLL.read(self, "broker/cluster"),
            key_arn=PAYROLL.read(self, "keys/data-arn"),
            topics=read_topics(self),
        )
        RoleName(self, "Name", zone=zone, domain_name=f"broker.{zone.name}", target=broker.host)
        ServiceRecord(self, "Record", zone=zone, service="amqps", target=broker.host, port=PORT)
        PAYROLL.write(self, "broker/security-group-id", broker.security_group.security_group_id)
        PAYROLL.write(self, "broker/endpoint", broker.endpoint)
        PAYROLL.write(self, "broker/arn", broker.arn)
        PAYROLL.write(self, "broker/secret-arn", broker.secret_arn)
