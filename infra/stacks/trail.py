"""Who did what in the account, and who is told of it."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.audit.trail import Trail as AccountTrail
from kiln.audit.trail_alarms import TrailAlarms


class Trail(cdk.Stack):
    """A trail whose records nobody can delete, with an alarm for what the CIS benchmark wants to be watched."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        trail = AccountTrail(
            self,
            "Trail",
            key_arn=PAYROLL.read(self, "keys/logs-arn"),
            audit_days=PAYROLL.read_number(self, "retention/audit-days"),
            log_days=PAYROLL.read_number(self, "retention/log-days"),
        )
        TrailAlarms(self, "Alarms", log_group_name=trail.log_group_name, topics=read_topics(self))
