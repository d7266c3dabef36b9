"""The artifact of a tier: one tar file, the same bytes from the same source on any machine.

Names are sorted, times are 0, the owner is root, modes are 755 or 644, and nothing is compressed (compressed bytes
differ between versions of zlib). Vendored Python packages are wheels of pinned hashes, unpacked below `vendor/`.
Both the wheels and the artifact are cached below $XDG_CACHE_HOME/kiln; once cached, no network is used.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from bake.recipe import FILE, Recipe, show
from console.errors import NotReady

FORMAT = 1  # raised when the archive's own form changes, so that a cached one is not taken for a new one
IGNORED = ("__pycache__",)
GUEST_PYTHON = "3.11"  # Debian 12
DOWNLOAD_LIMIT_SECONDS = 300
# The AWS SDK describes each service in a folder here; the files beside the folders belong to all services.
SDK_DESCRIPTIONS = (PurePosixPath("botocore/data"), PurePosixPath("boto3/data"))

Member = tuple[str, bool, bytes]  # name, executable, contents


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file and the SHA-256 (hex) of its bytes."""

    path: Path
    sha256: str


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kiln"


def make(recipe: Recipe, folder: Path | None = None) -> Artifact:
    """The artifact of a recipe, from the cache where its inputs are the same.

    Raises NotReady where packages must be fetched and cannot be.
    """
    folder = folder or cache()
    target = folder / "artifacts" / f"{recipe.tier}-{_inputs(recipe)}.tar"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as out:
            try:
                _write([*_own(recipe), *_vendored(recipe, folder)], out.file)
                Path(out.name).replace(target)
            finally:
                Path(out.name).unlink(missing_ok=True)
    # of the bytes that will be installed, not of what they were made from: a damaged cache changes the digest
    return Artifact(target, hashlib.sha256(target.read_bytes()).hexdigest())


def _inputs(recipe: Recipe) -> str:
    digest = hashlib.sha256(repr((FORMAT, GUEST_PYTHON, sorted(recipe.contents.artifact.sdk_services))).encode())
    for name, executable, contents in _own(recipe):
        digest.update(repr((name, executable, hashlib.sha256(contents).hexdigest())).encode())
    return digest.hexdigest()[:32]


def _own(recipe: Recipe) -> Iterator[Member]:
    for file in sorted(recipe.source.rglob("*")):
        name = file.relative_to(recipe.source)
        if file.is_file() and not any(part in IGNORED or part.startswith(".") for part in name.parts):
            yield name.as_posix(), bool(file.stat().st_mode & 0o100), file.read_bytes()


def _vendored(recipe: Recipe, folder: Path) -> Iterator[Member]:
    if not recipe.contents.artifact.requirements:
        return
    for wheel in sorted(_wheels(recipe, folder).glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and _wanted(entry.filename, recipe.contents.artifact.sdk_services):
                    yield (f"vendor/{entry.filename}", bool(entry.external_attr >> 16 & 0o100), archive.read(entry))


def _wanted(name: str, sdk_services: tuple[str, ...]) -> bool:
    """False for the SDK's description of a service that the artifact does not use."""
    for folder in SDK_DESCRIPTIONS:
        with suppress(ValueError):
            service, *rest = PurePosixPath(name).relative_to(folder).parts
            return not rest or service in sdk_services
    return True


def _wheels(recipe: Recipe, folder: Path) -> Path:
    """The folder of the wheels that the requirements file pins; fetched with pip, whole or not at all."""
    requirements = recipe.source / str(recipe.contents.artifact.requirements)
    if not requirements.is_file():
        raise NotReady(
            "the pinned requirements of the artifact are missing",
            where=f"{show(recipe.folder / FILE)}, artifact.requirements",
            found=f"no file {show(requirements)}",
        )
    pins = hashlib.sha256(GUEST_PYTHON.encode() + requirements.read_bytes()).hexdigest()[:32]
    target = folder / "wheels" / pins
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        # only wheels for any machine: the artifact must not depend on the one where it is made
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "--platform=any", f"--python-version={GUEST_PYTHON}"]
        command += ["--dest", str(scratch), "--requirement", str(requirements)]
        if problem := _problem_of(command):
            raise NotReady(
                "the pinned Python packages of the artifact cannot be fetched",
                where=show(requirements),
                found=problem,
                next_step="check the network; once they are cached, none is needed",
            )
        with suppress(OSError):  # another bake was quicker: its folder holds the same files
            scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _problem_of(command: list[str]) -> str | None:
    """Run pip; its last words where it failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"nothing came within {DOWNLOAD_LIMIT_SECONDS} s"
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]


def _write(members: list[Member], out: IO[bytes]) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, executable, contents in sorted(members, key=lambda member: member[0]):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(contents), 0
            entry.mode = 0o755 if executable else 0o644
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            archive.addfile(entry, io.BytesIO(contents))
