"""AWS/SQS: what waits in the queues, from moto's records (moto 5.2.5)."""

from typing import Any

from moto.sqs.models import sqs_backends

from rehearsal.alarms.model import Metric
from rehearsal.alarms.records import dimension, publish

NAMESPACE = "AWS/SQS"


def queues(begin: float, end: float) -> None:
    """The lengths of all queues and the age of what waits longest, as they are now."""
    for account, regions in list(sqs_backends.items()):
        for region, backend in list(regions.items()):
            for queue in list(backend.queues.values()):
                for name, number, unit in _measured(queue, end):
                    metric = Metric(NAMESPACE, name, dimension(QueueName=str(queue.name)))
                    publish((str(account), str(region)), metric, begin, number, unit)


def _measured(queue: Any, now: float) -> list[tuple[str, float, str]]:
    kept = list(queue._messages)  # those that are delayed or in flight too
    sent = [int(m.sent_timestamp) / 1000 for m in kept if m.sent_timestamp]
    return [
        ("ApproximateNumberOfMessagesVisible", queue.approximate_number_of_messages, "Count"),
        ("ApproximateNumberOfMessagesNotVisible", queue.approximate_number_of_messages_not_visible, "Count"),
        ("ApproximateNumberOfMessagesDelayed", queue.approximate_number_of_messages_delayed, "Count"),
        ("ApproximateAgeOfOldestMessage", max(0.0, now - min(sent)) if sent else 0.0, "Seconds"),
    ]
