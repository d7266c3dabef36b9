"""A daily backup of everything that has a tag, and a copy of each in a vault of another account.

What is deleted here, by mistake or by somebody who has taken the account over, is still there. The keys of clusters
and tables must let the other account read (`kiln.data.volume_key_user.copies_to`). AWS Backup copies an Aurora cluster
to another account or to another region, not to both at once: the vault must be in this region.
https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.backup.backup_roles import backup_role
from kiln.operations.alarm import Alarm, Comparison, Missing
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import require_between
from kiln.stack_unique import unique_name

TAG, TAG_VALUE = "kiln:backup", "daily"
"""What is backed up says so by this tag."""
PROTECTED_ACTIONS = (
    "backup:DeleteRecoveryPoint",
    "backup:DisassociateRecoveryPoint",
    "backup:UpdateRecoveryPointLifecycle",
)
"""Denied to everybody; AWS Backup itself still ends what has reached its age."""
EVENTS = ("BACKUP_JOB_COMPLETED", "COPY_JOB_FAILED", "RECOVERY_POINT_MODIFIED", "RESTORE_JOB_COMPLETED")
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultNotifications.html"""
LONGEST_DAYS = 36_500
START_MINUTES, COMPLETE_MINUTES = 60, 360
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Daily:
    """When, for how long, and where to; every field may be a token.

    Args:
        schedule: an AWS cron expression in UTC such as `cron(0 1 * * ? *)`.
        keep_days: that a backup is kept here, 1 to 36500.
        copy_vault_arn: of a vault in another account and in this region.
        copy_keep_days: that the copy is kept; within the bounds of that vault's lock.
    """

    schedule: str
    keep_days: float
    copy_vault_arn: str
    copy_keep_days: float


class BackupPlan(Construct):
    """A vault, a plan with one rule, and the selection by tag; `.vault_arn` and `.plan_id` are tokens.

    Args:
        daily: see `Daily`.
        key_arn: of the vault and of what is backed up; may be a token.
        topics: told when a backup or a copy fails, and when there has been none for a day.
    """

    def __init__(self, scope: Construct, construct_id: str, *, daily: Daily, key_arn: str, topics: Topics) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "daily.keep_days", daily.keep_days, 1, LONGEST_DAYS, "days")
        require_between(self, "daily.copy_keep_days", daily.copy_keep_days, 1, LONGEST_DAYS, "days")
        vault = backup.CfnBackupVault(
            self,
            "Vault",
            # It must be named, and what is kept in it is in nobody's way.
            backup_vault_name=unique_name("backups"),
            encryption_key_arn=key_arn,
            access_policy=iam.PolicyDocument(statements=[deny_deletion()]),
            notifications=backup.CfnBackupVault.NotificationObjectTypeProperty(
                backup_vault_events=list(EVENTS), sns_topic_arn=topics.info_arn
            ),
        )
        vault.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        self.vault_arn: str = vault.attr_backup_vault_arn
        plan = self._plan(vault, daily)
        self.plan_id: str = plan.ref
        role = backup_role(self, "Role", vault_arns=[self.vault_arn, daily.copy_vault_arn], key_arn=key_arn)
        tagged = backup.CfnBackupSelection.ConditionResourceTypeProperty(
            condition_key=TAG, condition_type="STRINGEQUALS", condition_value=TAG_VALUE
        )
        selection = backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=plan.ref,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                selection_name="Tagged", iam_role_arn=role.role_arn, list_of_tags=[tagged]
            ),
        )
        # A role without its policy is refused.
        selection.node.add_dependency(role.node.find_child("DefaultPolicy"))
        self._alarms(vault.ref, topics)

    def _plan(self, vault: backup.CfnBackupVault, daily: Daily) -> backup.CfnBackupPlan:
        plan = backup.CfnBackupPlan
        rule = plan.BackupRuleResourceTypeProperty(
            rule_name="Daily",
            target_backup_vault=vault.ref,
            schedule_expression=daily.schedule,
            start_window_minutes=START_MINUTES,
            completion_window_minutes=COMPLETE_MINUTES,
            lifecycle=plan.LifecycleResourceTypeProperty(delete_after_days=daily.keep_days),
            copy_actions=[
                plan.CopyActionResourceTypeProperty(
                    destination_backup_vault_arn=daily.copy_vault_arn,
                    lifecycle=plan.LifecycleResourceTypeProperty(delete_after_days=daily.copy_keep_days),
                )
            ],
        )
        return plan(
            self,
            "Plan",
            backup_plan=plan.BackupPlanResourceTypeProperty(
                backup_plan_name=cdk.Aws.STACK_NAME, backup_plan_rule=[rule]
            ),
        )

    def _alarms(self, vault_name: str, topics: Topics) -> None:
        def metric(name: str) -> Metric:
            return Metric("AWS/Backup", name, {"BackupVaultName": vault_name}, "Sum", DAY_SECONDS)

        Alarm(
            self,
            "NoBackup",
            metric=metric("NumberOfBackupJobsCompleted"),
            threshold=1,
            comparison=Comparison.BELOW,
            missing=Missing.IS_BAD,
            severity=Severity.URGENT,
            topics=topics,
            description="No backup has been completed for a day. Look at the backup jobs, then at the tag of the data.",
        )
        for kind, metric_name in {"Backup": "NumberOfBackupJobsFailed", "Copy": "NumberOfCopyJobsFailed"}.items():
            Alarm(
                self,
                f"{kind}Failed",
                metric=metric(metric_name),
                threshold=1,
                severity=Severity.WARNING,
                topics=topics,
                description=f"A job of AWS Backup has failed: {kind.lower()}. Its message says why; run it again.",
            )


def deny_deletion() -> iam.PolicyStatement:
    """Nobody deletes what is in a vault, or shortens how long it is kept."""
    return iam.PolicyStatement(
        sid="NobodyDeletes",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(PROTECTED_ACTIONS),
        resources=["*"],
    )
