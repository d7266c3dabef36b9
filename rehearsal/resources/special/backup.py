"""AWS Backup: a plan's rules are called otherwise in templates than in the API."""

from rehearsal.resources.kind import Properties, prepare
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import without


@prepare("BackupPlan")
def plan(resource: Resource, properties: Properties) -> Properties:
    """BackupPlanRule → Rules, TargetBackupVault → TargetBackupVaultName."""
    given = properties["BackupPlan"]
    rules = [
        {**without(rule, "TargetBackupVault"), "TargetBackupVaultName": rule["TargetBackupVault"]}
        for rule in given["BackupPlanRule"]
    ]
    return {**properties, "BackupPlan": {**without(given, "BackupPlanRule"), "Rules": rules}}
