"""`python -m payroll_web`: serve until SIGTERM, then stop gracefully with exit code 0."""

import argparse
import logging
import signal
import threading
from types import FrameType

from payroll_web.identity import IdentityKeeper
from payroll_web.server import VERSION, PayrollWeb

log = logging.getLogger("payroll_web")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="payroll-web", description="Payroll's Web tier.")
    arguments.add_argument("--host", default="0.0.0.0")
    arguments.add_argument("--port", type=int, default=8080)
    options = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    identity = IdentityKeeper()
    server = PayrollWeb(options.host, options.port, identity)
    stop = threading.Event()

    def asked_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    threading.Thread(target=server.serve_forever, args=(0.05,), name="server", daemon=True).start()
    identity.start()
    log.info("payroll-web %s listens on %s:%d", VERSION, options.host, server.server_port)
    stop.wait()
    log.info("stopping")
    identity.stop()
    server.drain()
    log.info("stopped")


if __name__ == "__main__":
    main()
