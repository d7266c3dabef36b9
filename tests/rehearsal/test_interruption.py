"""Ctrl-C at any time: the exit code says so, and the machine is as it was before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow

EVERYTHING_WITH_A_NAME = "podman ps -a; podman network ls; podman images; ip netns; ip link; ip route; iptables-save"


class Command:
    """A command of the rehearsal in a process group of its own, as a shell starts it; `said` is all it has printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._output = folder / "output"
        self.state = folder / "state"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal", *arguments],
            cwd=ROOT,
            env={**os.environ, "XDG_STATE_HOME": str(self.state)},
            stdin=subprocess.DEVNULL,
            stdout=self._output.open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A shell that runs the tests in the background has SIGINT ignored, and its children would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    @property
    def said(self) -> str:
        return self._output.read_text()

    def until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        limit = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < limit, self.said
            time.sleep(0.02)

    def press_ctrl_c(self) -> None:
        """As the terminal does: to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ends_with(self, code: int) -> None:
        assert self.process.wait(120) == code, self.said
        assert "Traceback" not in self.said


def nothing_is_left_of(name: str, state: Path) -> None:
    listed = subprocess.run(["sh", "-c", EVERYTHING_WITH_A_NAME], capture_output=True, text=True, check=True).stdout
    assert [line for line in listed.splitlines() if f"kiln-{name}" in line or f"kln-{name}" in line] == []
    assert processes_that_know(state) == []
    assert list((state / "kiln" / "rehearsals").glob("*")) == []


def processes_that_know(state: Path) -> list[str]:
    """The processes started by this test, whatever their parent is by now: all have the folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(state).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has just ended
    return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start commands; what a failed test leaves is taken down."""
    started: list[Command] = []

    def begin(*arguments: str) -> Command:
        started.append(Command(tmp_path, *arguments))
        return started[-1]

    yield begin
    for command in started:
        if command.process.poll() is None:
            os.killpg(command.process.pid, signal.SIGKILL)
        for left in (command.state / "kiln" / "rehearsals").glob("*"):
            Command(tmp_path, "down", "--name", left.name).process.wait(120)


def test_ctrl_c_while_the_embedded_aws_starts_leaves_nothing(start: Callable[..., Command]) -> None:
    up = start("up", "--name", "ctrlc-start")
    up.until(Path("/run/netns/kiln-ctrlc-start").exists)
    up.press_ctrl_c()
    up.ends_with(130)
    nothing_is_left_of("ctrlc-start", up.state)


def test_ctrl_c_while_accounts_are_bootstrapped_leaves_nothing(start: Callable[..., Command]) -> None:
    up = start("up", "--name", "ctrlc-boot")
    up.until(lambda: "cdk bootstrap" in up.said)
    time.sleep(1)  # the CLI's processes are under way
    up.press_ctrl_c()
    up.ends_with(130)
    nothing_is_left_of("ctrlc-boot", up.state)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_of_run_is_the_end_of_its_command_and_of_the_rehearsal(
    start: Callable[..., Command], number: signal.Signals
) -> None:
    run = start("run", "--name", "ctrlc-run", "--no-bootstrap", "--", "sh", "-c", "echo started; exec sleep 100")
    run.until(lambda: "started" in run.said)
    if number == signal.SIGINT:
        run.press_ctrl_c()
    else:
        run.process.terminate()  # from outside: only `run` gets it
    run.ends_with(128 + number)
    nothing_is_left_of("ctrlc-run", run.state)


def test_a_command_in_run_may_clean_up_after_ctrl_c(start: Callable[..., Command]) -> None:
    command = 'trap "sleep 1; echo cleaned; exit 7" INT; echo started; while :; do sleep 0.2; done'
    run = start("run", "--name", "ctrlc-run", "--no-bootstrap", "--", "bash", "-c", command)
    run.until(lambda: "started" in run.said)
    run.press_ctrl_c()
    run.ends_with(7)
    assert "cleaned" in run.said
    nothing_is_left_of("ctrlc-run", run.state)


def test_a_second_ctrl_c_does_not_stop_the_taking_down(start: Callable[..., Command]) -> None:
    run = start("run", "--name", "ctrlc-run", "--no-bootstrap", "--", "sh", "-c", "echo started; exec sleep 100")
    run.until(lambda: "started" in run.said)
    run.press_ctrl_c()
    time.sleep(0.3)
    run.press_ctrl_c()
    run.ends_with(130)
    nothing_is_left_of("ctrlc-run", run.state)


@pytest.mark.long
@pytest.mark.parametrize("step", ["cdk deploy Payroll-Tooling", "bake web"])
def test_ctrl_c_during_the_demonstration_leaves_nothing(start: Callable[..., Command], step: str) -> None:
    demo = start("demo", "--name", "ctrlc-demo")
    demo.until(lambda: step in demo.said)
    time.sleep(3)  # deep in the step
    demo.press_ctrl_c()
    demo.ends_with(130)
    nothing_is_left_of("ctrlc-demo", demo.state)
