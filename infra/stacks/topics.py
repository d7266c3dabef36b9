"""The topics of an environment, as every stack with something to say reads them."""

from constructs import Construct

from infra.stacks.values import PAYROLL
from kiln.operations.topics import Severity, Topics, TopicsOnDemand


def topic_name(severity: Severity) -> str:
    """The name of the value that holds the ARN of a topic: `notifications/urgent-topic-arn`."""
    return f"notifications/{severity}-topic-arn"


def read_topics(scope: Construct) -> Topics:
    """The three topics, as tokens."""
    return TopicsOnDemand(lambda severity: PAYROLL.read(scope, topic_name(severity)))
