"""When instances are looked at for missing security updates, and which get them.

An image is never changed in place: what a tier lacks comes with the next image. So the instances of tiers are scanned
only, and what is missing shows in Systems Manager and breaks a rule of Config. Updates are installed where an instance
lives on while nothing is deployed, such as a bastion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from kiln.operations import tags
from kiln.operations.debian_baseline import DebianBaseline
from kiln.operations.event_notice import EventNotice, Events
from kiln.refusal import refuse, require_between

DOCUMENT = "AWS-RunPatchBaseline"
CUTOFF_HOURS = 1
"""Before the end of the window, after which nothing new begins."""
TIMEOUT_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Window:
    """When; every field may be a token.

    Args:
        schedule: with six fields, such as `cron(0 2 ? * SUN *)`.
        hours: 2 to 24.
        time_zone: such as `Europe/Berlin`.
    """

    schedule: str
    hours: float
    time_zone: str


class Patching(Construct):
    """A patch baseline for Debian, a maintenance window, and its tasks; a task that fails is told to a topic.

    Args:
        window: see `Window`.
        scanned: values of the tags `kiln:tier` and `PatchGroup` of instances from which only a report is wanted.
        updated: values of the tags of those that get the updates and, if one needs it, a reboot.
        topic_arn: is told of a task that fails; may be a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        window: Window,
        scanned: Sequence[str],
        updated: Sequence[str],
        topic_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "window.hours", window.hours, CUTOFF_HOURS + 1, 24, "hours")
        if both := sorted(set(scanned) & set(updated)):
            raise refuse(self, "updated", found=", ".join(both), expected="none of those that are scanned only")
        DebianBaseline(self, "Baseline", patch_groups=[*scanned, *updated])
        role = _role(self, [*scanned, *updated])
        made = ssm.CfnMaintenanceWindow(
            self,
            "Window",
            name=f"{cdk.Aws.STACK_NAME}-patching",
            description="Looks for missing security updates",
            schedule=window.schedule,
            schedule_timezone=window.time_zone,
            duration=window.hours,
            cutoff=CUTOFF_HOURS,
            allow_unassociated_targets=False,
        )
        self.window_id: str = made.ref
        tasks = {"Scan": scanned, "Install": updated}
        for operation, tiers in tasks.items():
            if tiers:
                _task(self, operation, tiers, made, role)
        EventNotice(
            self,
            "Failed",
            events=Events(
                "aws.ssm",
                "Maintenance Window Task Execution State-change Notification",
                {"window-id": [self.window_id], "status": ["FAILED", "TIMED_OUT"]},
            ),
            topic_arn=topic_arn,
            description="A task of the patch window failed",
            text="Patching: task <task> of window <window> ended as <status>.",
            values={"task": "$.detail.window-task-id", "window": "$.detail.window-id", "status": "$.detail.status"},
        )


def _role(scope: Construct, tiers: Sequence[str]) -> iam.Role:
    own = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    role = iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("ssm.amazonaws.com", conditions=own),
        description="The patch window sends its command to instances",
    )
    region = f"{cdk.Aws.PARTITION}:ssm:{cdk.Aws.REGION}"
    instances = f"arn:{cdk.Aws.PARTITION}:ec2:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:instance/*"
    send, read = ["ssm:SendCommand"], ["ssm:GetCommandInvocation", "ssm:ListCommandInvocations", "ssm:ListCommands"]
    of_tiers = {"StringEquals": {f"ssm:resourceTag/{tags.TIER}": list(tiers)}}
    role.add_to_policy(iam.PolicyStatement(actions=send, resources=[f"arn:{region}::document/{DOCUMENT}"]))
    role.add_to_policy(iam.PolicyStatement(actions=send, resources=[instances], conditions=of_tiers))
    role.add_to_policy(iam.PolicyStatement(actions=read, resources=["*"]))
    return role


def _task(
    scope: Construct, operation: str, tiers: Sequence[str], window: ssm.CfnMaintenanceWindow, role: iam.Role
) -> None:
    target = ssm.CfnMaintenanceWindowTarget(
        scope,
        f"{operation}Target",
        window_id=window.ref,
        resource_type="INSTANCE",
        targets=[ssm.CfnMaintenanceWindowTarget.TargetsProperty(key=f"tag:{tags.TIER}", values=list(tiers))],
    )
    Task = ssm.CfnMaintenanceWindowTask
    command = Task.MaintenanceWindowRunCommandParametersProperty(
        parameters={
            "Operation": [operation],
            "RebootOption": ["NoReboot" if operation == "Scan" else "RebootIfNeeded"],
        },
        timeout_seconds=TIMEOUT_SECONDS,
    )
    Task(
        scope,
        operation,
        window_id=window.ref,
        task_type="RUN_COMMAND",
        task_arn=DOCUMENT,
        priority=1,
        max_concurrency="50%" if operation == "Scan" else "1",
        max_errors="50%" if operation == "Scan" else "0",
        cutoff_behavior="CANCEL_TASK",
        service_role_arn=role.role_arn,
        targets=[Task.TargetProperty(key="WindowTargetIds", values=[target.ref])],
        task_invocation_parameters=Task.TaskInvocationParametersProperty(
            maintenance_window_run_command_parameters=command
        ),
    )
