"""Takes jobs from an SQS queue, one at a time, and loses none.

A job is hidden from others for a minute and held for as long as it is worked on, so that the job of a machine that died
comes back in a minute, however long jobs may take. It is deleted only when it is done. One that fails comes back after
a while; SQS sets it aside when it has been tried as often as the queue says, and `exhausted` is told on the last try.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from payroll_common.aws import Aws

FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.5, 30.0
ENDLESS = 1_000_000  # tries, of a queue that sets nothing aside

log = logging.getLogger("payroll.jobs")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long a job stays hidden, how often that is renewed, when a failed one comes back.

    And `wait`, how long a receiver waits for a job: a stop waits for it, because an answer that nobody reads would
    count as a try of its job.
    """

    wait: int = 5
    hidden: int = 60
    renew: float = 20.0
    retry: int = 5


@dataclass(frozen=True, slots=True)
class Job:
    """A job in hand. `given_up` is set when it is needed no more: it has gone back to the queue."""

    payslip_id: str
    attempt: int
    receipt: str
    given_up: threading.Event


@dataclass(frozen=True, slots=True)
class Work:
    """What the worker is doing."""

    state: str = "starting"  # waiting, working, resting, unreachable, stopping
    payslip: str = ""
    done: int = 0
    failed: int = 0
    problem: str = ""


class QueueWorker:
    """A thread that takes jobs and lets `do` do them.

    Args:
        aws: where the queue is found.
        queue: the environment's value with the queue's URL.
        do: does a job; returns when it is done, raises where it failed.
        exhausted: is told of a job that failed on its last try.
        pace: see `Pace`.
    """

    def __init__(
        self,
        aws: Aws,
        queue: str,
        do: Callable[[Job], None],
        exhausted: Callable[[Job, str], None],
        pace: Pace | None = None,
    ) -> None:
        self._aws, self._queue = aws, queue
        self._do, self._exhausted = do, exhausted
        self._pace = pace or Pace()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._rest = False
        self._job: Job | None = None
        self._most_tries = 0
        self.work = Work()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def rest(self) -> bool:
        """Take no new job from now on; True as soon as none is in hand."""
        with self._lock:
            self._rest = True
            return self.work.state == "resting"

    def resume(self) -> None:
        """Take jobs again."""
        with self._lock:
            self._rest = False

    def stop(self, patience_seconds: float) -> None:
        """Finish the job in hand within a time, or give it back to the queue; take no other."""
        self._stop.set()
        if self._thread.ident:
            self._thread.join(patience_seconds)
        with self._lock:
            job, self._job = self._job, None
        if job:
            job.given_up.set()
            log.warning("the job is given back", extra={"payslip": job.payslip_id})
            self._hide(job, 0)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            if self._is_resting():
                self._stop.wait(0.1)
                continue
            try:
                job = self._take()
            except Exception as problem:  # whatever it is: the machine stays, says so, and tries again
                log.warning("no jobs can be taken: %s; again in %.1f s", problem, pause)
                self._show(state="unreachable", problem=str(problem))
                self._aws.forget(self._queue)
                self._stop.wait(pause)
                pause = min(pause * 2, LAST_PAUSE_SECONDS)
                continue
            pause = FIRST_PAUSE_SECONDS
            if job:
                self._work_on(job)
        self._show(state="stopping")

    def _is_resting(self) -> bool:
        with self._lock:
            if self._rest:
                self.work = replace(self.work, state="resting")
            elif self.work.state in ("resting", "starting"):
                self.work = replace(self.work, state="waiting")
            return self._rest

    def _take(self) -> Job | None:
        sqs, url = self._aws.client("sqs"), self._aws.value(self._queue)
        if not self._most_tries:
            self._most_tries = _most_tries(sqs, url)
        answer = sqs.receive_message(
            QueueUrl=url,
            WaitTimeSeconds=self._pace.wait,
            VisibilityTimeout=self._pace.hidden,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        self._show(state="waiting", problem="")
        for message in answer.get("Messages", ()):
            attempt = int(message["Attributes"]["ApproximateReceiveCount"])
            return Job(_payslip_id(message["Body"]), attempt, message["ReceiptHandle"], threading.Event())
        return None

    def _work_on(self, job: Job) -> None:
        about: dict[str, Any] = {"payslip": job.payslip_id, "attempt": job.attempt}
        self._show(state="working", payslip=job.payslip_id)
        began = time.monotonic()
        failure: Exception | None = None
        with self._held(job):
            try:
                self._do(job)
            except Exception as problem:
                failure = problem
        with self._lock:
            ours, self._job = self._job is job, None
        if not ours:
            return  # given back
        if failure is None:
            log.info("done", extra=about | {"seconds": round(time.monotonic() - began, 3)})
            with self._told("the job cannot be deleted and will come again", about):
                self._aws.client("sqs").delete_message(QueueUrl=self._aws.value(self._queue), ReceiptHandle=job.receipt)
            self._show(state="waiting", payslip="", done=self.work.done + 1)
            return
        log.error("the job failed: %s", failure, exc_info=failure, extra=about)
        if job.attempt >= self._most_tries:
            with self._told("nobody can be told that the job is set aside", about):
                self._exhausted(job, str(failure))
        self._hide(job, self._pace.retry)
        self._show(state="waiting", payslip="", failed=self.work.failed + 1)

    @contextmanager
    def _held(self, job: Job) -> Iterator[None]:
        """Keep the job hidden from others."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(self._pace.renew):
                if not job.given_up.is_set():
                    self._hide(job, self._pace.hidden)

        with self._lock:
            self._job = job
        thread = threading.Thread(target=renew, name="hold", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _hide(self, job: Job, seconds: int) -> None:
        with self._told("the job's time cannot be changed", {"payslip": job.payslip_id}):
            self._aws.client("sqs").change_message_visibility(
                QueueUrl=self._aws.value(self._queue), ReceiptHandle=job.receipt, VisibilityTimeout=seconds
            )

    @contextmanager
    def _told(self, what: str, about: dict[str, Any]) -> Iterator[None]:
        """A call whose failure the queue makes good by itself: it is said, and the work goes on."""
        try:
            yield
        except Exception as problem:
            log.warning("%s: %s", what, problem, extra=about)

    def _show(self, **changes: Any) -> None:
        with self._lock:
            self.work = replace(self.work, **changes)


def message_of(payslip_id: str) -> str:
    """The body of a job."""
    return json.dumps({"payslip": payslip_id})


def _payslip_id(body: str) -> str:
    """The id in a body; nothing where there is none, which no payslip has."""
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(body)["payslip"])
    return ""


def _most_tries(sqs: Any, url: str) -> int:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(answer.get("Attributes", {}).get("RedrivePolicy", "{}"))
    return int(policy.get("maxReceiveCount", ENDLESS))
