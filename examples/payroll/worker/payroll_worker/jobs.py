"""What Worker does with a payslip: refuses what cannot be calculated, passes on what can.

It is passed on before that is written down: a machine that dies in between passes it on twice, and the second
calculation finds the first one's result; the other way round it would be passed on never.
"""

from datetime import UTC, date, datetime

from payroll_common.aws import Aws
from payroll_common.payslips import OPEN, TABLE, Payslips, State
from payroll_common.queue_worker import Job, message_of

QUEUE = "worker/queue-url"
CALCULATIONS = "worker-calculation/queue-url"


class Clerk:
    """Does the jobs of Worker's queue."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def do(self, job: Job) -> None:
        """Raises LookupError for a job without a payslip: it is no use trying, and people have to look."""
        payslips = self._payslips()
        payslip = payslips.get(job.payslip_id) if job.payslip_id else None
        if payslip is None:
            raise LookupError("the job names no payslip that there is")
        if payslip["state"] != State.WAITING:
            return  # a job that came twice
        if problem := refusal(payslip["month"], datetime.now(UTC).date()):
            payslips.move(job.payslip_id, (State.WAITING,), State.REFUSED, problem=problem)
            return
        calculations = self._aws.value(CALCULATIONS)
        self._aws.client("sqs").send_message(QueueUrl=calculations, MessageBody=message_of(job.payslip_id))
        payslips.move(job.payslip_id, (State.WAITING,), State.CALCULATING)

    def exhausted(self, job: Job, problem: str) -> None:
        """Say that the job is set aside."""
        self._payslips().move(job.payslip_id, OPEN, State.FAILED, problem=problem)

    def _payslips(self) -> Payslips:
        return Payslips(self._aws.client("dynamodb"), self._aws.value(TABLE))


def refusal(month: str, today: date) -> str:
    """Why the payslip of a month cannot be calculated, or nothing."""
    if month > f"{today:%Y-%m}":
        return f"{month} has not begun yet"
    return ""
