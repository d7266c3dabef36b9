"""How long each phase took."""

import time
from collections.abc import Mapping


class Stopwatch:
    """Seconds by phase, in the order in which the phases ended."""

    def __init__(self, seconds: Mapping[str, float] | None = None) -> None:
        self.seconds = dict(seconds or {})
        self._since = time.monotonic()

    def lap(self, phase: str) -> float:
        """End a phase that began with the last lap; its seconds."""
        now = time.monotonic()
        self.seconds[phase], self._since = round(now - self._since, 3), now
        return self.seconds[phase]

    def take(self, seconds: Mapping[str, float]) -> None:
        """Take over phases that something else has measured until now."""
        self.seconds.update({phase: round(one, 3) for phase, one in seconds.items()})
        self._since = time.monotonic()
