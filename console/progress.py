"""Progress of long work, on standard error: on a terminal a live line for each thing under way, else plain lines."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text


@dataclass
class Step:
    """One finished piece of work: its name, its wall time in seconds, and what it says of its result."""

    name: str
    seconds: float = 0.0
    result: str = ""


@dataclass
class Progress:
    """Shows steps as they happen; `steps` keeps them for a table at the end.

    Threads may have steps side by side: each has its own line. rich respects NO_COLOR and TERM; on anything but a
    terminal each step gives one line when it starts and one when it ends.
    """

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    steps: list[Step] = field(default_factory=list)
    _rows: dict[int, Spinner] = field(default_factory=dict)  # thread → its line
    _live: Live | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a piece of work. The block may set `result` of the step it gets."""
        step, began = Step(name), time.monotonic()
        if self.console.is_terminal:
            self._show(Spinner("dots", Text(name)))
        else:
            self.console.print(f"… {name}", markup=False, soft_wrap=True)
        outcome = "✗"
        try:
            yield step
            outcome = "✓"
        finally:
            step.seconds = time.monotonic() - began
            self.steps.append(step)
            self._show(None)
            tail = f"  {step.result}" if step.result else ""
            self.console.print(f"{outcome} {name}  {step.seconds:.1f} s{tail}", markup=False, soft_wrap=True)

    def phase(self, text: str) -> None:
        """What the current step of this thread is doing right now."""
        if row := self._rows.get(threading.get_ident()):
            row.update(text=Text(text))
        else:
            self.console.print(f"  {text}", markup=False, soft_wrap=True)

    def _show(self, row: Spinner | None) -> None:
        """Give this thread a line, or take it away; the last one that goes ends the live display."""
        with self._lock:
            self._rows.pop(threading.get_ident(), None)
            if row:
                self._rows[threading.get_ident()] = row
            if self._rows and not self._live:
                self._live = Live(console=self.console, transient=True)
                self._live.start()
            if self._live:
                self._live.update(Group(*self._rows.values()))
                if not self._rows:
                    self._live.stop()
                    self._live = None
