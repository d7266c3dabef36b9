"""A backup that was never restored is a hope: once in a while the latest copies are restored, and deleted again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import aws_backup as backup
from constructs import Construct

from kiln.backup.backup_roles import restore_role
from kiln.operations.alarm import Alarm
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import refuse

WINDOW_DAYS = 8
"""How old a copy may be to be tested: with a test each week, there is always one."""
START_HOURS, VALIDATION_HOURS = 8, 4
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class WantedTests:
    """What is restored, and when.

    Args:
        schedule: an AWS cron expression in UTC; may be a token.
        overrides: resource type as AWS Backup calls it → what a restore is told: `{"Aurora": RestoreRoom.overrides}`.
    """

    schedule: str
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"DynamoDB": {}})


class RestoreTests(Construct):
    """A restore testing plan over one vault, with a selection and an alarm per type of resource.

    Args:
        name: of the plan: letters, digits and underscores.
        vault_arn: may be a token.
        key_arn: under which the copies are and the restored things will be; may be a token.
        wanted: see `WantedTests`.
        topics: told when a restore has failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vault_arn: str,
        key_arn: str,
        wanted: WantedTests,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)
        if not wanted.overrides:
            raise refuse(self, "wanted.overrides", found={}, expected="at least one resource type, such as Aurora")
        plan = backup.CfnRestoreTestingPlan(
            self,
            "Plan",
            restore_testing_plan_name=name,
            schedule_expression=wanted.schedule,
            start_window_hours=START_HOURS,
            recovery_point_selection=backup.CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[vault_arn],
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=WINDOW_DAYS,
            ),
        )
        role = restore_role(self, "Role", key_arn=key_arn)
        for resource_type, overrides in wanted.overrides.items():
            selection = backup.CfnRestoreTestingSelection(
                self,
                resource_type,
                restore_testing_plan_name=plan.ref,
                restore_testing_selection_name=resource_type,
                protected_resource_type=resource_type,
                protected_resource_arns=["*"],
                iam_role_arn=role.role_arn,
                restore_metadata_overrides=dict(overrides) or None,
                validation_window_hours=VALIDATION_HOURS,
            )
            # A role without its policy can do nothing yet.
            selection.node.add_dependency(role.node.find_child("DefaultPolicy"))
            Alarm(
                self,
                f"{resource_type}Failed",
                metric=Metric(
                    "AWS/Backup", "NumberOfRestoreJobsFailed", {"ResourceType": resource_type}, "Sum", DAY_SECONDS
                ),
                threshold=1,
                severity=Severity.URGENT,
                topics=topics,
                description="A backup could not be restored. Look at the restore job: you may need this backup.",
            )
