"""What happened to a stack, in the words of DescribeStackEvents.

Times grow by at least a millisecond, since readers sort by a time in milliseconds. Every event carries the id of its
operation: without it the CDK CLI blames resources of EARLIER deployments. A rollback is an operation of its own.
"""

import json
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

STACK_TYPE = "AWS::CloudFormation::Stack"
MASK = "****"
TICK = timedelta(milliseconds=1)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stack's history."""

    id: str
    time: datetime
    operation: str
    token: str | None
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    properties: str | None


class EventLog:
    """The history of one stack, newest first in `events`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.token: str | None = None
        self._operation = str(uuid.uuid4())
        self._time = now()
        self._lock = threading.Lock()
        self._hidden: dict[str, str] = {}

    def begin(self) -> None:
        """The events from now on belong to another operation."""
        self._operation = str(uuid.uuid4())

    def hide(self, value: Any, shown: str = MASK) -> None:
        """Show something else wherever an event has the value from now on, in its properties and its reason."""
        if str(value):
            self._hidden[str(value)] = shown

    def add(
        self,
        logical_id: str,
        physical_id: str,
        type_name: str,
        status: str,
        reason: str = "",
        properties: dict[str, Any] | None = None,
    ) -> datetime:
        """Write an event; gives its time."""
        with self._lock:
            self._time = max(now(), self._time + TICK)
            text = json.dumps(self.masked(properties), default=str) if properties else None
            self.events.insert(
                0,
                Event(
                    str(uuid.uuid4()),
                    self._time,
                    self._operation,
                    self.token,
                    logical_id,
                    physical_id,
                    type_name,
                    status,
                    self.masked(reason),
                    text,
                ),
            )
            return self._time

    def masked(self, value: Any) -> Any:
        """The value as events show it."""
        if isinstance(value, dict):
            return {k: self.masked(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.masked(v) for v in value]
        if isinstance(value, str):
            for secret, shown in list(self._hidden.items()):
                value = value.replace(secret, shown)
        return value
