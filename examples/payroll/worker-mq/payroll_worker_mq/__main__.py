"""`python -m payroll_worker_mq`: listen until SIGTERM."""

import logging
from collections.abc import Mapping
from pathlib import Path

from payroll_common.aws import Aws
from payroll_common.identity import IdentityKeeper
from payroll_common.service import run
from payroll_worker_mq.events import Events
from payroll_worker_mq.listener import Listener

VERSION = (Path(__file__).parent.parent / "VERSION").read_text(encoding="utf-8").strip()
PATIENCE_SECONDS = 20  # of a stop, for the message in hand and the goodbye to the broker

# It logs each attempt as several errors; what failed is said here, once.
logging.getLogger("pika").setLevel(logging.CRITICAL)


def main() -> None:
    identity = IdentityKeeper()
    events = Events()
    listener = Listener(Aws(identity), events)

    def facts() -> Mapping[str, object]:
        return {"state": listener.state, "problem": listener.problem, "heard": events.heard.total()}

    run("worker-mq", VERSION, identity, facts, listener.start, lambda: listener.stop(PATIENCE_SECONDS))


if __name__ == "__main__":
    main()
