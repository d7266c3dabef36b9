"""What the account is made of, and whether it keeps the rules."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import topic_name
from infra.stacks.values import PAYROLL
from kiln.audit.config_recorder import ConfigRecorder
from kiln.operations.topics import Severity


class Config(cdk.Stack):
    """Records every change of every resource, and warns of what breaks a rule."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        ConfigRecorder(
            self,
            "Recorder",
            key_arn=PAYROLL.read(self, "keys/logs-arn"),
            audit_days=PAYROLL.read_number(self, "retention/audit-days"),
            topic_arn=PAYROLL.read(self, topic_name(Severity.WARNING)),
        )
