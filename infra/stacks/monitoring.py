"""How the environment is doing, on one page, and whether the service as a whole is well."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import topic_name
from infra.stacks.values import PAYROLL
from kiln.operations.dashboard import Dashboard
from kiln.operations.service_health import ServiceHealth
from kiln.operations.tier_rows import database_row, mq_row, queue_row, web_row
from kiln.operations.topics import Severity

TIERS = ("web", "worker", "worker-mq", "worker-calculation")


class Monitoring(cdk.Stack):
    """A dashboard with a row per tier, and an alarm over those that would end a deployment."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        alarm_arns = {tier: PAYROLL.read_list(self, f"{tier}/rollback-alarm-arns") for tier in TIERS}
        groups = {tier: PAYROLL.read(self, f"{tier}/group-name") for tier in TIERS}
        worker_queue, calculation_queue = (
            cdk.Fn.select(5, cdk.Fn.split(":", PAYROLL.read(self, f"{tier}/queue-arn")))
            for tier in ("worker", "worker-calculation")
        )
        cluster = cdk.Fn.select(6, cdk.Fn.split(":", PAYROLL.read(self, "database/cluster-arn")))
        broker = cdk.Fn.select(6, cdk.Fn.split(":", PAYROLL.read(self, "broker/arn")))
        balancer = PAYROLL.read(self, "load-balancer/full-name")
        Dashboard(
            self,
            "Dashboard",
            alarm_arns=alarm_arns,
            rows=[
                web_row("Web", group_name=groups["web"], load_balancer=balancer),
                queue_row("Worker", group_name=groups["worker"], queue_name=worker_queue),
                mq_row("Worker-MQ", group_name=groups["worker-mq"], broker_name=broker),
                queue_row("Worker-Calculation", group_name=groups["worker-calculation"], queue_name=calculation_queue),
                database_row("Database", cluster_name=cluster),
            ],
        )
        ServiceHealth(
            self,
            "Health",
            alarm_arns=list(alarm_arns.values()),
            topic_arn=PAYROLL.read(self, topic_name(Severity.URGENT)),
            description="The service is unhealthy: at least one tier fails at what users notice. Open the dashboard "
            "of the environment; after a deployment, roll back first and look for the cause afterwards.",
        )
