"""Waiting on a state, bounded, and ended at once when the rehearsal goes down."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rehearsal.resources.errors import ResourceFailed

INTERVAL_SECONDS = 0.2
CANCELLED = "Resource update cancelled"  # CloudFormation's word for what it no longer waits for


@dataclass(slots=True)
class Patience:
    """How resources wait; `closing` ends every wait, `cancelled` those of one stack's operation."""

    closing: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def until(self, done: Callable[[], bool], limit_seconds: float, reason: Callable[[], str]) -> None:
        """Poll `done` until it is true. Raises ResourceFailed with `reason` after the limit."""
        end = time.monotonic() + limit_seconds
        while not done():
            if time.monotonic() > end:
                raise ResourceFailed(reason())
            if self.closing.wait(INTERVAL_SECONDS):
                raise ResourceFailed("the rehearsal is going down")
            if self.cancelled.is_set():
                raise ResourceFailed(CANCELLED)
