"""The vault of an account that has nothing but backups: others copy in, nobody takes out, and what is in it works.

Its lock is for good after the days in which it can still be changed: from then on neither root nor AWS shortens what is
kept (compliance mode; without those days a lock is one that an administrator can take away). Once a week what is in it
is really restored, in a room without a way out, and deleted again.

The vault's name is known in other accounts, so it is given, and the vault goes with its stack as long as it is empty:
AWS Backup deletes no vault that has something in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_backup as backup
from constructs import Construct

from kiln.backup.backup_plan import LONGEST_DAYS, deny_deletion
from kiln.backup.restore_tests import RestoreTests, WantedTests
from kiln.exemption import exempt
from kiln.operations.topics import Topics
from kiln.refusal import require_between

SHORTEST_CHANGEABLE_DAYS = 3
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html"""
EVENTS = ("COPY_JOB_SUCCESSFUL", "COPY_JOB_FAILED", "RECOVERY_POINT_MODIFIED", "RESTORE_JOB_COMPLETED")


@dataclass(frozen=True, slots=True)
class Lock:
    """The bounds of what is kept; every field may be a token.

    Args:
        minimum_days: a copy that is to be kept shorter is refused.
        maximum_days: a copy that is to be kept longer is refused.
        changeable_for_days: from the first deployment; afterwards the lock is for good. At least 3.
    """

    minimum_days: float
    maximum_days: float
    changeable_for_days: float


class BackupVault(Construct):
    """A locked vault, its access policy, and weekly restore tests; `.vault_arn` is a token.

    Args:
        name: as other accounts know it, 2 to 50 letters, digits and hyphens.
        source_accounts: that may copy into it; may be a list token.
        lock: see `Lock`.
        key_arn: of the vault; may be a token.
        tests: see `kiln.backup.restore_tests`.
        topics: told of copies, of changes to them, and of restores that failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        source_accounts: Sequence[str],
        lock: Lock,
        key_arn: str,
        tests: WantedTests,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)
        _require_sense(self, lock)
        vault = backup.CfnBackupVault(
            self,
            "Vault",
            backup_vault_name=name,
            encryption_key_arn=key_arn,
            access_policy={
                "Version": "2012-10-17",
                "Statement": [_allow_copies(source_accounts), deny_deletion().to_statement_json()],
            },
            lock_configuration=backup.CfnBackupVault.LockConfigurationTypeProperty(
                min_retention_days=lock.minimum_days,
                max_retention_days=lock.maximum_days,
                changeable_for_days=lock.changeable_for_days,
            ),
            notifications=backup.CfnBackupVault.NotificationObjectTypeProperty(
                backup_vault_events=list(EVENTS), sns_topic_arn=topics.info_arn
            ),
        )
        exempt(
            vault,
            "vault-outlives-its-stack",
            "AWS Backup deletes no vault that has something in it, and an empty one that stayed would keep its name",
        )
        self.vault_arn: str = vault.attr_backup_vault_arn
        RestoreTests(
            self,
            "RestoreTests",
            name=name.replace("-", "_"),
            vault_arn=self.vault_arn,
            key_arn=key_arn,
            wanted=tests,
            topics=topics,
        )


def _require_sense(of: Construct, lock: Lock) -> None:
    for key in ("minimum_days", "maximum_days"):
        require_between(of, f"lock.{key}", getattr(lock, key), 1, LONGEST_DAYS, "days")
    require_between(
        of, "lock.changeable_for_days", lock.changeable_for_days, SHORTEST_CHANGEABLE_DAYS, LONGEST_DAYS, "days"
    )
    require_between(of, "lock.maximum_days", lock.maximum_days, lock.minimum_days, LONGEST_DAYS, "days")


def _allow_copies(accounts: Sequence[str]) -> Mapping[str, object]:
    """An account's number as principal means the account: its own policies say which of its roles."""
    return {
        "Sid": "SourcesCopyIn",
        "Effect": "Allow",
        "Principal": {"AWS": list(accounts)},
        "Action": "backup:CopyIntoBackupVault",
        "Resource": "*",
    }
