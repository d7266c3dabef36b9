"""A release is believed only by its published SHA-256; what is broken leaves nothing behind."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from console.progress import Progress
from toolchain import release

NAME, VERSION, PLATFORM = "packer", "9.8.7", "linux_amd64"
FILE = f"{NAME}_{VERSION}_{PLATFORM}.zip"
SUMS = f"{NAME}_{VERSION}_SHA256SUMS"


def archive(member: str = NAME, content: bytes = b"#!/bin/sh\necho Packer v9.8.7\n") -> bytes:
    """A release as it is published: a zip with the program and a licence."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("LICENSE.txt", "free")
        packed.writestr(member, content)
    return buffer.getvalue()


@dataclass
class Site:
    """A release site on the loopback: what it serves, and how much of each body it really sends."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: int | None = None
    asked: list[str] = field(default_factory=list)

    def publish(self, content: bytes, digest: str | None = None) -> None:
        """Offer a release, with its true digest unless another one is given."""
        base = f"/{NAME}/{VERSION}"
        self.files[f"{base}/{FILE}"] = content
        self.files[f"{base}/{SUMS}"] = f"{digest or hashlib.sha256(content).hexdigest()}  {FILE}\n".encode()


@pytest.fixture
def site() -> Iterator[Site]:
    offered = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            offered.asked.append(self.path)
            content = offered.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: offered.cut_after] if self.path.endswith(".zip") else content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    offered.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield offered
    server.shutdown()
    server.server_close()


def fetch(site: Site, folder: Path) -> Path:
    return release.fetch(NAME, VERSION, PLATFORM, folder, Progress(), site.url)


def test_a_whole_and_right_release_becomes_an_executable_program(site: Site, tmp_path: Path) -> None:
    site.publish(archive())
    program = fetch(site, tmp_path)
    assert program.read_bytes().startswith(b"#!/bin/sh")
    assert program.stat().st_mode & 0o111
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_plugin_is_found_by_the_versioned_name_that_its_release_gives_it(site: Site, tmp_path: Path) -> None:
    site.publish(archive(member=f"{NAME}_v9.8.7_x5.0_linux_amd64", content=b"plugin"))
    assert fetch(site, tmp_path).read_bytes() == b"plugin"


def test_a_wrong_checksum_is_an_error_that_shows_both_sums(site: Site, tmp_path: Path) -> None:
    site.publish(archive(), digest="0" * 64)
    with pytest.raises(release.BrokenDownload) as raised:
        fetch(site, tmp_path)
    found = hashlib.sha256(archive()).hexdigest()
    assert raised.value.details()["found"] == f"SHA-256 {found}"
    assert raised.value.details()["expected"] == f"SHA-256 {'0' * 64}"
    assert not (tmp_path / NAME).exists()


def test_a_truncated_download_is_an_error_that_says_how_much_arrived(site: Site, tmp_path: Path) -> None:
    content = archive(content=b"x" * 5000)
    site.publish(content)
    site.cut_after = 1000
    with pytest.raises(release.BrokenDownload) as raised:
        fetch(site, tmp_path)
    assert "1000 bytes" in raised.value.details()["found"]
    assert raised.value.details()["expected"] == f"{len(content)} bytes"
    assert not (tmp_path / NAME).exists()


def test_an_archive_without_the_program_is_an_error(site: Site, tmp_path: Path) -> None:
    site.publish(archive(member="terraform"))
    with pytest.raises(release.BrokenDownload, match="broken"):
        fetch(site, tmp_path)


def test_a_file_that_is_no_archive_is_an_error_even_if_its_sum_is_right(site: Site, tmp_path: Path) -> None:
    site.publish(b"<html>please log in</html>")
    with pytest.raises(release.BrokenDownload, match="broken"):
        fetch(site, tmp_path)


def test_a_site_without_the_release_is_unreachable_and_not_an_error(site: Site, tmp_path: Path) -> None:
    with pytest.raises(release.Unreachable, match="404"):
        fetch(site, tmp_path)


def test_a_site_that_publishes_no_sum_for_this_platform_is_not_asked_for_the_archive(
    site: Site, tmp_path: Path
) -> None:
    site.publish(archive())
    site.files[f"/{NAME}/{VERSION}/{SUMS}"] = f"{'0' * 64}  {NAME}_{VERSION}_plan9_mips.zip\n".encode()
    with pytest.raises(release.Unreachable, match="publishes no SHA-256"):
        fetch(site, tmp_path)
    assert not any(path.endswith(".zip") for path in site.asked)


def test_a_dead_port_is_unreachable_at_once(tmp_path: Path) -> None:
    with pytest.raises(release.Unreachable, match="refused"):
        release.fetch(NAME, VERSION, PLATFORM, tmp_path, Progress(), "http://127.0.0.1:1")
