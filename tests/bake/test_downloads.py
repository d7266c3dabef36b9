"""Files that a recipe fetches: a real server on loopback, a real package, the real dpkg where the machine has it."""

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bake import digest, downloads, recipe, toolchain
from bake.digest import Closure
from bake.flow import Baker
from bake.recipe import Recipe
from bake.workspace import Workspace
from console.errors import BadInput, NotReady

NAME = "agent.deb"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; `/short` promises more than it sends, as a connection that breaks."""

    def do_GET(self) -> None:
        if self.path != "/short":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and where it is served."""
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def runtime(tier: Recipe) -> Callable[..., Recipe]:
    """The recipe runtime with one download."""
    file = tier.folder.parent / "runtime" / recipe.FILE
    before = file.read_text(encoding="utf-8")

    def load(url: str, sha256: str, *, optional: bool = False) -> Recipe:
        told = f'[downloads."{NAME}"]\nurl = "{url}"\nsha256 = "{sha256}"\noptional = {str(optional).lower()}\n'
        file.write_text(before + told, encoding="utf-8")
        return recipe.load("runtime", tier.folder.parent)

    return load


def sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def test_it_is_fetched_once_and_kept(site: tuple[Path, str], runtime: Callable[..., Recipe], tmp_path: Path) -> None:
    folder, address = site
    (folder / NAME).write_bytes(b"agent")
    one = runtime(f"{address}/{NAME}", sha256(b"agent"))
    assert downloads.fetch(one, tmp_path).present == {NAME: sha256(b"agent")}
    (folder / NAME).unlink()
    assert downloads.fetch(one, tmp_path).present == {NAME: sha256(b"agent")}
    assert downloads.path(sha256(b"agent"), tmp_path).read_bytes() == b"agent"


def test_another_file_in_the_cache_than_its_name_says_ends_the_bake(
    runtime: Callable[..., Recipe], tmp_path: Path
) -> None:
    one = runtime("http://127.0.0.1:1/agent.deb", sha256(b"agent"), optional=True)
    cached = downloads.path(sha256(b"agent"), tmp_path)
    cached.parent.mkdir()
    cached.write_bytes(b"put there by hand")
    with pytest.raises(BadInput, match="in the cache is not the file that its name says") as caught:
        downloads.fetch(one, tmp_path)
    assert caught.value.where == str(cached)


def test_an_address_that_is_none_is_a_reason_and_no_traceback(runtime: Callable[..., Recipe], tmp_path: Path) -> None:
    one = runtime("http://127.0.0.1:80x/agent.deb", sha256(b"agent"), optional=True)
    assert "80x" in downloads.fetch(one, tmp_path).absent[NAME]


@pytest.mark.parametrize("name", ["artifact.tar", "packages.lock"])
def test_a_download_may_not_take_the_name_of_something_else(tier: Recipe, name: str) -> None:
    file = tier.folder.parent / "runtime" / recipe.FILE
    told = f'[downloads."{name}"]\nurl = "http://127.0.0.1:1/x"\nsha256 = "{sha256(b"x")}"\n'
    file.write_text(file.read_text(encoding="utf-8") + told, encoding="utf-8")
    with pytest.raises(BadInput, match="has the name of something else") as caught:
        recipe.load("runtime", tier.folder.parent)
    assert str(caught.value.where).endswith(f'downloads."{name}"')


@pytest.mark.parametrize("optional", [False, True])
def test_another_file_than_the_named_one_ends_the_bake_and_is_not_kept(
    site: tuple[Path, str], runtime: Callable[..., Recipe], tmp_path: Path, optional: bool
) -> None:
    folder, address = site
    (folder / NAME).write_bytes(b"another")
    with pytest.raises(BadInput, match="is not the file that the recipe names") as caught:
        downloads.fetch(runtime(f"{address}/{NAME}", sha256(b"agent"), optional=optional), tmp_path)
    assert sha256(b"another") in str(caught.value.found)
    assert str(caught.value.where).endswith(f'runtime/recipe.toml, [downloads."{NAME}"]')
    assert list((tmp_path / "downloads").iterdir()) == []


