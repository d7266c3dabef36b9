"""Shows that another machine's bake is waited for: on a terminal with the seconds counting, else a line a minute."""

from bake.lease import Lease
from console.progress import Progress

LINE_SECONDS = 60.0


class Waiting:
    """Of one recipe; `show` is called as often as one likes."""

    def __init__(self, recipe: str, progress: Progress) -> None:
        self._recipe, self._progress = recipe, progress
        self._build: str | None = None
        self._next = 0.0

    def show(self, lease: Lease | None, seconds: float) -> None:
        """`lease` is the other one, None where nobody can say whose it is."""
        build = lease.build if lease else "unknown"
        if build == self._build and seconds < self._next:
            return
        self._build = build
        self._next = seconds + (0 if self._progress.console.is_terminal else LINE_SECONDS)
        self._progress.phase(f"{self._recipe}: build {build} of another machine bakes it, {seconds:.0f} s")
