"""Clients of AWS's services with the instance's role, and the values that the environment's stacks leave for it.

Where things are (queues, the table, the broker) is asked when it is needed and kept once it is known: a stack that is
made after the instance was started is found as well.
"""

import threading
from typing import Any

from payroll_common.identity import NAMES, UNKNOWN, IdentityKeeper

CONNECT_SECONDS = 2
READ_SECONDS = 10  # longer than a receiver waits for a job
ATTEMPTS = 3


class NotKnown(Exception):
    """Something of the place that is not known, now or at all; the text says what."""


class Aws:
    """Made once for a service; safe for threads."""

    def __init__(self, identity: IdentityKeeper) -> None:
        self._identity = identity
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._values: dict[str, str] = {}

    def client(self, service: str) -> Any:
        """A boto3 client. Raises NotKnown as long as the region is not known."""
        region = self._identity.after_first_attempt().region
        if region == UNKNOWN:
            raise NotKnown("the region is not known yet")
        with self._lock:
            if service not in self._clients:
                self._clients[service] = _make(service, region)
            return self._clients[service]

    def value(self, name: str) -> str:
        """A value of the environment, such as `worker/queue-url`. Raises NotKnown where it has none."""
        if name not in self._values:
            ssm = self.client("ssm")
            try:
                self._values[name] = ssm.get_parameter(Name=f"{NAMES}/{name}")["Parameter"]["Value"]
            except ssm.exceptions.ParameterNotFound as problem:
                raise NotKnown(f"this environment has no value {name}") from problem
        return self._values[name]

    def forget(self, *names: str) -> None:
        """Ask for these values again: what they lead to is not there any more."""
        for name in names:
            self._values.pop(name, None)


def _make(service: str, region: str) -> Any:
    import boto3  # 0.3 s to import: health must be answered before that
    from botocore.config import Config

    limits = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    return boto3.client(service, region_name=region, config=limits)
