"""The artifact of a tier (others have none): one archive, the same bytes from the same source on any machine.

A tar file, for Windows a zip file. Names are sorted, times are 0 (in a zip 1980, its first year), the owner is root,
modes are 755 or 644, and nothing is compressed (compressed bytes differ between versions of zlib). Vendored Python
packages are wheels of pinned hashes, unpacked below `vendor/`.
Both the wheels and the artifact are cached below $XDG_CACHE_HOME/kiln; once cached, no network is used.
"""

import hashlib
import io
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from bake import wheels
from bake.platforms import Platform
from bake.recipe import FILE, ArtifactSource, Recipe, show
from console.errors import BadInput

FORMAT = 1  # raised when the archive's own form changes, so that a cached one is not taken for a new one
IGNORED = ("__pycache__",)
# The AWS SDK describes each service in a folder here; the files beside the folders belong to all services.
SDK_DESCRIPTIONS = (PurePosixPath("botocore/data"), PurePosixPath("boto3/data"))

Member = tuple[str, bool, bytes]  # name, executable, contents


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file and the SHA-256 (hex) of its bytes."""

    path: Path
    sha256: str


def cache() -> Path:
    """Kiln's cache: what is in it can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kiln"


def make(recipe: Recipe, folder: Path | None = None) -> Artifact | None:
    """The artifact of a recipe, from the cache `folder` where its inputs are the same; None where it has none.

    Raises BadInput where the requirements file is missing or the checksum is another one, NotReady where packages must
    be fetched and cannot be.
    """
    contents = recipe.contents.artifact
    if contents is None:
        return None
    folder = folder or cache()
    write = _write_zip if recipe.platform is Platform.WINDOWS else _write
    suffix = Path(recipe.platform.archive).suffix
    target = folder / "artifacts" / f"{recipe.name}-{_inputs(contents, recipe)}{suffix}"
    if not target.is_file():
        members = [*_own(recipe), *_vendored(recipe, contents, folder)]
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as out:
            try:
                write(members, out)
                Path(out.name).replace(target)
            finally:
                Path(out.name).unlink(missing_ok=True)
    # of the bytes that will be installed, not of what they were made from: a damaged cache changes the digest
    made = Artifact(target, hashlib.sha256(target.read_bytes()).hexdigest())
    if contents.sha256 and contents.sha256 != made.sha256:
        raise BadInput(
            f"the artifact of {recipe.name} is not the expected one",
            where=f"{show(recipe.folder / FILE)}, artifact.sha256",
            found=f"{made.sha256}, packed from {contents.source}",
            expected=contents.sha256,
            next_step="take the published files anew, or write the new checksum if they were meant to change",
        )
    return made


def _inputs(contents: ArtifactSource, recipe: Recipe) -> str:
    settings = (FORMAT, wheels.GUEST_PYTHON, contents.model_dump_json())
    digest = hashlib.sha256(repr(settings).encode())
    for name, executable, text in _own(recipe):
        digest.update(repr((name, executable, hashlib.sha256(text).hexdigest())).encode())
    return digest.hexdigest()[:32]


def _own(recipe: Recipe) -> Iterator[Member]:
    origins: dict[str, Path] = {}
    for folder in recipe.sources:
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder)
            if file.is_file() and not any(part in IGNORED or part.startswith(".") for part in name.parts):
                if (other := origins.setdefault(name.as_posix(), file)) != file:
                    raise BadInput(
                        "two files of the artifact have one name",
                        where=f"{show(recipe.folder / FILE)}, artifact.shared",
                        found=f"{show(other)} and {show(file)}",
                    )
                yield name.as_posix(), bool(file.stat().st_mode & 0o100), file.read_bytes()


def _vendored(recipe: Recipe, contents: ArtifactSource, folder: Path) -> Iterator[Member]:
    requirements = recipe.requirements
    if requirements is None:
        return
    if not requirements.is_file():
        raise BadInput(
            "the pinned requirements of the artifact are missing",
            where=f"{show(recipe.folder / FILE)}, artifact.requirements",
            found=f"no file {show(requirements)}",
        )
    for wheel in wheels.fetch(requirements, folder):
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and _is_used(entry.filename, contents.sdk_services):
                    executable = bool(entry.external_attr >> 16 & 0o100)
                    yield f"vendor/{entry.filename}", executable, archive.read(entry)


def _is_used(name: str, sdk_services: tuple[str, ...]) -> bool:
    """False for the SDK's description of a service that the artifact does not use."""
    path = PurePosixPath(name)
    for folder in SDK_DESCRIPTIONS:
        if path.is_relative_to(folder):
            service, *rest = path.relative_to(folder).parts
            return not rest or service in sdk_services
    return True


def _write(members: list[Member], out: IO[bytes]) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, executable, contents in sorted(members):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(contents), 0
            entry.mode = 0o755 if executable else 0o644
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            archive.addfile(entry, io.BytesIO(contents))


def _write_zip(members: list[Member], out: IO[bytes]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, _, contents in sorted(members):
            entry = zipfile.ZipInfo(name)  # of 1980-01-01
            entry.create_system = 3  # the same on any machine
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, contents)
