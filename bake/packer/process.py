"""One run of the Packer executable: its own session, its output in a file, an orderly end whatever happens.

Why a file and not a pipe: Packer that writes into a closed pipe dies without cleaning up, and one whose pipe nobody
reads stalls. Why SIGTERM and to the main process only: SIGINT to it alone is ignored (the image is built and the exit
code is 0), and a signal to the plugins takes away what Packer needs to clean up. Measured with Packer 1.16.0.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType, TracebackType
from typing import BinaryIO, Self

from bake.packer.errors import PackerNotFound

# To clean up after SIGTERM: terminating an instance and deleting its image takes a minute.
GRACE = timedelta(seconds=90)
POLL_SECONDS = 0.05
WITH_PARENT = Path(__file__).with_name("with_parent.py")
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def orderly_end() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGHUP leave it as SystemExit (128 + number), as SIGINT does by itself.

    Without it they would end this process at once: Packer would be told by its death signal, and files with the values
    of variables would stay. Only in the main thread, the only one that may, and where the program has no handler of its
    own. A second signal while the block is being left changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in ENDING_SIGNALS if signal.getsignal(number) is signal.SIG_DFL]

    def leave(number: int, frame: FrameType | None) -> None:
        for one in taken:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    try:
        for number in taken:
            signal.signal(number, leave)
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


class Process:
    """A context manager around the run; leaving it ends Packer and everything that Packer started.

    Args:
        command: executable and arguments.
        folder: the working directory.
        environment: the whole environment.
        scratch: a folder of this run alone, for its output.
        grace: how long Packer may clean up after SIGTERM.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        scratch: Path,
        grace: timedelta = GRACE,
    ) -> None:
        self._command, self._folder, self._environment = (list(command), folder, dict(environment))
        self._output, self._grace = scratch / "output", grace
        self._popen: subprocess.Popen[bytes] | None = None
        self._reader: BinaryIO | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            try:
                self._start(output)
            except OSError as problem:
                raise PackerNotFound(f"{self._command[0]} cannot be run: {problem.strerror}") from problem
            except BaseException:  # Ctrl-C in between: nobody else would end it
                self.stop()
                raise
        self._reader = self._output.open("rb")
        return self

    def _start(self, output: BinaryIO) -> None:
        """If we are killed, Packer gets SIGTERM and cleans up, instead of baking on for nobody (on Linux).

        Raises OSError where it cannot be run.
        """
        report, reported = os.pipe()
        helper = [sys.executable, "-I", "-S", str(WITH_PARENT), str(os.getpid()), str(reported)]
        linux = sys.platform == "linux"
        try:
            self._popen = subprocess.Popen(
                [*(helper if linux else ()), *self._command],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(reported,) if linux else (),
            )
        finally:
            os.close(reported)
            with open(report, "rb") as answer:
                refused = answer.read()  # until the helper has become Packer, or has ended
        if refused:
            self._popen.wait()
            raise OSError(int(refused), os.strerror(int(refused)))

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if self._reader:
            self._reader.close()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._popen.poll() if self._popen else None

    def lines(self) -> Iterator[str | None]:
        """Whole lines as they come, and None whenever there is none at the moment; ends when Packer has ended."""
        while True:
            ended = self.exit_code is not None  # asked before reading: what was written until then is read below
            yield from self._available(ended)
            if ended:
                return
            yield None
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End Packer if it still runs: SIGTERM, time to clean up, then SIGKILL for the whole process group."""
        if not self._popen:
            return
        try:
            if self._popen.poll() is None:
                self._popen.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self._popen.wait(self._grace.total_seconds())
        finally:  # also where somebody has no patience (Ctrl-C for the second time)
            with suppress(ProcessLookupError):  # plugins outlive a Packer that was killed
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()

    def _available(self, at_end: bool) -> Iterator[str]:
        assert self._reader
        *whole, self._rest = (self._rest + self._reader.read()).split(b"\n")
        if at_end and self._rest:
            whole, self._rest = [*whole, self._rest], b""
        for line in whole:
            yield line.decode(errors="replace")
