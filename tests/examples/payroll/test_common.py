"""What Payroll's services share: requests for payslips, their states, the values of the environment."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from payroll_common.aws import Aws, NotKnown
from payroll_common.identity import Identity, IdentityKeeper
from payroll_common.metadata import Metadata
from payroll_common.payslips import OPEN, Payslips, Request, State, WrongRequest, request_in, request_of
from payroll_common.queue_worker import Job, Pace, QueueWorker, message_of
from tests.examples.payroll.harness import JOBS, KEYS, REGION, SET_ASIDE, MetadataService, Place, until

WANTED: dict[str, Any] = {"employee": "4711", "month": "2026-01", "gross_cents": 350_000}
QUICK = Pace(wait=1, hidden=2, renew=0.3, retry=0)


@pytest.fixture
def aws(place: Place, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The services' own view of the place."""
    for name, value in {"AWS_ENDPOINT_URL": place.url, **KEYS}.items():
        monkeypatch.setenv(name, value)
    keeper = IdentityKeeper()
    keeper.current = Identity("ami-1", "i-1", REGION, "Stage")
    keeper._tried.set()
    return Aws(keeper)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"employee": "A. Person"}, "employee"),
        ({"employee": 4711}, "employee"),
        ({"month": "2026-13"}, "month"),
        ({"month": None}, "month"),
        ({"gross_cents": 0}, "gross_cents"),
        ({"gross_cents": 3500.5}, "gross_cents"),
        ({"gross_cents": True}, "gross_cents"),
        ({"gross_cents": 100_000_001}, "gross_cents"),
        ({"seconds": 601}, "seconds"),
        ({"seconds": -1}, "seconds"),
        ({"net_cents": 1}, "net_cents"),
    ],
)
def test_a_wrong_request_says_which_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(WrongRequest) as caught:
        request_of(WANTED | changed)
    assert caught.value.field == field


def test_a_request_that_lacks_something_and_one_that_is_no_object_are_wrong() -> None:
    for given, field in (({"employee": "4711", "month": "2026-01"}, "gross_cents"), ([], "body"), (None, "body")):
        with pytest.raises(WrongRequest) as caught:
            request_of(given)
        assert caught.value.field == field


def test_a_payslip_is_read_as_it_was_asked_for(payslips: Payslips) -> None:
    asked = Request("4711", "2026-01", 350_000, 7)
    payslips.add("1", asked)
    found = payslips.get("1")
    assert found is not None
    assert (request_in(found), found["state"]) == (asked, State.WAITING)
    assert payslips.get("2") is None


def test_a_state_follows_only_the_states_that_are_named(payslips: Payslips) -> None:
    payslips.add("1", Request(**WANTED))
    assert payslips.move("1", (State.WAITING,), State.CALCULATING)
    assert not payslips.move("1", (State.WAITING,), State.CALCULATING)
    assert payslips.move("1", OPEN, State.DONE, net_cents=1)
    assert not payslips.move("1", OPEN, State.FAILED, problem="late")
    assert not payslips.move("2", OPEN, State.DONE)
    found = payslips.get("1")
    assert found is not None
    assert (found["state"], found["net_cents"], "problem" in found) == ("done", 1, False)


def test_a_value_is_asked_for_until_it_is_there_and_kept_until_it_is_forgotten(aws: Aws, place: Place) -> None:
    with pytest.raises(NotKnown, match="this environment has no value nobody/writes"):
        aws.value("nobody/writes")
    place.put("nobody/writes", "first")
    assert aws.value("nobody/writes") == "first"
    place.put("nobody/writes", "second")
    assert aws.value("nobody/writes") == "first"
    aws.forget("nobody/writes")
    assert aws.value("nobody/writes") == "second"


