"""`python -m payroll_worker`: take jobs until SIGTERM, then finish the one in hand or give it back."""

from dataclasses import asdict
from pathlib import Path

from payroll_common.aws import Aws
from payroll_common.identity import IdentityKeeper
from payroll_common.queue_worker import QueueWorker
from payroll_common.service import run
from payroll_worker.jobs import QUEUE, Clerk

VERSION = (Path(__file__).parent.parent / "VERSION").read_text(encoding="utf-8").strip()
PATIENCE_SECONDS = 20  # of a stop, for the job in hand; the unit gives it more


def main() -> None:
    identity = IdentityKeeper()
    aws = Aws(identity)
    clerk = Clerk(aws)
    worker = QueueWorker(aws, QUEUE, clerk.do, clerk.exhausted)
    run(
        "worker",
        VERSION,
        identity,
        facts=lambda: asdict(worker.work),
        start=worker.start,
        stop=lambda: worker.stop(PATIENCE_SECONDS),
    )


if __name__ == "__main__":
    main()
