"""Payroll's services as they run on a machine: started from their sources, told of the place by a metadata service.

The metadata service is the tests' own, AWS is moto; both on loopback. `/` and `/health` are asked over HTTP.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from payroll_common.payslips import Payslips

EXAMPLES = Path(__file__).parents[3] / "examples" / "payroll"
COMMON = EXAMPLES / "common"
REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens, and nothing leaves this machine
JOBS, CALCULATIONS, SET_ASIDE = "jobs", "calculations", "set-aside"


def until(what: Callable[[], Any], seconds: float = 10) -> Any:
    """Ask again and again until there is an answer; the last one, well or not."""
    limit = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < limit:
        time.sleep(0.05)
    return found


class MetadataService(ThreadingHTTPServer):
    """Version 2 only: no answer without a token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Metadata)
        self.documents = {"ami-id": "ami-1", "instance-id": "i-1", "placement/region": REGION}
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Metadata(BaseHTTPRequestHandler):
    server: MetadataService

    def do_PUT(self) -> None:
        good = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer(200 if good else 400, "token")

    def do_GET(self) -> None:
        value = self.server.documents.get(self.path.removeprefix("/latest/meta-data/"))
        authorized = self.headers["X-aws-ec2-metadata-token"] == "token"
        self.answer(401 if not authorized else 200 if value else 404, value or "")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, template: str, *values: object) -> None: ...


@dataclass(slots=True)
class Place:
    """What Payroll's stacks leave in an account: a table, two queues, one for what is set aside, their names."""

    url: str
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    urls: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        import boto3

        keys = {name.lower(): value for name, value in KEYS.items()}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def make(self, attempts: int = 3) -> None:
        sqs = self.client("sqs")
        self.urls[SET_ASIDE] = sqs.create_queue(QueueName=f"{SET_ASIDE}-{self.name}")["QueueUrl"]
        [arn] = sqs.get_queue_attributes(QueueUrl=self.urls[SET_ASIDE], AttributeNames=["QueueArn"])[
            "Attributes"
        ].values()
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": attempts})}
        for name in (JOBS, CALCULATIONS):
            self.urls[name] = sqs.create_queue(QueueName=f"{name}-{self.name}", Attributes=redrive)["QueueUrl"]
        self.client("dynamodb").create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.put("environment", "Stage")
        self.put("worker/queue-url", self.urls[JOBS])
        self.put("worker-calculation/queue-url", self.urls[CALCULATIONS])
        self.put("table/name", self.name)

    def payslips(self) -> Payslips:
        return Payslips(self.client("dynamodb"), self.name)

    def put(self, name: str, value: str) -> None:
        ssm = self.client("ssm")
        ssm.put_parameter(Name=f"/kiln/payroll/{name}", Value=value, Type="String", Overwrite=True)

    def send(self, queue: str, body: str) -> None:
        self.client("sqs").send_message(QueueUrl=self.urls[queue], MessageBody=body)

    def counts(self, queue: str) -> tuple[int, int]:
        """Jobs that wait, and jobs in somebody's hand."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def bodies(self, queue: str) -> list[Any]:
        answer = self.client("sqs").receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]


class Service:
    """A running service."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def send(
        self, method: str = "GET", path: str = "/", body: bytes | None = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.headers)
        finally:
            connection.close()

    def health(self) -> dict[str, Any]:
        return dict(json.loads(self.send(path="/health")[1]))

    def until_state(self, state: str, seconds: float = 10) -> dict[str, Any]:
        assert until(lambda: self.health()["state"] == state, seconds), self.health()
        return self.health()

    def stop(self) -> list[dict[str, Any]]:
        """Stop it as systemd does; the lines of its log."""
        self.process.terminate()
        log = self.process.communicate(timeout=20)[1]
        assert self.process.returncode == 0, log
        return [json.loads(line) for line in log.splitlines()]


@contextmanager
def running(
    folder: str, metadata: str = NOBODY, endpoint: str = NOBODY, path: tuple[Path, ...] = (), **variables: str
) -> Iterator[Service]:
    """A service of `examples/payroll`, started as its unit starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = EXAMPLES / folder
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, (source, COMMON, *path))),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
        "AWS_ENDPOINT_URL": endpoint,
        **KEYS,
        **variables,
    }
    options = ["--host", "127.0.0.1", "--port"] if folder == "web" else ["--health-port"]
    module = f"payroll_{folder.replace('-', '_')}"
    command = [sys.executable, "-B", "-m", module, *options, str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: _listens(port))
            yield Service(process, port)
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
