"""What a running build is in, for who waits: a line per phase, or the seconds counting; and everything in its log."""

import time

from bake import pins, sweep
from bake.log import BuildLog
from bake.packer import Event, LimitReached, Message, PackerError, PackerStopped, Phase, phase_of
from console.progress import Progress

MAKES = {Phase.PREPARE, Phase.LAUNCH, Phase.IMAGE}  # in which Packer asks EC2 for something new


class Watcher:
    """Shows a running build: a line per phase, on a terminal with the seconds counting, and everything in the log."""

    def __init__(self, recipe: str, progress: Progress, log: BuildLog) -> None:
        self.phase = Phase.PREPARE
        self.failed_in = Phase.PREPARE  # the phase before Packer began to clean up
        self._recipe, self._progress, self._log = recipe, progress, log
        self._began = time.monotonic()
        self._shown = -1
        self.unmet: list[pins.Unmet] = []  # what the builder said of the lock of its packages

    def event(self, event: Event) -> None:
        self._log.write(event)
        if isinstance(event, Message):
            self.unmet += filter(None, map(pins.unmet, event.text.splitlines()))
        following = phase_of(event)
        if following and following is not self.phase:
            self.phase = following
            if following is not Phase.CLEAN_UP:
                self.failed_in = following
            self._show()

    def await_answers(self, problem: BaseException) -> None:
        """Let EC2 make what Packer has asked for, where it was ended meanwhile: nobody could sweep it before."""
        if self.failed_in in MAKES and _was_cut_short(problem):
            seconds = sweep.UNDER_WAY_SECONDS
            self._progress.phase(f"{self._recipe}: {seconds} s for the calls of Packer's that EC2 may still be doing")
            time.sleep(seconds)

    def tick(self) -> None:
        if self._progress.console.is_terminal and int(time.monotonic() - self._began) != self._shown:
            self._show()

    def _show(self) -> None:
        self._shown = int(time.monotonic() - self._began)
        self._progress.phase(f"{self._recipe}: {self.phase} ({self._shown} s)")


def _was_cut_short(problem: BaseException) -> bool:
    """Whether Packer was stopped or killed; else it has ended by itself, after its calls were answered."""
    return isinstance(problem, PackerStopped | LimitReached) or not isinstance(problem, PackerError)
