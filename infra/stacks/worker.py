"""The Worker tier: what Payroll does when nobody waits for it."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks import tiers
from infra.stacks.values import PAYROLL
from kiln.tiers.instance_role import Access
from kiln.tiers.queue_worker_tier import QueueWorkerTier

TIER = "worker"


class Worker(cdk.Stack):
    """A queue of jobs and the instances that take them; what takes long they hand on to Worker-Calculation."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        surroundings = tiers.read_surroundings(self)
        jobs = tiers.queue_of(self, TIER, surroundings)
        access = Access(
            parameters=tiers.parameters_of(
                TIER,
                "database/endpoint",
                "database/port",
                "worker/queue-url",
                "worker-calculation/queue-url",
                "table/name",
            ),
            logins=[tiers.read_login(self, TIER)],
            send_to=[PAYROLL.read(self, "worker-calculation/queue-arn")],
            tables=[PAYROLL.read(self, "table/arn")],
            peers=[tiers.read_database(self)],
        )
        worker = QueueWorkerTier(
            self,
            "Worker",
            name=TIER,
            image_id=tiers.read_image(self, TIER),
            size=tiers.read_size(self, TIER),
            startup=tiers.read_startup(self, TIER),
            surroundings=surroundings,
            queue=jobs,
            backlog_per_instance=PAYROLL.read_number(self, "worker/backlog-per-instance"),
            access=access,
        )
        tiers.write_tier(self, worker.tier)
