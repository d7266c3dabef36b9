import io
import threading

import pytest
from rich.console import Console

from console.progress import Progress


def terminal() -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    return Progress(Console(file=out, force_terminal=True, width=100, highlight=False)), out


def test_elsewhere_than_on_a_terminal_each_step_and_each_phase_is_a_line() -> None:
    out = io.StringIO()
    progress = Progress(Console(file=out, width=40))
    with progress.step("a step with a name that is longer than the console is wide") as step:
        progress.phase("half-way")
        step.result = "it is done"
    first, second, third = out.getvalue().splitlines()
    assert (first, second) == ("… a step with a name that is longer than the console is wide", "  half-way")
    assert third.startswith("✓ a step") and third.endswith("it is done")


def test_a_step_that_fails_is_marked_and_kept() -> None:
    progress, out = terminal()
    with pytest.raises(ZeroDivisionError), progress.step("a step"):
        raise ZeroDivisionError
    assert "✗ a step" in out.getvalue()
    assert [step.name for step in progress.steps] == ["a step"]


def test_threads_side_by_side_have_a_line_each_and_change_only_their_own() -> None:
    progress, out = terminal()
    together = threading.Barrier(2, timeout=5)

    def work(name: str) -> None:
        with progress.step(name):
            together.wait()
            progress.phase(f"{name} is half-way")
            together.wait()
            rows = {str(row.text) for row in progress._rows.values()}
            assert rows == {"web is half-way", "worker is half-way"}
            together.wait()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("web", "worker")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(step.name for step in progress.steps) == ["web", "worker"]
    assert progress._live is None, "the display ends with the last line"
    assert "✓ web" in out.getvalue() and "✓ worker" in out.getvalue()
