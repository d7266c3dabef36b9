"""`python -m payroll_worker_calculation`: calculate until SIGTERM, then finish what is in hand or give it back."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from payroll_common.aws import Aws
from payroll_common.identity import IdentityKeeper
from payroll_common.queue_worker import QueueWorker
from payroll_common.service import run
from payroll_worker_calculation.jobs import QUEUE, Calculator
from payroll_worker_calculation.lifecycle import Lifecycle

VERSION = (Path(__file__).parent.parent / "VERSION").read_text(encoding="utf-8").strip()
# Of a stop, for the calculation in hand. A machine that has to go stops its services only after the hook is completed,
# when nothing is in hand: this is for a restart of the service, and for a Spot Instance, which has two minutes.
PATIENCE_SECONDS = 90


def main() -> None:
    identity = IdentityKeeper()
    aws = Aws(identity)
    calculator = Calculator(aws)
    worker = QueueWorker(aws, QUEUE, calculator.do, calculator.exhausted)
    lifecycle = Lifecycle(aws, identity, worker)

    def facts() -> Mapping[str, object]:
        return {**asdict(worker.work), "target": lifecycle.target}

    def start() -> None:
        worker.start()
        lifecycle.start()

    def stop() -> None:
        worker.stop(PATIENCE_SECONDS)
        lifecycle.stop()  # after the work: it keeps the machine alive for it

    run("worker-calculation", VERSION, identity, facts, start, stop)


if __name__ == "__main__":
    main()
