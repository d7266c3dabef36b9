"""AWS Backup: vaults with lock, policy and notifications, plans, selections, restore testing. No job ever runs.

moto (5.2.5) has vaults and plans, and neither policies nor selections nor restore testing: nothing is left to it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Kept, Members, Noun
from rehearsal.recorded_services.verbs import (
    Ask,
    change,
    constant,
    default,
    drop,
    get,
    listed,
    make,
    now,
    only_with,
    put,
    random_id,
    remove,
    tag,
    tags_of,
    untag,
)

LOCK = ("MinRetentionDays", "MaxRetentionDays", "ChangeableForDays", "LockDate", "Locked")
NOTIFICATIONS = ("SNSTopicArn", "BackupVaultEvents")
# https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html
SHORTEST_COOLING_OFF_DAYS = 3
# https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html
COLD_AT_LEAST_DAYS = 90

VAULT = Noun(
    name="backup vault",
    key=("BackupVaultName",),
    born={
        "BackupVaultArn": "arn:aws:backup:{Region}:{Account}:backup-vault:{BackupVaultName}",
        "EncryptionKeyArn": default("EncryptionKeyArn", None),
        "CreationDate": now,
        "VaultType": constant("BACKUP_VAULT"),
        "VaultState": constant("AVAILABLE"),
        "NumberOfRecoveryPoints": constant(0),
        "Locked": constant(False),
    },
    tags="BackupVaultTags",
    arn="BackupVaultArn",
    taken="AlreadyExistsException",
)


def _rules(ask: Ask, members: Members) -> dict[str, Any]:
    """The plan with what the service adds to each rule, and its defaults (API_BackupRule)."""
    defaults = {"StartWindowMinutes": 480, "CompletionWindowMinutes": 10080, "ScheduleExpressionTimezone": "Etc/UTC"}
    plan = members["BackupPlan"]
    rules = [{"RuleId": random_id(digits=0)(ask, rule), **defaults, **rule} for rule in plan["Rules"]]  # type: ignore[operator]
    return {**plan, "Rules": rules}


def _check_rules(ask: Ask, plan: Kept) -> None:
    for rule in plan.members["BackupPlan"]["Rules"]:
        ask.shelf.need(VAULT, (rule["TargetBackupVaultName"],))
        for life in (rule.get("Lifecycle", {}), *(c.get("Lifecycle", {}) for c in rule.get("CopyActions", ()))):
            cold, end = life.get("MoveToColdStorageAfterDays"), life.get("DeleteAfterDays")
            if cold and end and end < cold + COLD_AT_LEAST_DAYS:
                raise AwsError(
                    "InvalidParameterValueException",
                    f"Invalid lifecycle of {rule['RuleName']}. DeleteAfterDays cannot be less than {COLD_AT_LEAST_DAYS}"
                    " days apart from MoveToColdStorageAfterDays",
                )


PLAN = Noun(
    name="backup plan",
    key=("BackupPlanId",),
    born={
        "BackupPlanId": random_id(digits=0),
        "BackupPlanArn": "arn:aws:backup:{Region}:{Account}:backup-plan:{BackupPlanId}",
        "CreationDate": now,
        "VersionId": random_id(digits=48),
        "BackupPlanName": "{BackupPlan[BackupPlanName]}",
        "BackupPlan": _rules,
    },
    touched={
        "VersionId": random_id(digits=48),
        "BackupPlanName": "{BackupPlan[BackupPlanName]}",
        "BackupPlan": _rules,
    },
    tags="BackupPlanTags",
    arn="BackupPlanArn",
)
SELECTION = Noun(
    name="backup selection",
    key=("BackupPlanId", "SelectionId"),
    born={"SelectionId": random_id(digits=0), "CreationDate": now},
    bodies=("BackupSelection",),
    within=PLAN,
)
TESTING = Noun(
    name="restore testing plan",
    key=("RestoreTestingPlanName",),
    born={
        "RestoreTestingPlanArn": "arn:aws:backup:{Region}:{Account}:restore-testing-plan:{RestoreTestingPlanName}",
        "ScheduleExpressionTimezone": default("ScheduleExpressionTimezone", "Etc/UTC"),
        "StartWindowHours": default("StartWindowHours", 24),
        "CreationTime": now,
    },
    touched={"UpdateTime": now, "LastUpdateTime": now},
    bodies=("RestoreTestingPlan",),
    arn="RestoreTestingPlanArn",
    taken="AlreadyExistsException",
)
TESTED = Noun(
    name="restore testing selection",
    key=("RestoreTestingPlanName", "RestoreTestingSelectionName"),
    born={"CreationTime": now, "ValidationWindowHours": default("ValidationWindowHours", 0)},
    touched={"UpdateTime": now},
    bodies=("RestoreTestingSelection",),
    within=TESTING,
    taken="AlreadyExistsException",
)


def _refuse_locked(ask: Ask, vault: Kept) -> None:
    """A lock that has cooled off stays as it is. Raises AwsError."""
    found = ask.thing(VAULT).members
    if "LockDate" in found and found["LockDate"] <= datetime.now(UTC):
        raise AwsError(
            "InvalidRequestException", f"Vault lock of {vault.key[0]} is immutable since {found['LockDate']}"
        )


def _lock(ask: Ask, vault: Kept) -> None:
    _refuse_locked(ask, vault)
    days, low, high = (ask.request.get(n) for n in ("ChangeableForDays", "MinRetentionDays", "MaxRetentionDays"))
    if low is not None and high is not None and low > high:
        raise AwsError("InvalidParameterValueException", f"MinRetentionDays {low} is more than MaxRetentionDays {high}")
    if days is not None and days < SHORTEST_COOLING_OFF_DAYS:
        words = f"ChangeableForDays must be at least {SHORTEST_COOLING_OFF_DAYS}, found {days}"
        raise AwsError("InvalidParameterValueException", words)
    vault.members["Locked"] = True
    if days is not None:
        vault.members["LockDate"] = datetime.now(UTC) + timedelta(days=days)


def _unlock(ask: Ask, vault: Kept) -> None:
    _refuse_locked(ask, vault)
    vault.members["Locked"] = False


def _refuse_parts(ask: Ask, thing: Kept) -> None:
    """A plan goes after its selections. Raises AwsError."""
    if parts := [part.noun.name for part in ask.shelf.within(thing)]:
        words = f"The {thing.noun.name} {thing.key[0]} still has a {parts[0]}: delete it first"
        raise AwsError("InvalidRequestException", words)


TABLE = {
    "CreateBackupVault": make(VAULT),
    "DescribeBackupVault": get(VAULT),
    "ListBackupVaults": listed(VAULT, "BackupVaultList"),
    "DeleteBackupVault": remove(VAULT),
    "PutBackupVaultLockConfiguration": put(VAULT, *LOCK, also=_lock),
    "DeleteBackupVaultLockConfiguration": drop(VAULT, *(n for n in LOCK if n != "Locked"), also=_unlock),
    "PutBackupVaultAccessPolicy": put(VAULT, "Policy"),
    "GetBackupVaultAccessPolicy": only_with(VAULT, "Policy"),
    "DeleteBackupVaultAccessPolicy": drop(VAULT, "Policy"),
    "PutBackupVaultNotifications": put(VAULT, *NOTIFICATIONS),
    "GetBackupVaultNotifications": only_with(VAULT, "SNSTopicArn"),
    "DeleteBackupVaultNotifications": drop(VAULT, *NOTIFICATIONS),
    "CreateBackupPlan": make(PLAN, also=_check_rules),
    "UpdateBackupPlan": change(PLAN, also=_check_rules),
    "GetBackupPlan": get(PLAN),
    "ListBackupPlans": listed(PLAN, "BackupPlansList"),
    "DeleteBackupPlan": remove(PLAN, also=_refuse_parts),
    "CreateBackupSelection": make(SELECTION),
    "GetBackupSelection": get(SELECTION),
    "ListBackupSelections": listed(SELECTION, "BackupSelectionsList", by=("BackupPlanId",)),
    "DeleteBackupSelection": remove(SELECTION),
    "CreateRestoreTestingPlan": make(TESTING),
    "UpdateRestoreTestingPlan": change(TESTING),
    "GetRestoreTestingPlan": get(TESTING, "RestoreTestingPlan"),
    "ListRestoreTestingPlans": listed(TESTING, "RestoreTestingPlans"),
    "DeleteRestoreTestingPlan": remove(TESTING, also=_refuse_parts),
    "CreateRestoreTestingSelection": make(TESTED),
    "UpdateRestoreTestingSelection": change(TESTED),
    "GetRestoreTestingSelection": get(TESTED, "RestoreTestingSelection"),
    "ListRestoreTestingSelections": listed(TESTED, "RestoreTestingSelections", by=("RestoreTestingPlanName",)),
    "DeleteRestoreTestingSelection": remove(TESTED),
    "TagResource": tag("ResourceArn", "Tags"),
    "UntagResource": untag("ResourceArn", "TagKeyList"),
    "ListTags": tags_of("ResourceArn", "Tags"),
}


def service() -> RecordedService:
    return RecordedService("backup", TABLE)
