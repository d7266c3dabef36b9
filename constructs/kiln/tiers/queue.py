"""A queue of jobs that loses none: what cannot be worked on is set aside, and somebody is told.

Encrypted with a key of ours, TLS only, and still there when its stack is gone. Its visibility timeout is the longest
that a job may take: a job is given to another worker only when nobody can be working on it any more.
"""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from kiln.operations.alarm import Alarm
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import require_between
from kiln.tiers.dead_letter_queue import KEY_REUSE_SECONDS, DeadLetterQueue, tls_only

LONGEST_VISIBILITY_SECONDS = 12 * 60 * 60
LONGEST_WAIT_SECONDS = 20
"""Of a receiver; an empty queue is asked three times a minute and not all the time."""
KEPT_SECONDS = 4 * 24 * 60 * 60
ATTEMPTS = 3


class Queue(Construct):
    """A standard queue and its dead-letter queue `.set_aside`; `.arn`, `.url` and `.name` are tokens.

    Args:
        job_seconds: the longest that a job takes, 1 to 43200; may be a token.
        waiting_seconds: how old the oldest job may be before somebody is told; may be a token.
        key_arn: may be a token. Who sends or takes messages must be allowed to use it through SQS.
        topics: who is told.
        attempts: how often a job is tried before it is set aside, 1 to 1000.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job_seconds: float,
        waiting_seconds: float,
        key_arn: str,
        topics: Topics,
        attempts: int = ATTEMPTS,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "job_seconds", job_seconds, 1, LONGEST_VISIBILITY_SECONDS, "seconds (12 hours)")
        require_between(self, "attempts", attempts, 1, 1000, "times")
        self.set_aside = DeadLetterQueue(self, "SetAside", key_arn=key_arn, topics=topics)
        queue = sqs.CfnQueue(
            self,
            "Jobs",
            kms_master_key_id=key_arn,
            kms_data_key_reuse_period_seconds=KEY_REUSE_SECONDS,
            message_retention_period=KEPT_SECONDS,
            visibility_timeout=job_seconds,
            receive_message_wait_time_seconds=LONGEST_WAIT_SECONDS,
            redrive_policy={"deadLetterTargetArn": self.set_aside.arn, "maxReceiveCount": attempts},
            redrive_allow_policy={"redrivePermission": "denyAll"},
        )
        queue.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        tls_only(self, "Policy", queue)
        self.arn: str = queue.attr_arn
        self.url: str = queue.ref
        self.name: str = queue.attr_queue_name
        self._alarm_waiting(waiting_seconds, topics)

    def _alarm_waiting(self, seconds: float, topics: Topics) -> None:
        Alarm(
            self,
            "Waiting",
            metric=Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": self.name}, statistic="Maximum"),
            threshold=seconds,
            periods=5,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                "The oldest job of the queue waits too long. See whether the tier that works on it runs, is at its "
                "maximum, or fails: then its log says why."
            ),
        )
