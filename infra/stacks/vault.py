"""The vault of the Backup account."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.parameters import VAULT
from infra.stacks.records import read_records
from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.backup.backup_vault import BackupVault, Lock
from kiln.backup.restore_room import RestoreRoom
from kiln.backup.restore_tests import WantedTests


class Vault(cdk.Stack):
    """The locked vault that takes the copies of all environments, and a room in which they are restored each week."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        lock = Lock(
            minimum_days=PAYROLL.read_number(self, "vault/minimum-days"),
            maximum_days=PAYROLL.read_number(self, "vault/maximum-days"),
            changeable_for_days=PAYROLL.read_number(self, "vault/changeable-for-days"),
        )
        room = RestoreRoom(
            self,
            "RestoreRoom",
            records=read_records(self),
            defaults_function_arn=PAYROLL.read(self, "account/defaults-function-arn"),
        )
        tests = WantedTests(
            schedule=PAYROLL.read(self, "vault/restore-test-schedule"), overrides={"Aurora": room.overrides}
        )
        vault = BackupVault(
            self,
            "Vault",
            name=VAULT,
            source_accounts=PAYROLL.read_list(self, "vault/source-accounts"),
            lock=lock,
            key_arn=PAYROLL.read(self, "keys/data-arn"),
            tests=tests,
            topics=read_topics(self),
        )
        PAYROLL.write(self, "vault/arn", vault.vault_arn)