def test_metadata_are_asked_with_a_token_and_a_missing_one_is_none(
    metadata: MetadataService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{metadata.url}/")
    asked = Metadata()
    assert (asked.ask("ami-id"), asked.ask("autoscaling/target-lifecycle-state")) == ("ami-1", None)
    with pytest.raises(OSError, match="no such-thing"):
        asked.need("such-thing")


class Desk:
    """Does what the test says, and remembers what it was given."""

    def __init__(self, aws: Aws, pace: Pace = QUICK) -> None:
        self.taken: list[Job] = []
        self.exhausted: list[tuple[str, str]] = []
        self.fails = False
        self.go_on = threading.Event()
        self.go_on.set()
        self.worker = QueueWorker(aws, "worker/queue-url", self.do, self.give_up, pace)

    def do(self, job: Job) -> None:
        self.taken.append(job)
        self.go_on.wait(20)
        if self.fails:
            raise RuntimeError("it cannot be done")

    def give_up(self, job: Job, problem: str) -> None:
        self.exhausted.append((job.payslip_id, problem))


@pytest.fixture
def desk(aws: Aws) -> Iterator[Desk]:
    desk = Desk(aws)
    desk.worker.start()
    yield desk
    desk.go_on.set()
    desk.worker.stop(10)


def test_a_job_is_deleted_when_it_is_done(desk: Desk, place: Place) -> None:
    place.send(JOBS, message_of("1"))
    assert until(lambda: desk.worker.work.done == 1)
    assert [(job.payslip_id, job.attempt) for job in desk.taken] == [("1", 1)]
    assert place.counts(JOBS) == (0, 0)


def test_a_job_stays_hidden_for_as_long_as_it_is_worked_on(desk: Desk, place: Place) -> None:
    desk.go_on.clear()
    place.send(JOBS, message_of("1"))
    assert until(lambda: desk.taken)
    limit = time.monotonic() + QUICK.hidden + 1
    while time.monotonic() < limit:
        assert place.counts(JOBS) == (0, 1)
        time.sleep(0.2)
    desk.go_on.set()
    assert until(lambda: place.counts(JOBS) == (0, 0))
    assert len(desk.taken) == 1


@pytest.mark.parametrize("body", [message_of("1"), "{", '{"other": 1}', "[]"])
def test_a_job_that_always_fails_is_tried_three_times_and_set_aside(desk: Desk, place: Place, body: str) -> None:
    desk.fails = True
    place.send(JOBS, body)
    assert until(lambda: place.counts(SET_ASIDE) == (1, 0))
    assert [job.attempt for job in desk.taken] == [1, 2, 3]
    assert desk.exhausted == [(desk.taken[0].payslip_id, "it cannot be done")]
    desk.fails = False
    place.send(JOBS, message_of("2"))
    assert until(lambda: desk.worker.work.done == 1), "the next job is done"


def test_a_worker_that_stops_finishes_its_job_and_takes_no_other(desk: Desk, place: Place) -> None:
    desk.go_on.clear()
    place.send(JOBS, message_of("1"))
    assert until(lambda: desk.taken)
    place.send(JOBS, message_of("2"))
    threading.Timer(0.5, desk.go_on.set).start()
    desk.worker.stop(10)
    assert (desk.worker.work.done, desk.worker.work.state) == (1, "stopping")
    assert place.counts(JOBS) == (1, 0)


def test_a_job_that_takes_too_long_for_a_stop_is_given_back_and_not_deleted(desk: Desk, place: Place) -> None:
    desk.go_on.clear()
    place.send(JOBS, message_of("1"))
    assert until(lambda: desk.taken)
    desk.worker.stop(0.2)
    assert desk.taken[0].given_up.is_set()
    assert place.counts(JOBS) == (1, 0)
    desk.go_on.set()
    time.sleep(0.3)
    assert (place.counts(JOBS), desk.worker.work.done) == ((1, 0), 0)


def test_a_worker_at_rest_takes_nothing_until_it_goes_on(desk: Desk, place: Place) -> None:
    desk.go_on.clear()
    place.send(JOBS, message_of("1"))
    assert until(lambda: desk.taken)
    assert not desk.worker.rest(), "a job is in hand"
    desk.go_on.set()
    assert until(desk.worker.rest)
    place.send(JOBS, message_of("2"))
    time.sleep(0.5)
    assert (len(desk.taken), place.counts(JOBS)) == (1, (1, 0))
    desk.worker.resume()
    assert until(lambda: desk.worker.work.done == 2)


def test_a_queue_that_is_not_there_is_waited_for(aws: Aws, place: Place) -> None:
    place.client("ssm").delete_parameter(Name="/kiln/payroll/worker/queue-url")
    desk = Desk(aws)
    desk.worker.start()
    assert until(lambda: desk.worker.work.state == "unreachable")
    assert desk.worker.work.problem == "this environment has no value worker/queue-url"
    place.put("worker/queue-url", place.urls[JOBS])
    place.send(JOBS, message_of("1"))
    assert until(lambda: desk.worker.work.done == 1)
    assert desk.worker.work.problem == ""
    desk.worker.stop(10)
