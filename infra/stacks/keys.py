"""The keys of an environment: for its data, for its logs, and for what its parts tell each other."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.values import PAYROLL
from kiln.data import key_user, volume_key_user
from kiln.data.key import Key
from kiln.optional import is_set

PUBLISHERS = ("backup", "budgets", "cloudwatch", "events.rds", "sns")
"""Services that publish to the topics, or deliver from a topic to a queue."""


class Keys(cdk.Stack):
    """Three keys: who may read the data has no part in the logs, and the other way round."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        copies = PAYROLL.read(self, "backup/copy-account")
        data = Key(
            self,
            "Data",
            description="Volumes, database, secrets, tables, files and backups",
            users=[
                *volume_key_user.auto_scaling_volumes(),
                *volume_key_user.copies_to(copies, is_set(self, "HasCopies", copies)),
                key_user.cloudfront(),
            ],
        )
        logs = Key(
            self,
            "Logs",
            description="Log groups and audit records",
            users=[
                key_user.cloudwatch_logs(),
                key_user.cloudtrail(),
                key_user.service("Config", "config.amazonaws.com"),
            ],
        )
        messages = Key(
            self,
            "Messages",
            description="Topics, queues and the broker",
            users=[
                key_user.service("Publishers", *(f"{name}.amazonaws.com" for name in PUBLISHERS)),
                key_user.eventbridge(),
                key_user.auto_scaling_notices(),
            ],
        )
        PAYROLL.write(self, "keys/data-arn", data.arn)
        PAYROLL.write(self, "keys/logs-arn", logs.arn)
        PAYROLL.write(self, "keys/messages-arn", messages.arn)
