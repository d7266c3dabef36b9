"""`python -m payroll_web`: serve until SIGTERM, then stop gracefully with exit code 0."""

import argparse
import logging
import signal
import threading

from payroll_common.aws import Aws
from payroll_common.identity import IdentityKeeper
from payroll_common.log_lines import write_json_lines
from payroll_web.payslips import PayslipDesk
from payroll_web.server import VERSION, PayrollWeb

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("payroll_web")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="payroll-web", description="Payroll's Web tier.")
    arguments.add_argument("--host", default="0.0.0.0")
    arguments.add_argument("--port", type=int, default=8080)
    options = arguments.parse_args()
    write_json_lines()

    # Blocked before the first thread and waited for by the kernel's means: a signal that comes while Python is about to
    # wait for an Event or a queue is noted by its handler and wakes nobody, and the service would serve on for ever.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    identity = IdentityKeeper()
    server = PayrollWeb(options.host, options.port, identity, PayslipDesk(Aws(identity)))
    threading.Thread(target=server.serve_forever, args=(0.05,), name="server", daemon=True).start()
    identity.start()
    log.info("payroll-web %s listens on %s:%d", VERSION, options.host, server.server_port)
    signal.sigwait(STOP_SIGNALS)
    log.info("stopping")
    identity.stop()
    server.drain()
    log.info("stopped")


if __name__ == "__main__":
    main()
