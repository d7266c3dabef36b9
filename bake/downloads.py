"""Files of other makers that a recipe installs and no source of packages has: `[downloads]` of recipe.toml.

    [downloads."amazon-ssm-agent.deb"]
    url = "https://…/3.3.1345.0/debian_amd64/amazon-ssm-agent.deb"
    sha256 = "…"
    optional = true

Policy: fetched by bake, before the bake, into the cache, and only with the sum that is named; never by a machine, never
at boot. Its sum is part of the digest. One that is optional and cannot be fetched is left out, and that is said: the
image without it has another digest. A wrong sum ends the bake, optional or not.
"""

import hashlib
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from bake.recipe import FILE, Download, Recipe, show
from console.errors import BadInput, NotReady

PATIENCE_SECONDS = 20  # without a byte
LARGEST_BYTES = 512 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """What there is: name → SHA-256 (hex); and what is left out: name → why."""

    present: Mapping[str, str]
    absent: Mapping[str, str]

    def notes(self, recipe: str) -> tuple[str, ...]:
        """For the user, one line for each that is left out."""
        return tuple(f"{recipe}: {name} is left out of the image: {why}" for name, why in self.absent.items())


def path(sha256: str, cache: Path) -> Path:
    """Where the file of that sum is kept."""
    return cache / "downloads" / sha256


def fetch(recipe: Recipe, cache: Path) -> Fetched:
    """All downloads of a recipe. Raises BadInput for a wrong sum, NotReady where one that is needed does not come."""
    present, absent = {}, {}
    for name, one in sorted(recipe.contents.downloads.items()):
        where = f'{show(recipe.folder / FILE)}, [downloads."{name}"]'
        problem = None if _is_cached(one, cache) else _download(one, cache, where)
        if problem is None:
            present[name] = one.sha256
        elif one.optional:
            absent[name] = f"{one.url}: {problem}"
        else:
            raise NotReady(
                f"{recipe.name} needs {name}, and it cannot be fetched",
                where=where,
                found=f"{one.url}: {problem}",
                expected="a file that can be fetched; once it is cached, no network is needed",
                next_step=f"put it there by hand: {path(one.sha256, cache)}",
            )
    return Fetched(present, absent)


def _is_cached(one: Download, cache: Path) -> bool:
    """Whether it is there. Raises BadInput where it is another file than its name says: somebody put it there."""
    file = path(one.sha256, cache)
    if not file.is_file():
        return False
    with file.open("rb") as contents:
        found = hashlib.file_digest(contents, "sha256").hexdigest()
    if found != one.sha256:
        raise BadInput(
            "a download in the cache is not the file that its name says",
            where=str(file),
            found=f"SHA-256 {found}",
            expected=f"SHA-256 {one.sha256}, of {one.url}",
            next_step="remove it; it is fetched again",
        )
    return True


def _download(one: Download, cache: Path, where: str) -> str | None:
    """Put it into the cache, whole and with the right sum or not at all; why it could not be fetched."""
    target = path(one.sha256, cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    sum_, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as out:
        draft = Path(out.name)
        try:
            with urllib.request.urlopen(one.url, timeout=PATIENCE_SECONDS) as answer:
                while chunk := answer.read(CHUNK_BYTES):
                    size += len(chunk)
                    if size > LARGEST_BYTES:
                        return f"it is larger than {LARGEST_BYTES // 1024 // 1024} MiB"
                    sum_.update(chunk)
                    out.write(chunk)
                if answer.length:  # what was announced and did not come
                    return f"it broke off after {size} bytes"
            out.flush()
            if sum_.hexdigest() != one.sha256:
                raise BadInput(
                    "a download is not the file that the recipe names",
                    where=where,
                    found=f"SHA-256 {sum_.hexdigest()} from {one.url}",
                    expected=f"SHA-256 {one.sha256}",
                    next_step="ask its maker which is right; nothing of it was kept",
                )
            draft.replace(target)
        except (OSError, ValueError, HTTPException) as problem:  # URLError and HTTPError are OSErrors
            return str(getattr(problem, "reason", None) or problem)
        finally:
            draft.unlink(missing_ok=True)
    return None
