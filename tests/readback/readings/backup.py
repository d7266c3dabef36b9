"""Vaults, plans and restore tests, read back."""

from tests.readback.expected import at_least, denies, every, own_key, present
from tests.readback.reading import ID, Ask, Expected, read

VAULT, PLAN = "AWS::Backup::BackupVault", "AWS::Backup::BackupPlan"
TESTS = "AWS::Backup::RestoreTestingPlan"


def _vault(path: str, expected: Expected, only: str = "") -> Ask:
    return Ask(VAULT, "backup describe_backup_vault", {"BackupVaultName": ID}, path, expected, only)


def _plan(path: str, expected: Expected) -> Ask:
    return Ask(PLAN, "backup get_backup_plan", {"BackupPlanId": ID}, f"BackupPlan.Rules[].{path}", expected)


READINGS = (
    read(
        "database-is-backed-up",
        Ask(
            PLAN,
            "backup get_backup_selection",
            {"SelectionId": ID, "BackupPlanId": "{1}"},
            "BackupSelection.[IamRoleArn, ListOfTags || Conditions || Resources]",
            present(),
            each=(
                "backup list_backup_selections",
                {"BackupPlanId": ID},
                "BackupSelectionsList[].join('|', [SelectionId, BackupPlanId])",
            ),
        ),
    ),
    read("vault-encrypted-with-own-key", _vault("EncryptionKeyArn", own_key())),
    read(
        "backups-cannot-be-deleted",
        Ask(
            VAULT,
            "backup get_backup_vault_access_policy",
            {"BackupVaultName": ID},
            "Policy",
            denies(["backup:DeleteRecoveryPoint"]),
        ),
    ),
    read(
        "backups-leave-the-account",
        _plan("CopyActions", every("a copy of each", bool)),
        _plan("CopyActions[].DestinationBackupVaultArn", every("a vault for each", bool)),
    ),
    read(
        "backups-end",
        _plan("Lifecycle.DeleteAfterDays", at_least(1)),
        _plan("CopyActions[].Lifecycle.DeleteAfterDays[]", at_least(1)),
    ),
    read(
        "vault-lock-has-bounds",
        _vault("MinRetentionDays", at_least(1), only="Locked"),
        _vault("MaxRetentionDays", at_least(1), only="Locked"),
    ),
    read(
        "copies-are-locked",
        Ask(
            TESTS,
            "backup list_backup_vaults",
            {},
            "BackupVaultList[?BackupVaultType!='LOGICALLY_AIR_GAPPED_BACKUP_VAULT'].[Locked, LockDate]",
            every("a date from which nobody can open it", lambda found: found[0] is True and bool(found[1])),
        ),
    ),
    read(
        "restores-are-tested",
        Ask(
            TESTS,
            "backup get_restore_testing_plan",
            {"RestoreTestingPlanName": ID},
            "RestoreTestingPlan.ScheduleExpression",
            present(),
        ),
        Ask(
            TESTS,
            "backup list_restore_testing_selections",
            {"RestoreTestingPlanName": ID},
            "RestoreTestingSelections[].IamRoleArn",
            present(),
        ),
    ),
)

UNREADABLE = {
    "vault-outlives-its-stack": "a deletion policy is CloudFormation's own: the service has no such setting",
}
