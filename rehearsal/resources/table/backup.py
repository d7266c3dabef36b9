"""AWS::Backup."""

from rehearsal.resources.kind import Call, Computed, Kind, Tagging, op
from rehearsal.resources.special import backup
from rehearsal.resources.special.wrapping import inside, part, update_inside

RECORDED = "Its API is Kiln's own; no job ever runs."
PLAN = ("RecoveryPointSelection", "RestoreTestingPlanName", "ScheduleExpression", "ScheduleExpressionTimezone")
TESTING = (*PLAN, "StartWindowHours")
SELECTION = (
    "IamRoleArn",
    "ProtectedResourceArns",
    "ProtectedResourceConditions",
    "ProtectedResourceType",
    "RestoreMetadataOverrides",
    "RestoreTestingSelectionName",
    "ValidationWindowHours",
)
# What of it may change; the rest is create-only.
SELECTION_CHANGES = tuple(n for n in SELECTION if n not in ("ProtectedResourceType", "RestoreTestingSelectionName"))


def tags(arn: str) -> Tagging:
    return Tagging(op("tag_resource", ResourceArn=arn), op("untag_resource", ResourceArn=arn), keys="TagKeyList")


TABLE = {
    "AWS::Backup::BackupVault": Kind(
        service="backup",
        create=op("create_backup_vault"),
        delete=op("delete_backup_vault", BackupVaultName="{id}"),
        tagging=tags("{BackupVaultArn}"),
        steps=(
            Call(
                op(
                    "put_backup_vault_lock_configuration",
                    BackupVaultName="{id}",
                    MinRetentionDays=part("LockConfiguration", "MinRetentionDays"),
                    MaxRetentionDays=part("LockConfiguration", "MaxRetentionDays"),
                    ChangeableForDays=part("LockConfiguration", "ChangeableForDays"),
                ),
                undo=op("delete_backup_vault_lock_configuration", BackupVaultName="{id}"),
            ),
            Call(
                op("put_backup_vault_access_policy", BackupVaultName="{id}", Policy="$AccessPolicy"),
                undo=op("delete_backup_vault_access_policy", BackupVaultName="{id}"),
            ),
            Call(
                op(
                    "put_backup_vault_notifications",
                    BackupVaultName="{id}",
                    SNSTopicArn=part("Notifications", "SNSTopicArn"),
                    BackupVaultEvents=part("Notifications", "BackupVaultEvents"),
                ),
                undo=op("delete_backup_vault_notifications", BackupVaultName="{id}"),
            ),
        ),
        remark=f"{RECORDED} A lock that has cooled off cannot be changed any more.",
    ),
    "AWS::Backup::BackupPlan": Kind(
        service="backup",
        create=op("create_backup_plan"),
        update=(op("update_backup_plan", BackupPlanId="{id}"),),
        delete=op("delete_backup_plan", BackupPlanId="{id}"),
        tagging=tags("{BackupPlanArn}"),
        prepare=backup.plan,
        remark=f"{RECORDED} That a vault of another account accepts a copy is not checked.",
    ),
    "AWS::Backup::BackupSelection": Kind(
        service="backup",
        create=op("create_backup_selection"),
        delete=op("delete_backup_selection", BackupPlanId="$BackupPlanId", SelectionId="{SelectionId}"),
        ref="{SelectionId}_{BackupPlanId}",
        remark=RECORDED,
    ),
    "AWS::Backup::RestoreTestingPlan": Kind(
        service="backup",
        create=op("create_restore_testing_plan"),
        delete=op("delete_restore_testing_plan", RestoreTestingPlanName="{id}"),
        tagging=tags("{RestoreTestingPlanArn}"),
        prepare=inside("RestoreTestingPlan", *TESTING),
        steps=(
            update_inside(
                op("update_restore_testing_plan", RestoreTestingPlanName="{id}"),
                "RestoreTestingPlan",
                *(name for name in TESTING if name != "RestoreTestingPlanName"),
            ),
        ),
        remark=RECORDED,
    ),
    "AWS::Backup::RestoreTestingSelection": Kind(
        service="backup",
        create=op("create_restore_testing_selection"),
        delete=op(
            "delete_restore_testing_selection",
            RestoreTestingPlanName="$RestoreTestingPlanName",
            RestoreTestingSelectionName="$RestoreTestingSelectionName",
        ),
        ref=Computed(
            lambda resource, _: (
                f"{resource.properties['RestoreTestingPlanName']}|{resource.properties['RestoreTestingSelectionName']}"
            )
        ),
        prepare=inside("RestoreTestingSelection", *SELECTION),
        steps=(
            update_inside(
                op(
                    "update_restore_testing_selection",
                    RestoreTestingPlanName="$RestoreTestingPlanName",
                    RestoreTestingSelectionName="$RestoreTestingSelectionName",
                ),
                "RestoreTestingSelection",
                *SELECTION_CHANGES,
            ),
        ),
        remark=RECORDED,
    ),
}
