"""Payroll's Web service, really running, on loopback; metadata service and Parameter Store are the test's own."""

import http.client
import json
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.request import Request, urlopen

import pytest

from payroll_common.payslips import OPEN, State
from tests.examples.payroll.harness import (
    EXAMPLES,
    JOBS,
    NOBODY,
    MetadataService,
    Place,
    running,
    until,
)
from tests.examples.payroll.harness import Service as AnyService

VERSION = (EXAMPLES / "web" / "VERSION").read_text(encoding="utf-8").strip()
WANTED = {"employee": "4711", "month": "2026-01", "gross_cents": 350_000}


class Service(AnyService):
    """The running service."""

    def get(self, path: str = "/", accept: str = "*/*", method: str = "GET") -> tuple[int, str, dict[str, str]]:
        return self.send(method, path, Accept=accept)

    def facts(self) -> dict[str, str]:
        return dict(json.loads(self.get(accept="application/json")[1]))

    def order(self, said: object) -> tuple[int, dict[str, Any], dict[str, str]]:
        """A request for a payslip."""
        status, text, headers = self.send("POST", "/payslips", json.dumps(said).encode())
        return status, json.loads(text), headers

    def payslip(self, where: str) -> dict[str, Any]:
        return dict(json.loads(self.get(where)[1]))


@contextmanager
def web(metadata: str = NOBODY, endpoint: str = NOBODY) -> Iterator[Service]:
    with running("web", metadata, endpoint) as it:
        yield Service(it.process, it.port)


@pytest.fixture
def service(metadata: MetadataService, place: Place) -> Iterator[Service]:
    with web(metadata.url, place.url) as it:
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
    with web() as service:
        facts = service.facts()
        assert facts["version"] == VERSION
        assert {facts[name] for name in ("image_id", "instance_id", "environment")} == {"unknown"}
        assert service.get("/health")[0] == 200


def test_what_the_metadata_service_tells_is_shown_without_the_parameter_store(metadata: MetadataService) -> None:
    with web(metadata.url) as service:
        limit = time.monotonic() + 10
        while service.facts()["instance_id"] == "unknown" and time.monotonic() < limit:
            time.sleep(0.1)
        facts = service.facts()
        assert (facts["image_id"], facts["instance_id"], facts["environment"]) == ("ami-1", "i-1", "unknown")


def test_an_idle_service_stops_at_once_with_exit_code_0() -> None:
    with web() as service:
        assert service.get("/health")[0] == 200
        began = time.monotonic()
        service.process.terminate()
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < 4


def test_while_stopping_requests_are_answered_and_health_says_so() -> None:
    with web() as service:
        service.get()
        service.process.send_signal(signal.SIGTERM)
        assert until(lambda: service.get("/health")[:2] == (503, "stopping"))
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
    with web() as service:
        service.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - began < 8:
                service.get("/health")
                time.sleep(0.2)
        assert service.process.wait(5) == 0
        assert time.monotonic() - began < 5


def test_an_idle_kept_connection_does_not_hold_up_the_stop() -> None:
    with web() as service:
        urlopen(Request(f"http://127.0.0.1:{service.port}/health")).close()
        with socket.create_connection(("127.0.0.1", service.port)) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            idle.recv(1024)
            service.process.terminate()
            assert service.process.wait(10) == 0


def test_the_log_says_requests_but_not_health_checks() -> None:
    with web() as service:
        service.get("/health")
        service.get("/other")
        service.process.terminate()
        log = service.process.communicate(timeout=10)[1]
    assert "GET /other 404" in log
    assert "GET /health" not in log


def test_a_payslip_is_taken_and_becomes_a_job_without_anybodys_name(service: Service, place: Place) -> None:
    status, said, headers = service.order(WANTED)
    assert (status, said["state"], headers["Location"]) == (202, "waiting", said["where"])
    assert place.bodies(JOBS) == [{"payslip": said["id"]}]
    shown = service.payslip(said["where"])
    assert shown.pop("created_at") == pytest.approx(time.time(), abs=60)
    assert shown == {"id": said["id"], "state": "waiting", "seconds": 0, **WANTED}


def test_what_the_workers_wrote_is_shown(service: Service, place: Place) -> None:
    where = service.order(WANTED)[1]["where"]
    assert place.payslips().move(where.removeprefix("/payslips/"), OPEN, State.DONE, net_cents=1)
    shown = service.payslip(where)
    assert (shown["state"], shown["net_cents"]) == ("done", 1)


def test_a_wrong_request_says_which_field_and_makes_no_job(service: Service, place: Place) -> None:
    status, said, _ = service.order(WANTED | {"month": "2026-13"})
    assert (status, said["field"], said["expected"]) == (400, "month", "a month such as 2026-11")
    assert place.counts(JOBS) == (0, 0)


def test_what_is_no_json_is_a_wrong_request(service: Service) -> None:
    assert service.send("POST", "/payslips", b"{")[0] == 400
    assert service.send("POST", "/payslips", b"\xff")[0] == 400


def test_a_body_that_is_too_long_is_refused_and_not_taken_for_the_next_request(service: Service) -> None:
    status, _, headers = service.send("POST", "/payslips", b"x" * 5000)
    assert (status, headers["Connection"]) == (413, "close")
    assert service.get("/health")[:2] == (200, "ok")


def test_a_payslip_that_nobody_asked_for_is_not_found(service: Service) -> None:
    for name in ("0" * 32, "", "../health", "x" * 32):
        assert service.get(f"/payslips/{name}")[0] == 404


def test_an_environment_without_a_queue_takes_no_payslips_and_serves(metadata: MetadataService, place: Place) -> None:
    place.client("ssm").delete_parameter(Name="/kiln/payroll/worker/queue-url")
    with web(metadata.url, place.url) as service:
        status, said, headers = service.order(WANTED)
        assert (status, said["problem"]) == (503, "this environment takes no payslips")
        assert headers["Retry-After"]
        assert place.client("dynamodb").scan(TableName=place.name)["Count"] == 0
        assert (service.get()[0], service.get("/health")[0]) == (200, 200)
        place.put("worker/queue-url", place.urls[JOBS])
        assert service.order(WANTED)[0] == 202


def test_a_job_that_the_queue_does_not_take_is_no_payslip_that_waits(metadata: MetadataService, place: Place) -> None:
    place.client("sqs").delete_queue(QueueUrl=place.urls[JOBS])
    with web(metadata.url, place.url) as service:
        assert service.order(WANTED)[0] == 503
    [item] = place.client("dynamodb").scan(TableName=place.name)["Items"]
    assert item["state"] == {"S": "failed"}


def test_the_log_is_json_and_says_nothing_of_the_person(service: Service) -> None:
    payslip = service.order(WANTED)[1]["id"]
    lines = service.stop()
    assert [line["payslip"] for line in lines if line["message"] == "taken"] == [payslip]
    assert "4711" not in json.dumps([line["message"] for line in lines]).replace(payslip, "")


def test_a_client_that_is_gone_is_one_line_and_no_error(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed by a reset
        client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1024)
    assert service.get("/health")[0] == 200
    lines = service.stop()
    [broken] = [line for line in lines if line["message"].startswith("a connection broke")]
    assert broken["level"] == "INFO"
