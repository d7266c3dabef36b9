"""What a check says: nothing wrong, or every fault it found, each with its place."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.errors import KilnError
from toolchain.layout import ROOT, environment

SECONDS_AT_MOST = 600


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one check.

    Args:
        faults: one text per fault; empty if the check passed.
        counted: what was looked at, in words.
    """

    faults: tuple[str, ...] = ()
    counted: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Check:
    """A named check; `purpose` completes the sentence "it makes sure that …"."""

    name: str
    purpose: str
    run: Callable[[], Outcome]


def output_of(command: Sequence[str | Path], **variables: str) -> tuple[int, str]:
    """Exit code and whole output of a command in the checkout, with the pinned tools first on PATH."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=SECONDS_AT_MOST,
    )
    return done.returncode, done.stdout.strip()


def tool(*command: str) -> Callable[[], Outcome]:
    """A check that is one command: passed if it ends with 0, else its output is the fault."""

    def run() -> Outcome:
        code, output = output_of(command)
        last = output.splitlines()[-1] if output else ""
        return Outcome((output or f"exit code {code}",)) if code else Outcome(counted=last)

    return run


def tracked_files() -> tuple[Path, ...]:
    """Every file that is in git or would be, that is, is not ignored; as paths from the checkout's root."""
    code, output = output_of(["git", "ls-files", "--cached", "--others", "--exclude-standard"])
    if code:
        raise KilnError("git cannot list the files of this checkout", where=str(ROOT), found=output)
    return tuple(path for line in output.splitlines() if (path := Path(line)) and (ROOT / path).is_file())
