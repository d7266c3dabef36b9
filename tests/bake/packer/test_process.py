"""One run of an executable that is no Packer: its end, whatever it and others do."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import FrameType

import pytest

from bake.packer import BuildFailed, Event, Limits, Packer, PackerNotFound, Template
from bake.packer.process import Process

Write = Callable[..., Template]
STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here'); sys.stdout.flush(); "
)


def stubborn(scratch: Path, grace: timedelta) -> Process:
    """A process that does not care for SIGTERM."""
    command = [sys.executable, "-c", STUBBORN + "time.sleep(600)"]
    return Process(command, folder=scratch, environment=dict(os.environ), scratch=scratch, grace=grace)


def until_it_is_there(process: Process) -> None:
    for line in process.lines():
        if line == "here":
            return
    raise AssertionError("it has ended")


@pytest.fixture
def impatience() -> Iterator[Callable[[float], None]]:
    """Ctrl-C in so many seconds."""

    def press(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def soon(seconds: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds)

    before = signal.signal(signal.SIGALRM, press)
    yield soon
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_what_does_not_end_in_its_time_is_killed(tmp_path: Path) -> None:
    with stubborn(tmp_path, timedelta(seconds=0.3)) as process:
        until_it_is_there(process)
        process.stop()
        assert process.exit_code == -signal.SIGKILL


def test_who_presses_ctrl_c_again_need_not_wait(tmp_path: Path, impatience: Callable[[float], None]) -> None:
    began = time.monotonic()
    with stubborn(tmp_path, timedelta(minutes=10)) as process:
        until_it_is_there(process)
        impatience(0.2)
        with pytest.raises(KeyboardInterrupt):
            process.stop()
    assert process.exit_code == -signal.SIGKILL
    assert time.monotonic() - began < 30


def test_no_output_however_strange_is_more_than_a_failed_build(tmp_path: Path, template: Write) -> None:
    noise = (
        random.Random(7).randbytes(200_000) + b"\n" + b"9" * 6000 + b",,ui,say,x\n1,,ui,say,==> a.b: c\n1,x,error,\n"
    )
    (tmp_path / "noise").write_bytes(noise)
    fake = tmp_path / "fake"
    fake.write_text(f"#!/bin/sh\ncat {tmp_path}/noise\nexit 3\n", encoding="utf-8")
    fake.chmod(0o700)
    said: list[Event] = []
    with pytest.raises(BuildFailed) as caught:
        Packer(str(fake)).build(template(""), limits=Limits(timedelta(minutes=1)), on_event=said.append)
    assert caught.value.exit_code == 3
    assert len(said) > 100
    assert {"a.b", "x"} <= set(caught.value.builds)


def test_several_wrappers_work_side_by_side_in_threads(packer: Packer, tmp_path: Path) -> None:
    def build(number: int) -> str:
        file = tmp_path / str(number) / "it.pkr.hcl"
        file.parent.mkdir()
        file.write_text(
            f'source "file" "it" {{\n  content = "{number}"\n  target = "made-{number}"\n}}\n'
            'build {\n  sources = ["file.it"]\n}\n',
            encoding="utf-8",
        )
        result = packer.build(Template(file), limits=Limits(timedelta(minutes=1)), expected={"file.it"})
        return result.artifacts["file.it"].files[0]

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(build, range(3))) == ["made-0", "made-1", "made-2"]


def started(command: list[str], scratch: Path) -> Process:
    return Process(command, folder=scratch, environment=dict(os.environ), scratch=scratch)


@pytest.mark.parametrize("named", ["there-is-none", "no-program", "folder"])
def test_what_cannot_be_run_is_told_by_name_with_the_reason(tmp_path: Path, named: str) -> None:
    (tmp_path / "no-program").write_text("only text\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    command = str(tmp_path / named)
    reason = "No such file or directory" if named == "there-is-none" else "Permission denied"
    with pytest.raises(PackerNotFound, match=f"{named} cannot be run: {reason}"), started([command], tmp_path):
        raise AssertionError("it cannot have begun")


def test_the_process_is_the_program_itself_in_a_session_of_its_own_and_without_our_pipe(tmp_path: Path) -> None:
    program = "import os; print(os.getpid(), os.getsid(0), *sorted(os.listdir('/proc/self/fd'))); print('here')"
    with started([sys.executable, "-c", program], tmp_path) as process:
        said = [line for line in process.lines() if line]
    own, session, *descriptors = said[0].split()
    assert own == session
    assert set(descriptors) <= {"0", "1", "2", "3"}, "3 is the folder that it lists"


def test_threads_that_hold_locks_do_not_keep_packer_from_starting(tmp_path: Path) -> None:
    """What ran between fork and exec could wait for ever for a lock of a thread that the child does not have."""

    def run(number: int) -> int | None:
        scratch = tmp_path / str(number)
        scratch.mkdir()
        with started(["/bin/true"], scratch) as process:
            list(process.lines())
        return process.exit_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(run, range(40))) == {0}
