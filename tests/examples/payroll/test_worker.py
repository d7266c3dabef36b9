"""Payroll's Worker, really running: from Web's queue to that of the calculations."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from payroll_common.payslips import Payslips, Request, State
from payroll_common.queue_worker import message_of
from payroll_worker.jobs import refusal
from tests.examples.payroll.harness import CALCULATIONS, EXAMPLES, JOBS, MetadataService, Place, Service, running, until


@pytest.fixture
def worker(metadata: MetadataService, place: Place) -> Iterator[Service]:
    with running("worker", metadata.url, place.url) as it:
        yield it


def becomes(payslips: Payslips, payslip_id: str, state: State) -> dict[str, Any]:
    found = until(lambda: (item := payslips.get(payslip_id)) and item["state"] == state and item)
    assert found, payslips.get(payslip_id)
    return dict(found)


@pytest.mark.parametrize(
    ("month", "is_refused"), [("2026-10", False), ("2026-11", False), ("2026-12", True), ("2027-01", True)]
)
def test_a_month_that_has_not_begun_is_refused(month: str, is_refused: bool) -> None:
    assert bool(refusal(month, date(2026, 11, 1))) is is_refused


def test_a_payslip_is_passed_on_to_the_calculations(worker: Service, place: Place, payslips: Payslips) -> None:
    payslips.add("1", Request("4711", "2026-01", 350_000))
    place.send(JOBS, message_of("1"))
    becomes(payslips, "1", State.CALCULATING)
    assert until(lambda: worker.health()["done"] == 1)
    place.send(JOBS, message_of("1"))  # SQS may deliver twice
    assert until(lambda: worker.health()["done"] == 2)
    assert place.bodies(CALCULATIONS) == [{"payslip": "1"}]
    assert place.counts(JOBS) == (0, 0)


def test_a_payslip_that_cannot_be_calculated_says_why_and_goes_no_further(
    worker: Service, place: Place, payslips: Payslips
) -> None:
    payslips.add("1", Request("4711", "2999-01", 350_000))
    place.send(JOBS, message_of("1"))
    assert becomes(payslips, "1", State.REFUSED)["problem"] == "2999-01 has not begun yet"
    assert place.bodies(CALCULATIONS) == []


def test_health_says_who_and_where_and_what_it_is_doing(worker: Service) -> None:
    found = worker.until_state("waiting")
    until(lambda: worker.health()["environment"] != "unknown")
    version = (EXAMPLES / "worker" / "VERSION").read_text().strip()
    assert worker.health() == {
        "tier": "worker",
        "version": version,
        "image_id": "ami-1",
        "instance_id": "i-1",
        "region": "eu-west-1",
        "environment": "Stage",
        "state": "waiting",
        "payslip": "",
        "done": 0,
        "failed": 0,
        "problem": "",
    } | {"state": found["state"]}
    assert worker.send(path="/other")[0] == 404


def test_outside_aws_it_runs_says_why_it_does_nothing_and_stops_at_once() -> None:
    with running("worker") as worker:
        assert worker.until_state("unreachable")["problem"] == "the region is not known yet"
        assert worker.send(path="/health")[0] == 200
        assert worker.stop()[-1]["message"] == "stopped"


def test_its_log_is_json_and_names_the_job_only(worker: Service, place: Place, payslips: Payslips) -> None:
    payslips.add("1", Request("Person-4711", "2026-01", 350_000))
    place.send(JOBS, message_of("1"))
    assert until(lambda: worker.health()["done"] == 1)
    lines = worker.stop()
    assert [line["payslip"] for line in lines if line["message"] == "done"] == ["1"]
    assert not any(text in str(lines) for text in ("Person-4711", "350000", "secret"))
