"""A tier that takes jobs from a queue, and grows with those that wait.

It scales on the backlog per instance and not on the processors: jobs that wait for a database keep no processor busy,
and the length of a queue by itself says nothing without the number of those who work on it. See
https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html
"""

from dataclasses import replace

from constructs import Construct

from kiln.operations.metric import Formula, Metric
from kiln.tiers.auto_scaling_group import Startup
from kiln.tiers.instance_choice import Size
from kiln.tiers.instance_role import Access
from kiln.tiers.queue import Queue
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.target_tracking import TargetTracking
from kiln.tiers.tier import Tier


class QueueWorkerTier(Construct):
    """A `Tier` that may take jobs from a `Queue`; `.tier` has its role and its names.

    Args:
        queue: whose jobs it takes.
        backlog_per_instance: waiting jobs to which the group scales; may be a token.

    The others are those of `Tier`. A group with a minimum of 0 grows from it as soon as a job waits.
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
        access: Access | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        access = access or Access()
        self.tier = Tier(
            self,
            "Tier",
            name=name,
            image_id=image_id,
            size=size,
            startup=startup,
            surroundings=surroundings,
            access=replace(access, take_from=[*access.take_from, queue.arn]),
        )
        TargetTracking(
            self,
            "Scaling",
            group_name=self.tier.group_name,
            target=backlog_per_instance,
            formula=backlog(queue.name, self.tier.group_name),
        )


def backlog(queue_name: str, group_name: str) -> Formula:
    """Waiting jobs per instance in service; where there is none, all of them."""
    waiting = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": queue_name}, statistic="Sum")
    working = Metric("AWS/AutoScaling", "GroupInServiceInstances", {"AutoScalingGroupName": group_name})
    return Formula(
        "waiting / IF(working > 0, working, 1)", {"waiting": waiting, "working": working}, "Waiting jobs per instance"
    )
