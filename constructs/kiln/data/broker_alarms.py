"""What is watched of a RabbitMQ broker: one row per alarm.

https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-logging-monitoring.html
"""

from collections.abc import Iterator
from dataclasses import dataclass

from constructs import Construct

from kiln.operations.alarm import Alarm, Comparison
from kiln.operations.metric import Formula, Metric
from kiln.operations.topics import Severity, Topics

PERIOD_SECONDS = 300


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """When somebody is told; every field may be a token.

    Args:
        cpu_percent: for 15 minutes.
        memory_percent: of the limit at which the broker stops to accept messages.
        disk_factor: free disk in multiples of the limit at which the broker stops to accept messages.
        waiting_messages: ready in all queues together, with nobody who takes them, for 15 minutes.
    """

    cpu_percent: float = 80
    memory_percent: float = 80
    disk_factor: float = 2
    waiting_messages: float = 10_000


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    metric: Metric | Formula
    threshold: float
    severity: Severity
    description: str
    comparison: Comparison = Comparison.AT_LEAST


class BrokerAlarms(Construct):
    """Alarms over one broker; `broker_name` may be a token."""

    def __init__(
        self, scope: Construct, construct_id: str, *, broker_name: str, limits: BrokerLimits, topics: Topics
    ) -> None:
        super().__init__(scope, construct_id)
        for row in _rows(broker_name, limits):
            Alarm(
                self,
                row.name,
                metric=row.metric,
                threshold=row.threshold,
                severity=row.severity,
                topics=topics,
                description=row.description,
                comparison=row.comparison,
                periods=3,
            )


def _rows(broker_name: str, limits: BrokerLimits) -> Iterator[_Row]:
    def metric(name: str, statistic: str = "Average") -> Metric:
        return Metric("AWS/AmazonMQ", name, {"Broker": broker_name}, statistic, PERIOD_SECONDS)

    def share(used: str, limit: str, factor: int) -> Formula:
        return Formula(f"{factor} * used / most", {"used": metric(used), "most": metric(limit)})

    yield _Row(
        "Cpu",
        metric("SystemCpuUtilization"),
        limits.cpu_percent,
        Severity.WARNING,
        "The broker has been busy for 15 minutes. Look for a queue that grows, then at its instance type.",
    )
    yield _Row(
        "Memory",
        share("RabbitMQMemUsed", "RabbitMQMemLimit", 100),
        limits.memory_percent,
        Severity.URGENT,
        "The broker will soon stop to accept messages: its memory is full. Look for a queue that nobody empties.",
    )
    yield _Row(
        "Disk",
        share("RabbitMQDiskFree", "RabbitMQDiskFreeLimit", 1),
        limits.disk_factor,
        Severity.URGENT,
        "The broker will soon stop to accept messages: its disk is full. Look for a queue that nobody empties.",
        Comparison.BELOW,
    )
    yield _Row(
        "WaitingMessages",
        metric("MessageReadyCount", "Maximum"),
        limits.waiting_messages,
        Severity.WARNING,
        "Messages wait at the broker. See whether its workers are there and connected, then whether they are too few.",
    )
