"""The Worker-MQ tier: what Payroll hears from other systems, through the broker."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks import tiers
from infra.stacks.values import PAYROLL
from kiln.shared_values import ValueType
from kiln.tiers.instance_role import Access
from kiln.tiers.mq_worker_tier import BrokerClient, MqWorkerTier

TIER = "worker-mq"


class WorkerMQ(cdk.Stack):
    """Instances that listen to the broker."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        broker = BrokerClient(
            security_group_id=PAYROLL.read(self, "broker/security-group-id", ValueType.SECURITY_GROUP),
            secret_arn=PAYROLL.read(self, "broker/secret-arn"),
        )
        access = Access(
            parameters=tiers.parameters_of(
                TIER, "database/endpoint", "database/port", "broker/endpoint", "broker/secret-arn"
            ),
            logins=[tiers.read_login(self, TIER)],
            peers=[tiers.read_database(self)],
        )
        worker = MqWorkerTier(
            self,
            "WorkerMQ",
            name=TIER,
            image_id=tiers.read_image(self, TIER),
            size=tiers.read_size(self, TIER),
            startup=tiers.read_startup(self, TIER),
            surroundings=tiers.read_surroundings(self, has_queues=False),
            broker=broker,
            cpu_percent=PAYROLL.read_number(self, "worker-mq/cpu-percent"),
            access=access,
        )
        tiers.write_tier(self, worker.tier)
