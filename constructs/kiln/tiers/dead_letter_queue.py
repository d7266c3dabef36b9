"""Where the work goes that nobody could do: kept as long as SQS keeps anything, and somebody is told at once."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from kiln.operations.alarm import Alarm
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics

KEPT_SECONDS = 14 * 24 * 60 * 60
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
KEY_REUSE_SECONDS = 300
"""The default: a call of KMS every five minutes, and not for every message."""


class DeadLetterQueue(Construct):
    """A queue with an alarm on its first message; `.arn` and `.name` are tokens, `.resource` is the queue.

    Args:
        key_arn: may be a token. Who sends to it must be allowed to use it through SQS.
        topics: who is told.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key_arn: str, topics: Topics) -> None:
        super().__init__(scope, construct_id)
        self.resource = sqs.CfnQueue(
            self,
            "Resource",
            kms_master_key_id=key_arn,
            kms_data_key_reuse_period_seconds=KEY_REUSE_SECONDS,
            message_retention_period=KEPT_SECONDS,
        )
        self.resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        tls_only(self, "Policy", self.resource)
        self.arn: str = self.resource.attr_arn
        self.name: str = self.resource.attr_queue_name
        Alarm(
            self,
            "NotEmpty",
            metric=Metric(
                "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": self.name}, statistic="Maximum"
            ),
            threshold=1,
            severity=Severity.URGENT,
            topics=topics,
            description=(
                "Work has failed again and again and was set aside. Read the log of the tier for why, mend it, and "
                "move the messages back with StartMessageMoveTask; they are kept for 14 days."
            ),
        )


def tls_only(scope: Construct, construct_id: str, queue: sqs.CfnQueue) -> None:
    """The policy by which a queue refuses requests that come without TLS."""
    refused = {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sqs:*",
        "Resource": queue.attr_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    sqs.CfnQueuePolicy(
        scope,
        construct_id,
        queues=[queue.ref],
        policy_document={"Version": "2012-10-17", "Statement": [refused]},
    )
