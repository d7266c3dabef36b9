"""Progress of long work: a live line on a terminal, plain lines elsewhere, always on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.status import Status


@dataclass
class Step:
    """One finished piece of work: its name, its wall time in seconds, and what it says of its result."""

    name: str
    seconds: float = 0.0
    result: str = ""


@dataclass
class Progress:
    """Shows steps as they happen; `steps` keeps them for a table at the end.

    rich respects NO_COLOR and TERM; on anything but a terminal each step gives one line when it starts and one
    when it ends.
    """

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    steps: list[Step] = field(default_factory=list)
    _status: Status | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a piece of work. The block may set `result` of the step it gets."""
        step, began = Step(name), time.monotonic()
        live = self.console.is_terminal
        if live:
            self._status = self.console.status(name)
            self._status.start()
        else:
            self.console.print(f"… {name}", markup=False)
        outcome = "✗"
        try:
            yield step
            outcome = "✓"
        finally:
            step.seconds = time.monotonic() - began
            self.steps.append(step)
            if self._status:
                self._status.stop()
                self._status = None
            tail = f"  {step.result}" if step.result else ""
            self.console.print(f"{outcome} {name}  {step.seconds:.1f} s{tail}", markup=False, soft_wrap=True)

    def phase(self, text: str) -> None:
        """What the current step is doing right now."""
        if self._status:
            self._status.update(text)
        else:
            self.console.print(f"  {text}", markup=False, soft_wrap=True)
