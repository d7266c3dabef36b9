"""The wheels of a requirements file with pinned hashes, fetched with pip once and kept.

Only wheels for any machine are taken: what is made from them must not depend on the machine where it is made.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from bake.recipe import show
from console.errors import BadInput, NotReady

GUEST_PYTHON = "3.11"  # Debian 12
LIMIT_SECONDS = 300
OTHER_CHECKSUM = "DO NOT MATCH THE HASHES"  # pip's own words


def folder_of(requirements: Path, cache: Path) -> Path:
    """Where the wheels of these very pins are kept."""
    pins = hashlib.sha256(GUEST_PYTHON.encode() + requirements.read_bytes()).hexdigest()[:32]
    return cache / "wheels" / pins


def fetch(requirements: Path, cache: Path) -> tuple[Path, ...]:
    """The wheels, by name; from the cache if they are there, else whole or not at all. Raises NotReady, BadInput."""
    target = folder_of(requirements, cache)
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent))
        try:
            if problem := _download(requirements, scratch):
                if OTHER_CHECKSUM in problem:
                    raise BadInput(
                        "a Python package of the artifact is not the one whose checksum is pinned",
                        where=show(requirements),
                        found=" ".join(problem.partition(OTHER_CHECKSUM)[2].partition("\n")[2].split()),
                        expected="the very file that was there when its checksum was written down",
                        next_step="take it from nowhere before it is known who changed it: the file or the archive",
                    )
                raise NotReady(
                    "the pinned Python packages of the artifact cannot be fetched",
                    where=show(requirements),
                    found=problem.splitlines()[-1],
                    next_step="check the network; once they are cached, none is needed",
                )
            with suppress(OSError):  # another bake was quicker: its folder holds the same files
                scratch.rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return tuple(sorted(target.glob("*.whl")))


def _download(requirements: Path, folder: Path) -> str | None:
    """Run pip; what it said where it failed."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "--platform=any", f"--python-version={GUEST_PYTHON}"]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"nothing came within {LIMIT_SECONDS} s"
    return None if done.returncode == 0 else done.stderr.strip() or "pip said nothing"
