"""What Worker-Calculation does with a payslip that Worker has passed on."""

from dataclasses import asdict

from payroll_common.aws import Aws
from payroll_common.payslips import OPEN, TABLE, Payslips, State, request_in
from payroll_common.queue_worker import Job
from payroll_worker_calculation.calculation import calculate

QUEUE = "worker-calculation/queue-url"


class Calculator:
    """Does the jobs of Worker-Calculation's queue."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def do(self, job: Job) -> None:
        """Raises LookupError for a job without a payslip."""
        payslips = self._payslips()
        item = payslips.get(job.payslip_id) if job.payslip_id else None
        if item is None:
            raise LookupError("the job names no payslip that there is")
        if item["state"] not in OPEN:
            return  # a job that came twice
        asked = request_in(item)
        result = asdict(calculate(asked.gross_cents))
        if job.given_up.wait(asked.seconds):
            return  # another machine will do it
        # from WAITING, too: Worker writes down that it passed the payslip on after it did so
        payslips.move(job.payslip_id, OPEN, State.DONE, **{k: v for k, v in result.items() if k != "gross_cents"})

    def exhausted(self, job: Job, problem: str) -> None:
        """Say that the job is set aside."""
        self._payslips().move(job.payslip_id, OPEN, State.FAILED, problem=problem)

    def _payslips(self) -> Payslips:
        return Payslips(self._aws.client("dynamodb"), self._aws.value(TABLE))
