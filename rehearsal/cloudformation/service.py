"""CloudFormation as a service of the front: one request, one operation, one answer."""

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.engine import Engine
from rehearsal.cloudformation.operations import OPERATIONS
from rehearsal.cloudformation.warming import warm
from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError, Caller
from rehearsal.pace import Pace
from rehearsal.resources.kind import Kind
from rehearsal.resources.table import TABLE

# How long an answer waits for a change to be done: the CDK CLI otherwise sleeps 5 s before it looks again. A stack
# whose machines have to start is done in 2 to 6 s.
SETTLE_SECONDS = 8.0


class CloudFormation:
    """The service; `start` once the front answers, `close` before the other services go."""

    name = "cloudformation"
    operations: frozenset[str] | None = None

    def __init__(self, clients: Clients, kinds: Mapping[str, Kind] = TABLE, pace: Pace | None = None) -> None:
        self._clients = clients
        self._engine = Engine(clients, kinds, pace or Pace())
        self._lock = threading.RLock()

    def receive(self, key: str, body: bytes) -> bool:
        """Take the answer of a custom resource's function: what is PUT below the page `custom_resources.PAGE`."""
        return self._engine.answers.take(key, body)

    def start(self, account: str, region: str) -> None:
        """Let the first stack not wait for what has to be loaded once; returns at once."""
        warm(self._clients, account, region)

    def close(self) -> None:
        """End all waits of stacks that are changing."""
        self._engine.close()

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one request. Raises AwsError."""
        found = OPERATIONS.get(operation)
        if found is None:
            raise AwsError("InvalidAction", f"The action {operation} is not emulated")
        found.refuse_the_rest(request)
        with self._lock:
            answer = found.act(self._engine, caller, request)
        if answer.changing is not None:
            answer.changing.idle.wait(SETTLE_SECONDS)  # outside the lock, so that others are answered meanwhile
        return {k: _without_none(v) for k, v in answer.response.items() if v is not None}


def _without_none(value: Any) -> Any:
    """The serializer would write None as text."""
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return [_without_none(v) for v in value] if isinstance(value, list) else value
