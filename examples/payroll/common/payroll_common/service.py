"""The life of a service that nobody calls: it starts, says what it does on the loopback, and stops when it is told.

Signals are blocked before the first thread and waited for by the kernel's means: a signal that comes while Python is
about to wait for an Event or a queue is noted by its handler and wakes nobody.
"""

import argparse
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict

from payroll_common.health import PORT, STOPPING, Health
from payroll_common.identity import IdentityKeeper
from payroll_common.log_lines import write_json_lines

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("payroll.service")


def run(
    tier: str,
    version: str,
    identity: IdentityKeeper,
    facts: Callable[[], Mapping[str, object]],
    start: Callable[[], None],
    stop: Callable[[], None],
) -> None:
    """Serve until SIGTERM; `start` and `stop` are the work's, `facts` what it is doing, with its `state`."""
    arguments = argparse.ArgumentParser(prog=f"payroll-{tier}", description=f"Payroll's tier {tier}.")
    arguments.add_argument("--health-port", type=int, default=PORT)
    port = arguments.parse_args().health_port
    write_json_lines()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    is_stopping = False

    def health() -> Mapping[str, object]:
        said = {"tier": tier, "version": version, **asdict(identity.current), **facts()}
        return said | {"state": STOPPING} if is_stopping else said

    server = Health(port, health)
    server.start()
    identity.start()
    start()
    log.info("payroll-%s %s runs; its health is at port %d", tier, version, server.server_port)
    signal.sigwait(STOP_SIGNALS)
    is_stopping = True
    log.info("stopping")
    identity.stop()
    stop()
    server.shutdown()
    log.info("stopped")
