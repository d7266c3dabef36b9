"""Alarms, groups, moto's queues and topics in one process over HTTP; the pace is 60: a minute is a second."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.moto_as_it_was import moto_as_it_was

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # read when moto is imported, which happens once per process

ACCOUNT, REGION = "666666666666", "eu-west-1"
LIMIT_SECONDS = 60.0
PACE = 60


@dataclass(frozen=True, slots=True)
class Cloud:
    """One account of the embedded AWS."""

    clients: Any

    def client(self, service: str) -> Any:
        return self.clients.get(service, ACCOUNT, REGION)

    @property
    def cloudwatch(self) -> Any:
        return self.client("cloudwatch")

    def alarm(self, name: str) -> Any:
        found = self.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return [*found["MetricAlarms"], *found["CompositeAlarms"]][0]

    def put(self, name: str, **settings: Any) -> None:
        """An alarm on the sum of a metric of this name, of one minute."""
        asked: dict[str, Any] = {
            "Namespace": "Test",
            "MetricName": name,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        self.cloudwatch.put_metric_alarm(AlarmName=name, **(asked | settings))

    def data(self, name: str, *values: float) -> None:
        self.cloudwatch.put_metric_data(
            Namespace="Test", MetricData=[{"MetricName": name, "Value": value} for value in values]
        )

    def queue(self, topic_name: str) -> tuple[str, Callable[[], list[str]]]:
        """A topic's ARN, and what a queue behind it has received until now."""
        topic = self.client("sns").create_topic(Name=topic_name)["TopicArn"]
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=topic_name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        received: list[str] = []

        def read() -> list[str]:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
                received.append(str(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return received

        return str(topic), read

    def until(self, found: Callable[[], Any]) -> Any:
        end = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < end:
            if result := found():
                return result
            time.sleep(0.05)
        raise AssertionError(f"not within {LIMIT_SECONDS} s: {self.cloudwatch.describe_alarms()['MetricAlarms']}")

    def entered(self, name: str, state: str) -> Any:
        """The alarm once it is in a state."""
        self.until(lambda: self.alarm(name)["StateValue"] == state)
        return self.alarm(name)


@pytest.fixture(scope="module")  # a second controller in this process would take its groups for its own
def cloud() -> Iterator[Cloud]:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from rehearsal.alarms import Alarms
    from rehearsal.alarms.measures import queues
    from rehearsal.front.app import Front
    from rehearsal.front.clients import Clients
    from rehearsal.groups import Groups
    from rehearsal.moto_hooks import autoscaling
    from rehearsal.pace import Pace

    class Quiet(MotoRequestHandler):  # type: ignore[misc, unused-ignore]
        def log_request(self, *_: Any) -> None:
            pass

    clients = Clients("http://localhost:0")
    front = Front(lambda key: None, clients.access_key)
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    clients.url = f"http://localhost:{server.server_port}"
    groups = Groups(clients, Pace(PACE))
    alarms = Alarms(clients, groups.scale, [queues.queues], Pace(PACE))
    with moto_as_it_was():
        autoscaling.install(groups)
        for service in (*groups.services, *alarms.services):
            front.add(service)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        groups.start()
        alarms.start()
        yield Cloud(clients)
        alarms.close()
        groups.close()
        server.shutdown()