@pytest.mark.parametrize(("place", "why"), [("/missing", "not found"), ("/short", "broke off"), ("nobody", "refused")])
def test_what_does_not_come_is_left_out_only_where_it_is_optional(
    site: tuple[Path, str], runtime: Callable[..., Recipe], tmp_path: Path, place: str, why: str
) -> None:
    url = f"{site[1]}{place}" if place.startswith("/") else "http://127.0.0.1:9/agent.deb"
    with pytest.raises(NotReady, match=r"runtime needs agent\.deb") as caught:
        downloads.fetch(runtime(url, sha256(b"agent")), tmp_path)
    assert why in str(caught.value.found)
    assert str(downloads.path(sha256(b"agent"), tmp_path)) in str(caught.value.next_step)
    fetched = downloads.fetch(runtime(url, sha256(b"agent"), optional=True), tmp_path)
    assert fetched.present == {}
    (note,) = fetched.notes("runtime")
    assert note.startswith(f"runtime: {NAME} is left out of the image: {url}: ")
    assert why in note
    assert list((tmp_path / "downloads").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value"), [("url", "file:///etc/passwd"), ("url", "https://x"), ("sha256", "latest"), ("sha256", "A" * 64)]
)
def test_a_download_without_a_sum_or_from_elsewhere_is_refused(
    runtime: Callable[..., Recipe], key: str, value: str
) -> None:
    told = {"url": "https://x/agent.deb", "sha256": "a" * 64, key: value}
    with pytest.raises(BadInput, match="the recipe has mistakes"):
        runtime(told["url"], told["sha256"])


def test_it_is_part_of_the_digest_by_its_sum_and_lies_beside_the_recipes_files(
    site: tuple[Path, str], runtime: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (site[0] / NAME).write_bytes(b"agent")
    one = runtime(f"{site[1]}/{NAME}", sha256(b"agent"))
    fetched = downloads.fetch(one, tmp_path / "kiln")
    files = {name: digest.fingerprint(file) for name, file in digest.files_of(one).items()}
    plain = Closure(parent="ami-1", artifact=None, files=files, variables={}, tools={})
    closure = plain.model_copy(update={"downloads": fetched.present})
    assert plain.digest != closure.digest
    assert digest.changes(plain, closure) == (f"download {NAME} is new {sha256(b'agent')}",)
    with Workspace.of(one, None, closure, toolchain.load_versions()) as workspace:
        assert (workspace.upload / NAME).read_bytes() == b"agent"


def test_what_is_left_out_is_said_by_the_plan_and_has_another_digest(
    baker: Baker,
    runtime: Callable[..., Recipe],
    site: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one = runtime(f"{site[1]}/{NAME}", sha256(b"agent"), optional=True)
    own = replace(baker.recipes["runtime"], contents=one.contents)
    baker = replace(baker, recipes={**baker.recipes, "runtime": own})
    without = baker.plan()
    assert [note.split(":")[0] for note in without.notes] == ["runtime"]
    (site[0] / NAME).write_bytes(b"agent")
    planned = baker.plan()
    assert planned.notes == ()
    digests = [each.known["runtime"].closure.digest for each in (without, planned)]
    assert digests[0] != digests[1]


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="the machine has no dpkg")
def test_a_real_package_arrives_whole(site: tuple[Path, str], runtime: Callable[..., Recipe], tmp_path: Path) -> None:
    control = tmp_path / "package" / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        "Package: agent\nVersion: 1.0\nArchitecture: all\nMaintainer: us <us@example.com>\nDescription: x\n",
        encoding="utf-8",
    )
    build = ["dpkg-deb", "--build", "--root-owner-group", str(tmp_path / "package"), str(site[0] / NAME)]
    subprocess.run(build, check=True, capture_output=True)
    text = (site[0] / NAME).read_bytes()
    downloads.fetch(runtime(f"{site[1]}/{NAME}", sha256(text)), tmp_path)
    kept = str(downloads.path(sha256(text), tmp_path))
    query = ["dpkg-deb", "--show", "--showformat", "${Package} ${Version}", kept]
    assert subprocess.run(query, check=True, capture_output=True, text=True).stdout == "agent 1.0"
