"""Gets a program that no package registry has: PATH, else the cache, else the release, else built from source.

Whatever is found must say of itself that it is the pinned version. A program enters the cache in one rename, with its
SHA-256 beside it, and leaves it again when the two no longer agree; so a killed or failed set-up leaves nothing that
a later one would trust. One set-up at a time works on the cache; another one waits.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import KilnError
from console.progress import Progress
from toolchain import release, source
from toolchain.layout import BIN, cache
from toolchain.programs import Program, host_platform

UNFINISHED = "unfinished-"


def on_path(program: Program) -> Path | None:
    """The pinned version among the machine's own programs; our wrappers in the environment do not count."""
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    outside = os.pathsep.join(str(folder) for folder in folders if folder.resolve() != BIN.resolve())
    found = shutil.which(program.name, path=outside) if program.on_path else None
    return Path(found) if found and program.says(Path(found)) == program.version else None


def cached_path(program: Program, root: Path) -> Path:
    """Where a program lies in the cache."""
    return root / program.name / program.version / host_platform() / program.name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def in_cache(program: Program, root: Path) -> Path | None:
    """The cached program, if it is still what was put there."""
    path = cached_path(program, root)
    if not path.exists() or not _sum_file(path).exists():
        return None
    return path if _sum_file(path).read_text().strip() == _sha256(path) else None


def keep(program: Program, obtained: Path, root: Path) -> Path:
    """Put a program into the cache, after asking it for its version.

    Errors: KilnError if it is not the pinned version or does not run here.
    """
    said = program.says(obtained)
    if said != program.version:
        raise KilnError(
            f"this is not the pinned {program.name}; nothing was kept",
            where=str(obtained),
            found=said or "a program that does not run on this machine",
            expected=program.version,
        )
    path = cached_path(program, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sum_file(path).unlink(missing_ok=True)  # without its sum, what is there does not count
    os.replace(obtained, path)
    _sum_file(path).write_text(_sha256(path))
    return path


@contextmanager
def sole_use(root: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of the cache."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.phase("another set-up is filling the cache; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def obtain(
    program: Program, progress: Progress, root: Path | None = None, site: str = release.SITE
) -> tuple[Path, str]:
    """The path of a program at its pinned version, and in words where it is from.

    Errors: release.BrokenDownload, and whatever `source.build` says when there is no other way.
    """
    if found := on_path(program):
        return found, f"found at {found}"
    root = root or cache()
    with sole_use(root, progress):
        if found := in_cache(program, root):
            return found, "from the cache"
        for left in root.glob(f"{UNFINISHED}*"):  # by a set-up that was killed: nobody else holds the lock
            shutil.rmtree(left)
        # beside its future place, so that the rename stays within one file system
        with tempfile.TemporaryDirectory(dir=root, prefix=UNFINISHED) as folder:
            try:
                new = release.fetch(program.name, program.version, host_platform(), Path(folder), progress, site)
                way = f"from {site}, SHA-256 as published"
            except release.Unreachable as reason:
                progress.phase(f"no release to be had ({reason}): building {program.name} from source")
                new = source.build(program, Path(folder), progress)
                way = "built from source, modules as in go.sum"
            return keep(program, new, root), way
