"""The topics of an environment, as every stack with something to say reads them."""

from constructs import Construct

from infra.stacks.values import PAYROLL
from kiln.operations.topics import Severity, Topics


def topic_name(severity: Severity) -> str:
    """The name of the value that holds the ARN of a topic: `notifications/urgent-topic-arn`."""
    return f"notifications/{severity}-topic-arn"


class _TopicsOfStack(Topics):
    """Reads a topic when it is first asked for: a parameter that nothing uses does not belong into a template."""

    def __init__(self, scope: Construct) -> None:
        self._scope = scope

    @property
    def urgent_arn(self) -> str:
        return self._read(Severity.URGENT)

    @property
    def warning_arn(self) -> str:
        return self._read(Severity.WARNING)

    @property
    def info_arn(self) -> str:
        return self._read(Severity.INFO)

    def _read(self, severity: Severity) -> str:
        return PAYROLL.read(self._scope, topic_name(severity))


def read_topics(scope: Construct) -> Topics:
    """The three topics, as tokens."""
    return _TopicsOfStack(scope)
