"""Fetches a program from HashiCorp's release site and believes it only by its published SHA-256.

A release is `NAME/VERSION/NAME_VERSION_OS_ARCH.zip` beside `NAME_VERSION_SHA256SUMS`; the sums are fetched over HTTPS
from the same site, their signature is not checked. A site that cannot be reached, or does not have the release, is no
error: there are other ways to get the program. What does arrive must be whole and right, or nothing is kept.
"""

import hashlib
import http.client
import shutil
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from console.errors import KilnError
from console.progress import Progress

SITE = "https://releases.hashicorp.com"
SECONDS_TO_ANSWER = 10
CHUNK_BYTES = 1 << 20


class Unreachable(Exception):
    """The release cannot be had here; `str()` says why."""


class BrokenDownload(KilnError):
    """What arrived is not what was published."""


def _open(url: str) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(url, timeout=SECONDS_TO_ANSWER)
        return response
    except urllib.error.HTTPError as error:
        raise Unreachable(f"{url} answers {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url}: {getattr(error, 'reason', None) or error}") from None


def _text(url: str) -> str:
    try:
        with _open(url) as response:
            return response.read(CHUNK_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url}: {error}") from None


def published_digest(sums: str, file: str) -> str | None:
    """The SHA-256 of a file in the text of a SHA256SUMS file (`<64 hex>  <name>` per line)."""
    named = (line.split() for line in sums.splitlines())
    return next((words[0].lower() for words in named if len(words) == 2 and words[1].lstrip("*") == file), None)


def _download(url: str, target: Path, progress: Progress) -> str:
    """Write a URL's body to a file; its SHA-256."""
    digest, received, shown = hashlib.sha256(), 0, 0
    with _open(url) as response, target.open("wb") as file:
        total = int(response.headers.get("Content-Length") or 0)
        try:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                if received - shown >= 10 * CHUNK_BYTES:
                    shown = received
                    progress.phase(f"{received >> 20} of {total >> 20} MiB")
        except (OSError, http.client.HTTPException) as error:
            raise _broken(url, f"{received} bytes, then {error}", f"{total} bytes") from None
    if received < total:
        raise _broken(url, f"{received} bytes", f"{total} bytes")
    return digest.hexdigest()


def _broken(url: str, found: str, expected: str) -> BrokenDownload:
    return BrokenDownload(
        "the download is broken; nothing was kept",
        where=url,
        found=found,
        expected=expected,
        next_step="run make setup again; if it stays so, ask who is between you and the release site",
    )


def fetch(name: str, version: str, platform: str, folder: Path, progress: Progress, site: str = SITE) -> Path:
    """Put the program of a release into `folder`, executable, and return its path.

    Args:
        name: program and release, e.g. `packer`.
        platform: e.g. `linux_amd64`.
        folder: an empty folder that the caller removes when this fails.
        site: where releases lie; a mirror keeps the same layout.

    Errors: Unreachable if the site does not answer or has no such release; BrokenDownload if what arrives is
    incomplete, has another SHA-256 than published, or holds no such program.
    """
    file, base = f"{name}_{version}_{platform}.zip", f"{site}/{name}/{version}"
    expected = published_digest(_text(f"{base}/{name}_{version}_SHA256SUMS"), file)
    if expected is None:
        raise Unreachable(f"{base} publishes no SHA-256 of {file}")
    archive = folder / file
    found = _download(f"{base}/{file}", archive, progress)
    if found != expected:
        raise _broken(f"{base}/{file}", f"SHA-256 {found}", f"SHA-256 {expected}")
    program = folder / name
    try:
        with zipfile.ZipFile(archive) as content:
            member = next((each for each in content.namelist() if each == name or each.startswith(f"{name}_v")), None)
            if member is None:
                raise _broken(f"{base}/{file}", ", ".join(content.namelist()), f"{name} in the archive")
            with content.open(member) as packed, program.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, CHUNK_BYTES)
    except zipfile.BadZipFile as error:
        raise _broken(f"{base}/{file}", str(error), "a zip archive") from None
    archive.unlink()
    program.chmod(0o755)
    return program
