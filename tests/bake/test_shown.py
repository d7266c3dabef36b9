import io

from rich.console import Console

from bake.shown import Shown
from console.progress import Progress


def lines(*, terminal: bool, shown: tuple[tuple[str, str], ...]) -> list[str]:
    out = io.StringIO()
    one = Shown("web", Progress(Console(file=out, force_terminal=terminal, highlight=False)))
    for text, more in shown:
        one.show(text, more)
    return out.getvalue().splitlines()


SECONDS = (("10%", ", 1 s"), ("10%", ", 2 s"), ("20%", ", 3 s"))


def test_a_line_is_written_when_it_is_at_another_thing_and_not_for_every_second() -> None:
    assert lines(terminal=False, shown=SECONDS) == ["  web: 10%, 1 s", "  web: 20%, 3 s"]


def test_a_terminal_shows_every_second() -> None:
    assert len(lines(terminal=True, shown=SECONDS)) == 3
