#!/usr/bin/env python3
"""First stage of `make setup`: the virtual environment with every Python package that requirements.lock pins.

Standard library only, because nothing else is there yet, and in words that an old Python understands well enough to
say that it is too old. uv comes from its wheel, checked against the hashes in requirements.lock, and installs the rest;
where uv cannot do it (no wheel for the machine, an index that only pip is configured for), pip does.
The second stage is `python -m toolchain setup` inside the new environment.

Bytecode is compiled here, whatever PYTHONDONTWRITEBYTECODE says: without it a synth takes 1.9 times as long
(docs/decisions/0007-dependencies.md).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

OLDEST_PYTHON = (3, 11)
NOT_READY = 3  # console.errors.ExitCode.NOT_READY, which cannot be imported yet
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"


def say(text: str) -> None:
    """One line on standard error, where progress belongs."""
    print(text, file=sys.stderr, flush=True)


def refuse(what: str, next_step: str) -> NoReturn:
    """End with the text and the exit code of console.errors.NotReady."""
    say(f"error: {what}\n  next step: {next_step}")
    sys.exit(NOT_READY)


def digest_of_inputs() -> str:
    """What the environment is made from: the lock, this file, the interpreter, and where the checkout lies."""
    digest = hashlib.sha256()
    for part in (LOCK.read_bytes(), Path(__file__).read_bytes(), sys.version.encode(), bytes(VENV)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def locked(name: str, lock: str) -> str:
    """The lines of one package in a requirements file with hashes: its pin and its hashes."""
    lines: list[str] = []
    inside = False
    for line in lock.splitlines():
        if not line.startswith((" ", "#")):
            inside = line.split("==")[0] == name
        if inside:
            lines.append(line)
    return "\n".join(lines) + "\n"


def run(command: Sequence[str | Path]) -> bool:
    """Run a command with its output on standard error; True if it ended well."""
    try:
        return subprocess.run([str(part) for part in command], stdout=sys.stderr).returncode == 0
    except OSError as error:
        say(f"  {command[0]}: {error}")
        return False


def quietly(command: Sequence[str | Path], tell: bool = True) -> bool:
    """Run a command and show what it said only if it failed, or not even then; True if it ended well."""
    words = [str(part) for part in command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode and tell:
        say(f"  {' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.returncode == 0


def install_venv_package() -> None:
    """Debian and Ubuntu keep ensurepip in a package of its own: install it where we may."""
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    command = ["apt-get", "install", "-y", "--no-install-recommends", package]
    rights = [] if os.geteuid() == 0 else ["sudo"]
    typed = " ".join([*rights, *command])
    if not shutil.which("apt-get") or (rights and not shutil.which("sudo")):
        refuse("this Python has no ensurepip, so it can make no virtual environment", typed)
    say(f"… {package} (this Python has no ensurepip)")
    environment = [*rights, "env", "DEBIAN_FRONTEND=noninteractive"]
    if not (quietly([*environment, "apt-get", "update"]) and quietly([*environment, *command])):
        refuse(f"{package} could not be installed", typed)


def make_environment() -> Path:
    """An empty virtual environment, unless one of this very interpreter is there already."""
    python = VENV / "bin" / "python"
    asks_version = [str(python), "-c", "import sys, pip; print(sys.version)"]
    if python.exists():
        answer = subprocess.run(asks_version, capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.strip() == sys.version.strip():
            return python
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        install_venv_package()
    # not the interpreter of an environment that we are about to clear
    base = getattr(sys, "_base_executable", sys.executable)
    if not run([base, "-m", "venv", "--clear", VENV]):
        refuse(f"{VENV} could not be made", f"{base} -m venv {VENV}")
    return python


def install_uv(python: Path) -> bool:
    """uv from its wheel, which is kept so that the next environment can be made offline; True if it is there."""
    wheels = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kiln" / "toolchain" / "wheels"
    pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    only_uv = VENV / "uv.requirements.txt"
    only_uv.write_text(locked("uv", LOCK.read_text()))
    pinned: list[str | Path] = ["--require-hashes", "--no-deps", "-r", only_uv]
    from_cache = [*pip, "install", "--no-index", "--find-links", wheels, *pinned]
    here = wheels.is_dir() and quietly(from_cache, tell=False)
    here = here or (run([*pip, "download", "--dest", wheels, *pinned]) and run(from_cache))
    only_uv.unlink()
    return here


def install_packages(python: Path) -> bool:
    """Everything in requirements.lock, each file checked against its hash; True if it is all there."""
    uv: list[str | Path] = [VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", python]
    uv += ["--compile-bytecode", "--require-hashes", "-r", LOCK]
    # What is in uv's cache needs no network, which may be missing: so first without, and silently.
    if install_uv(python) and (quietly([*uv, "--offline"], tell=False) or run(uv)):
        return True
    say("  uv could not; pip goes on, which takes about a minute longer")
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    return run([*pip, "-r", LOCK])


def main() -> None:
    """Make the environment if its inputs changed, then hand over to the second stage."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        wanted = ".".join(str(part) for part in OLDEST_PYTHON)
        refuse(f"Kiln needs Python {wanted} or newer, this is {found}", "make setup PYTHON=/path/to/a/newer/python3")
    stamp, wanted = VENV / "share" / "kiln" / "python.stamp", digest_of_inputs()
    python = VENV / "bin" / "python"
    if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
        began = time.monotonic()
        say("… Python packages")
        python = make_environment()
        if not install_packages(python):
            refuse("the Python packages could not be installed", "look at the lines above, then run make setup again")
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(wanted)
        say(f"✓ Python packages  {time.monotonic() - began:.1f} s")
    os.chdir(ROOT)
    os.execv(str(python), [str(python), "-m", "toolchain", "setup", *sys.argv[1:]])


if __name__ == "__main__":
    main()
