"""The Worker-Calculation tier: the calculations of Payroll that take minutes."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks import tiers
from infra.stacks.values import PAYROLL
from kiln.tiers.calculation_tier import CalculationTier
from kiln.tiers.instance_role import Access

TIER = "worker-calculation"


class WorkerCalculation(cdk.Stack):
    """A queue of calculations, and instances that finish theirs before they end."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        surroundings = tiers.read_surroundings(self)
        jobs = tiers.queue_of(self, TIER, surroundings)
        access = Access(
            parameters=tiers.parameters_of(
                TIER,
                "database/endpoint",
                "database/port",
                "worker-calculation/queue-url",
                "worker-calculation/group-name",
                "table/name",
            ),
            tables=[PAYROLL.read(self, "table/arn")],
            logins=[tiers.read_login(self, TIER)],
            peers=[tiers.read_database(self)],
        )
        credits = PAYROLL.read(self, "worker-calculation/unlimited-credits")
        worker = CalculationTier(
            self,
            "WorkerCalculation",
            name=TIER,
            image_id=tiers.read_image(self, TIER),
            size=tiers.read_size(self, TIER, unlimited_credits=credits),
            startup=tiers.read_startup(self, TIER),
            surroundings=surroundings,
            queue=jobs,
            backlog_per_instance=PAYROLL.read_number(self, "worker-calculation/backlog-per-instance"),
            job_seconds=PAYROLL.read_number(self, "worker-calculation/job-seconds"),
            access=access,
        )
        tiers.write_tier(self, worker.tier)
