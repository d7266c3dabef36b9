"""Promises about backups: what is copied where, who can delete it, and whether it can be restored."""

from kiln.promises import policies
from kiln.promises.checks import every, some
from kiln.promises.controls import asked
from kiln.promises.demands import count_at_least
from kiln.promises.promise import Promise

BACKUP = "https://docs.aws.amazon.com/aws-backup/latest/devguide"
VAULT = every("AWS::Backup::BackupVault")
PLAN = every("AWS::Backup::BackupPlan")
RULES = "BackupPlan.BackupPlanRule[]"

PROMISES = (
    Promise(
        id="database-is-backed-up",
        title="Where there is a database, a plan makes backups of what is tagged for it",
        reason="Automated backups are part of the cluster and go where it goes.",
        controls=(),  # RDS.26 does not look at the instances of a cluster
        source=f"{BACKUP}/assigning-resources.html",
        check=some(
            every("AWS::Backup::BackupSelection").present("BackupSelection.IamRoleArn", "BackupPlanId"),
            where="AWS::RDS::DBCluster",
        ),
        protected_only=True,
    ),
    Promise(
        id="vault-encrypted-with-own-key",
        title="Vaults are encrypted with a key of our own",
        reason="A backup under the AWS managed key cannot be copied to another account.",
        controls=asked("Backup.1"),
        source=f"{BACKUP}/encryption.html",
        check=VAULT.present("EncryptionKeyArn"),
    ),
    Promise(
        id="backups-cannot-be-deleted",
        title="Nobody may delete a backup before its time",
        reason="Who encrypts the data for a ransom deletes the backups first.",
        controls=(),
        source=f"{BACKUP}/creating-a-vault-access-policy.html",
        check=VAULT.asks(policies.denies_always("AccessPolicy", "backup:DeleteRecoveryPoint")),
    ),
    Promise(
        id="backups-leave-the-account",
        title="Every rule of a plan copies its backups to another vault",
        reason="What one account holds is lost with that account.",
        controls=(),
        source=f"{BACKUP}/create-cross-account-backup.html",
        check=PLAN.asks(count_at_least(f"{RULES}.CopyActions", 1)).present(
            f"{RULES}.CopyActions[].DestinationBackupVaultArn"
        ),
    ),
    Promise(
        id="backups-end",
        title="Backups and their copies say how long they are kept",
        reason="By default they are kept, and paid for, for ever.",
        controls=(),
        source=f"{BACKUP}/creating-a-backup-plan.html",
        check=PLAN.present(f"{RULES}.Lifecycle.DeleteAfterDays", f"{RULES}.CopyActions[].Lifecycle.DeleteAfterDays"),
    ),
    Promise(
        id="vault-lock-has-bounds",
        title="A locked vault takes nothing that ends too soon or too late",
        reason="A copy of one day is none, and one of a hundred years cannot be deleted by anybody, AWS included.",
        controls=(),
        source=f"{BACKUP}/vault-lock.html",
        check=VAULT.where("LockConfiguration").present(
            "LockConfiguration.MinRetentionDays", "LockConfiguration.MaxRetentionDays"
        ),
    ),
    Promise(
        id="copies-are-locked",
        title="The vault to which others copy is locked for good",
        reason="In governance mode whoever owns the account can still delete everything.",
        controls=(),
        source=f"{BACKUP}/vault-lock.html",
        check=some(VAULT.at_least("LockConfiguration.ChangeableForDays", 3), where="AWS::Backup::RestoreTestingPlan"),
    ),
    Promise(
        id="vault-outlives-its-stack",
        title="A vault stays when its stack goes",
        reason="A stack that was deleted by mistake must not take the backups along.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        check=VAULT.retained(),
    ),
    Promise(
        id="restores-are-tested",
        title="Where copies are kept, their restore is tested regularly",
        reason="A backup that nobody has restored is a hope.",
        controls=(),
        source=f"{BACKUP}/restore-testing.html",
        check=every("AWS::Backup::RestoreTestingPlan")
        .present("ScheduleExpression")
        .beside(every("AWS::Backup::RestoreTestingSelection").present("IamRoleArn"), via="RestoreTestingPlanName"),
    ),
)
