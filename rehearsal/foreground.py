"""A command that runs on behalf of another one, and what Ctrl-C means while it does.

The terminal sends Ctrl-C to both. The command may have something to clean up, a bake for example, so whoever started it
waits for its end instead of killing it. SIGTERM and SIGHUP reach only the one they were sent to: they are passed on.
"""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

from console.command import ENDING_SIGNALS


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end; gives its exit code, as a shell does 128 + n where signal n ended it."""
    process: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _: FrameType | None) -> None:
        if process and number != signal.SIGINT:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in ENDING_SIGNALS}
    try:
        process = subprocess.Popen(command, env=environment)
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def capture(
    command: Sequence[str], environment: Mapping[str, str], folder: str, limit_seconds: float, patience_seconds: float
) -> "subprocess.CompletedProcess[str]":
    """Run a command for its output. On Ctrl-C it has `patience_seconds` to end by itself before it is killed.

    Raises subprocess.TimeoutExpired where it takes longer than `limit_seconds`.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=limit_seconds)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=patience_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)
