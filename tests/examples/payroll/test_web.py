"""Payroll's Web service, really running, on loopback; metadata service and Parameter Store are the test's own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from moto.server import ThreadedMotoServer

SOURCE = Path(__file__).parents[3] / "examples" / "payroll" / "web"
VERSION = (SOURCE / "VERSION").read_text(encoding="utf-8").strip()
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens, and nothing leaves this machine
METADATA = {"ami-id": "ami-1", "instance-id": "i-1", "placement/region": "eu-west-1"}


class Metadata(BaseHTTPRequestHandler):
    """Version 2 only: no answer without a token."""

    def do_PUT(self) -> None:
        good = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer(200 if good else 400, "token")

    def do_GET(self) -> None:
        value = METADATA.get(self.path.removeprefix("/latest/meta-data/"))
        authorized = self.headers["X-aws-ec2-metadata-token"] == "token"
        self.answer(401 if not authorized else 200 if value else 404, value or "")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, template: str, *values: object) -> None: ...


@pytest.fixture(scope="module")
def metadata() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def parameter_store() -> Iterator[str]:
    import boto3

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}
    ssm = boto3.client("ssm", endpoint_url=url, **keys)
    ssm.put_parameter(Name="/kiln/payroll/environment", Value="Stage", Type="String")
    yield url
    server.stop()


class Service:
    """The running service."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def get(self, path: str = "/", accept: str = "*/*", method: str = "GET") -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={"Accept": accept})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.headers)
        finally:
            connection.close()

    def facts(self) -> dict[str, str]:
        return dict(json.loads(self.get(accept="application/json")[1]))


@contextmanager
def running(metadata: str = NOBODY, endpoint: str = NOBODY) -> Iterator[Service]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCE),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    command = [sys.executable, "-B", "-m", "payroll_web", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            limit = time.monotonic() + 10
            while time.monotonic() < limit:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            yield Service(process, port)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def service(metadata: str, parameter_store: str) -> Iterator[Service]:
    with running(metadata, parameter_store) as it:
        yield it


def test_the_page_says_tier_version_image_instance_and_environment(service: Service) -> None:
    assert service.facts() == {
        "tier": "Web",
        "version": VERSION,
        "image_id": "ami-1",
        "instance_id": "i-1",
        "region": "eu-west-1",
        "environment": "Stage",
    }


def test_people_get_the_same_facts_as_html(service: Service) -> None:
    status, body, headers = service.get()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert all(f"<td>{value}</td>" in body for value in service.facts().values())


def test_health_is_ok_and_anything_else_is_not_found(service: Service) -> None:
    assert service.get("/health")[:2] == (200, "ok")
    assert service.get("/health?probe=1")[:2] == (200, "ok")
    assert service.get("/other")[0] == 404
    assert service.get("/health", method="POST")[0] == 501


def test_head_has_the_headers_and_no_body(service: Service) -> None:
    status, body, headers = service.get(method="HEAD")
    assert (status, body) == (200, "")
    assert int(headers["Content-Length"]) > 0


def test_a_connection_is_kept_for_the_next_request(service: Service) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
    for _ in range(3):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        assert (answer.status, answer.read(), answer.will_close) == (200, b"ok", False)
    connection.close()


def test_outside_aws_the_service_works_with_an_unknown_identity() -> None:
    with running() as service:
        facts = service.facts()
        assert facts["version"] == VERSION
        assert {facts[name] for name in ("image_id", "instance_id", "environment")} == {"unknown"}
        assert service.get("/health")[0] == 200


def test_what_the_metadata_service_tells_is_shown_without_the_parameter_store(metadata: str) -> None:
    with running(metadata) as service:
        limit = time.monotonic() + 10
        while service.facts()["instance_id"] == "unknown" and time.monotonic() < limit:
            time.sleep(0.1)
        facts = service.facts()
        assert (facts["image_id"], facts["instance_id"], facts["environment"]) == ("ami-1", "i-1", "unknown")


def test_an_idle_service_stops_at_once_with_exit_code_0() -> None:
    with running() as service:
        assert service.get("/health")[0] == 200
        began = time.monotonic()
        service.process.terminate()
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < 4


def test_while_stopping_requests_are_answered_and_health_says_so() -> None:
    with running() as service:
        service.get()
        service.process.send_signal(signal.SIGTERM)
        answered = 0
        limit = time.monotonic() + 2.5  # longer than the service waits when nobody asks
        while time.monotonic() < limit:
            status, _, headers = service.get()
            assert (status, headers["Connection"]) == (200, "close")
            answered += 1
            time.sleep(0.05)
        assert answered > 10
        assert service.get("/health")[:2] == (503, "stopping")
        assert service.process.wait(10) == 0


def test_health_checks_alone_do_not_hold_up_the_stop() -> None:
    with running() as service:
        service.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - began < 8:
                service.get("/health")
                time.sleep(0.2)
        assert service.process.wait(5) == 0
        assert time.monotonic() - began < 5


def test_an_idle_kept_connection_does_not_hold_up_the_stop() -> None:
    with running() as service:
        urlopen(Request(f"http://127.0.0.1:{service.port}/health")).close()
        with socket.create_connection(("127.0.0.1", service.port)) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            idle.recv(1024)
            service.process.terminate()
            assert service.process.wait(10) == 0


def test_the_log_says_requests_but_not_health_checks() -> None:
    with running() as service:
        service.get("/health")
        service.get("/other")
        service.process.terminate()
        log = service.process.communicate(timeout=10)[1]
    assert "GET /other 404" in log
    assert "GET /health" not in log
