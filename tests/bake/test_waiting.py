"""What is shown while another machine's bake is waited for."""

import io

import pytest
from rich.console import Console

from bake.lease import Lease
from bake.waiting import Waiting
from console.progress import Progress


def lease(build: str) -> Lease:
    return Lease.of(recipe="web", digest="sha256:d", build=build, caller="arn:me", duration_seconds=60)


@pytest.mark.parametrize(("terminal", "lines"), [(False, ["0", "60"]), (True, ["0", "2", "58", "60"])])
def test_the_seconds_count_on_a_terminal_and_elsewhere_there_is_a_line_a_minute(
    terminal: bool, lines: list[str]
) -> None:
    out = io.StringIO()
    waiting = Waiting("web", Progress(Console(file=out, force_terminal=terminal, no_color=True, highlight=False)))
    for seconds in (0.4, 2.0, 58.0, 60.4):
        waiting.show(lease("web-1"), seconds)
    assert out.getvalue().splitlines() == [f"  web: build web-1 of another machine bakes it, {one} s" for one in lines]


def test_another_build_is_told_at_once() -> None:
    out = io.StringIO()
    waiting = Waiting("web", Progress(Console(file=out, highlight=False)))
    waiting.show(lease("web-1"), 1)
    waiting.show(lease("web-2"), 3)
    waiting.show(None, 5)
    assert [line.split()[2] for line in out.getvalue().splitlines()] == ["web-1", "web-2", "unknown"]
