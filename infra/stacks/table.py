"""The table for what needs no relations: payslips, from the request to the result."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.backup.backup_plan import TAG, TAG_VALUE
from kiln.data.table import Attribute
from kiln.data.table import Table as ProtectedTable


class Table(cdk.Stack):
    """Items with the key `id` that may expire at `expires_at`."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        table = ProtectedTable(
            self,
            "Table",
            partition_key=Attribute("id"),
            key_arn=PAYROLL.read(self, "keys/data-arn"),
            recovery_days=PAYROLL.read_number(self, "table/recovery-days"),
            deletion_protection=PAYROLL.read(self, "protected"),
            topics=read_topics(self),
            expiry_attribute="expires_at",
        )
        cdk.Tags.of(table).add(TAG, TAG_VALUE, include_resource_types=["AWS::DynamoDB::Table"])
        PAYROLL.write(self, "table/name", table.name)
        PAYROLL.write(self, "table/arn", table.arn)
