"""The daily backup of an environment."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.backup.backup_plan import BackupPlan, Daily


class Backup(cdk.Stack):
    """Everything with the tag `kiln:backup = daily`, each night, with a copy in the account of the vault."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        daily = Daily(
            schedule=PAYROLL.read(self, "backup/schedule"),
            keep_days=PAYROLL.read_number(self, "backup/keep-days"),
            copy_vault_arn=PAYROLL.read(self, "backup/copy-vault-arn"),
            copy_keep_days=PAYROLL.read_number(self, "backup/copy-keep-days"),
        )
        plan = BackupPlan(
            self, "Backup", daily=daily, key_arn=PAYROLL.read(self, "keys/data-arn"), topics=read_topics(self)
        )
        PAYROLL.write(self, "backup/vault-arn", plan.vault_arn)
