"""A tier of long calculations: an instance that has to go may finish what it has begun.

A lifecycle hook holds its end. The instance asks the metadata service for its target state
(`/latest/meta-data/autoscaling/target-lifecycle-state`), takes no more jobs when that is `Terminated`, and completes
the hook when it has finished. If it never does, it ends when the time of the longest job is over: nothing that still
runs then would have come to an end.
"""

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.refusal import require_between
from kiln.tiers.auto_scaling_group import Startup
from kiln.tiers.instance_choice import Size
from kiln.tiers.instance_role import Access
from kiln.tiers.queue import Queue
from kiln.tiers.queue_worker_tier import QueueWorkerTier
from kiln.tiers.surroundings import Surroundings

SHORTEST_HOOK_SECONDS, LONGEST_HOOK_SECONDS = 30, 7200
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html"""
HOOK = "finish"


class CalculationTier(Construct):
    """A `QueueWorkerTier` whose instances finish their calculation before they end; `.tier` has its role and names.

    Args:
        job_seconds: the longest that a calculation takes, 30 to 7200; may be a token.

    The others are those of `QueueWorkerTier`. Say in `size.unlimited_credits` whether burstable instances may be busy
    for as long as a calculation takes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        image_id: str,
        size: Size,
        startup: Startup,
        surroundings: Surroundings,
        queue: Queue,
        backlog_per_instance: float,
        job_seconds: float,
        access: Access | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(
            self, "job_seconds", job_seconds, SHORTEST_HOOK_SECONDS, LONGEST_HOOK_SECONDS, "seconds, as a hook may hold"
        )
        worker = QueueWorkerTier(
            self,
            "Worker",
            name=name,
            image_id=image_id,
            size=size,
            startup=startup,
            surroundings=surroundings,
            queue=queue,
            backlog_per_instance=backlog_per_instance,
            access=access,
        )
        self.tier = worker.tier
        autoscaling.CfnLifecycleHook(
            self,
            "Finish",
            auto_scaling_group_name=self.tier.group_name,
            lifecycle_hook_name=HOOK,
            lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
            heartbeat_timeout=job_seconds,
            default_result="CONTINUE",
        )
        # A policy of its own: the role's first one is there before the group, whose name this one needs.
        iam.Policy(self, "FinishPolicy", statements=[_finish(self.tier.group_name)], roles=[self.tier.role])


def _finish(group_name: str) -> iam.PolicyStatement:
    group = f"autoScalingGroup:*:autoScalingGroupName/{group_name}"
    return iam.PolicyStatement(
        sid="FinishBeforeTheEnd",
        actions=["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
        resources=[f"arn:{cdk.Aws.PARTITION}:autoscaling:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{group}"],
    )
