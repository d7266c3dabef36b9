"""Shows what something long is at: on a terminal in its live line, else a line whenever that is another thing."""

from console.progress import Progress


class Shown:
    """Of one recipe or region; `show` is called as often as one likes."""

    def __init__(self, name: str, progress: Progress) -> None:
        self._name, self._progress, self._last = name, progress, ""

    def show(self, text: str, more: str = "") -> None:
        """`more` changes all the time, seconds for example, and does not make it another thing."""
        if self._progress.console.is_terminal or text != self._last:
            self._last = text
            self._progress.phase(f"{self._name}: {text}{more}")
