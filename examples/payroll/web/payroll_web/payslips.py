"""Payslips over HTTP: what is asked for goes into the table and, as a job, onto Worker's queue.

What became of it stands in the table. An environment without a queue, or whose queue cannot be reached, takes none and
says so; nothing is kept that nobody will work on.
"""

import json
import logging
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from payroll_common.aws import Aws, NotKnown
from payroll_common.payslips import OPEN, TABLE, Payslips, State, WrongRequest, request_of
from payroll_common.queue_worker import message_of

QUEUE = "worker/queue-url"
FOLDER = "/payslips"
MOST_BYTES = 4096
RETRY_SECONDS = 10
ID = re.compile(r"[0-9a-f]{32}")

log = logging.getLogger("payroll_web.payslips")


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, what is said as JSON, and headers beside those that every answer has."""

    status: int
    said: Mapping[str, object]
    headers: tuple[tuple[str, str], ...] = ()


class PayslipDesk:
    """Takes requests for payslips, and says what has become of them."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def take(self, body: bytes) -> Reply:
        """A request for a payslip: 202 and where to look for it, or 400 with what is wrong."""
        try:
            request = request_of(json.loads(body))
        except WrongRequest as wrong:
            said = {"problem": "the request cannot be taken", "field": wrong.field, "expected": wrong.expected}
            return Reply(HTTPStatus.BAD_REQUEST, said)
        except ValueError:
            return Reply(HTTPStatus.BAD_REQUEST, {"problem": "the request cannot be taken", "expected": "JSON"})
        payslip_id = uuid.uuid4().hex
        try:
            sqs, url, payslips = self._aws.client("sqs"), self._aws.value(QUEUE), self._payslips()
            payslips.add(payslip_id, request)
            try:
                sqs.send_message(QueueUrl=url, MessageBody=message_of(payslip_id))
            except Exception:
                payslips.move(payslip_id, OPEN, State.FAILED, problem="Worker's queue did not take the job")
                raise
        except Exception as problem:
            return self._out_of_order(problem, QUEUE, TABLE)
        log.info("taken", extra={"payslip": payslip_id})
        where = f"{FOLDER}/{payslip_id}"
        return Reply(
            HTTPStatus.ACCEPTED, {"id": payslip_id, "state": State.WAITING, "where": where}, (("Location", where),)
        )

    def show(self, path: str) -> Reply:
        """What has become of the payslip at `/payslips/ID`."""
        payslip_id = path.removeprefix(f"{FOLDER}/")
        try:
            payslip = self._payslips().get(payslip_id) if ID.fullmatch(payslip_id) else None
        except Exception as problem:
            return self._out_of_order(problem, TABLE)
        if payslip is None:
            return Reply(HTTPStatus.NOT_FOUND, {"problem": "there is no such payslip"})
        return Reply(HTTPStatus.OK, payslip)

    def _payslips(self) -> Payslips:
        return Payslips(self._aws.client("dynamodb"), self._aws.value(TABLE))

    def _out_of_order(self, problem: Exception, *values: str) -> Reply:
        """Whatever it is: the page stays, the client is told to come again, and the log says why."""
        log.warning("payslips are out of order: %s", problem)
        self._aws.forget(*values)
        text = "this environment takes no payslips" if isinstance(problem, NotKnown) else "payslips are out of order"
        return Reply(HTTPStatus.SERVICE_UNAVAILABLE, {"problem": text}, (("Retry-After", str(RETRY_SECONDS)),))
