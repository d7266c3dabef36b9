"""The log of a build, for people: $XDG_STATE_HOME/kiln/bakes/<build>.log; the last twenty are kept."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from bake.packer.events import BuildError, Event, Message

KEPT = 20


class BuildLog:
    """A text file, one line per line that Packer printed, with the time of day. Secrets are taken out before this."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None

    @classmethod
    def of(cls, build: str) -> Self:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return cls(state / "kiln" / "bakes" / f"{build}.log")

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        oldest_first = sorted(self.path.parent.glob("*.log"), key=_written)
        for old in oldest_first[: max(0, len(oldest_first) - KEPT + 1)]:
            with suppress(FileNotFoundError):  # another bake has just done the same
                old.unlink()
        self._file = self.path.open("w", encoding="utf-8", buffering=1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def write(self, event: Event) -> None:
        if self._file and isinstance(event, Message | BuildError):
            for line in event.text.splitlines():
                print(f"{datetime.fromtimestamp(event.seconds):%H:%M:%S} {line}", file=self._file)


def _written(log: Path) -> float:
    """When it was written last; one that another bake has just removed is the oldest of all."""
    try:
        return log.stat().st_mtime
    except FileNotFoundError:
        return 0.0
