"""PATH, cache, release, source: in this order, and only the pinned version."""

import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from console.errors import KilnError
from console.progress import Progress
from toolchain import obtain
from toolchain.programs import Program, host_platform, packer_says

VERSION = "9.8.7"
NOWHERE = "http://127.0.0.1:1"


def script(path: Path, version: str) -> Path:
    """A program that says it is Packer of some version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho Packer v{version}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path


def program(module: Path, on_path: bool = False) -> Program:
    return Program("packer", VERSION, "kiln.test/packer", module, packer_says, on_path)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A Go module of its own that builds to a program which says it is the pinned version."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module kiln.test/packer\n\ngo 1.20\n")
    (folder / "main.go").write_text(f'package main\n\nfunc main() {{ println2("Packer v{VERSION}") }}\n')
    (folder / "out.go").write_text(
        'package main\n\nimport "os"\n\nfunc println2(s string) { os.Stdout.WriteString(s + "\\n") }\n'
    )
    return folder


def test_the_pinned_version_on_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = script(tmp_path / "bin" / "packer", VERSION)
    monkeypatch.setenv("PATH", f"{here.parent}:/usr/bin:/bin")
    path, way = obtain.obtain(program(tmp_path, on_path=True), Progress(), tmp_path / "cache", NOWHERE)
    assert path == here
    assert way == f"found at {here}"
    assert not (tmp_path / "cache").exists()


def test_another_version_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{script(tmp_path / 'bin' / 'packer', '1.6.6').parent}:/usr/bin:/bin")
    assert obtain.on_path(program(tmp_path, on_path=True)) is None


def test_our_own_wrapper_in_the_environment_does_not_count_as_found_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obtain, "BIN", script(tmp_path / "bin" / "packer", VERSION).parent)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert obtain.on_path(program(tmp_path, on_path=True)) is None


def test_what_was_kept_comes_from_the_cache(tmp_path: Path) -> None:
    wanted = program(tmp_path)
    kept = obtain.keep(wanted, script(tmp_path / "new", VERSION), tmp_path / "cache")
    assert obtain.obtain(wanted, Progress(), tmp_path / "cache", NOWHERE) == (kept, "from the cache")


def test_a_changed_byte_in_the_cache_makes_it_worthless(tmp_path: Path) -> None:
    wanted = program(tmp_path)
    kept = obtain.keep(wanted, script(tmp_path / "new", VERSION), tmp_path / "cache")
    kept.write_text(kept.read_text() + "# changed\n")
    assert obtain.in_cache(wanted, tmp_path / "cache") is None


def test_a_program_without_its_sum_is_no_part_of_the_cache(tmp_path: Path) -> None:
    wanted = program(tmp_path)
    script(obtain.cached_path(wanted, tmp_path / "cache"), VERSION)
    assert obtain.in_cache(wanted, tmp_path / "cache") is None


def test_another_version_than_the_pinned_one_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(KilnError) as raised:
        obtain.keep(program(tmp_path), script(tmp_path / "new", "1.6.6"), tmp_path / "cache")
    assert raised.value.details()["found"] == "1.6.6"
    assert obtain.in_cache(program(tmp_path), tmp_path / "cache") is None


def test_where_there_is_no_release_it_is_built_from_source(tmp_path: Path, module: Path) -> None:
    path, way = obtain.obtain(program(module), Progress(), tmp_path / "cache", NOWHERE)
    assert packer_says(path) == VERSION
    assert way.startswith("built from source")
    assert path == tmp_path / "cache" / "packer" / VERSION / host_platform() / "packer"


def test_a_build_that_fails_says_why_and_leaves_nothing_in_the_cache(tmp_path: Path, module: Path) -> None:
    (module / "main.go").write_text("package main\n\nfunc main() { no such thing }\n")
    with pytest.raises(KilnError) as raised:
        obtain.obtain(program(module), Progress(), tmp_path / "cache", NOWHERE)
    assert "main.go:3" in raised.value.details()["found"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_a_module_that_is_not_what_go_sum_says_stops_the_build(
    tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = tmp_path / "proxy"
    make_module_proxy(proxy, "kiln.test/dependency", "v1.0.0")
    monkeypatch.setenv("GOPROXY", proxy.as_uri())
    monkeypatch.setenv("GONOSUMDB", "kiln.test/*")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    (module / "go.mod").write_text("module kiln.test/packer\n\ngo 1.20\n\nrequire kiln.test/dependency v1.0.0\n")
    (module / "main.go").write_text('package main\n\nimport _ "kiln.test/dependency"\n\nfunc main() {}\n')
    wrong = "A" * 43 + "="
    (module / "go.sum").write_text(
        f"kiln.test/dependency v1.0.0 h1:{wrong}\nkiln.test/dependency v1.0.0/go.mod h1:{wrong}\n"
    )
    with pytest.raises(KilnError) as raised:
        obtain.obtain(program(module), Progress(), tmp_path / "cache", NOWHERE)
    assert "kiln.test/dependency@v1.0.0: checksum mismatch" in raised.value.details()["found"]
    assert obtain.in_cache(program(module), tmp_path / "cache") is None
    subprocess.run(["chmod", "-R", "u+w", str(tmp_path / "modules")], check=True)  # Go makes its cache read-only


def make_module_proxy(folder: Path, module: str, version: str) -> None:
    """A Go module proxy in a folder, with one module."""
    at = folder / module / "@v"
    at.mkdir(parents=True)
    (at / "list").write_text(f"{version}\n")
    (at / f"{version}.info").write_text(f'{{"Version":"{version}"}}')
    (at / f"{version}.mod").write_text(f"module {module}\n")
    with zipfile.ZipFile(at / f"{version}.zip", "w") as packed:
        packed.writestr(f"{module}@{version}/go.mod", f"module {module}\n")
        packed.writestr(f"{module}@{version}/dependency.go", "package dependency\n")


def test_what_a_killed_set_up_left_is_removed_by_the_next(tmp_path: Path, module: Path) -> None:
    script(tmp_path / "cache" / f"{obtain.UNFINISHED}x1y2" / "packer", VERSION)
    _, way = obtain.obtain(program(module), Progress(), tmp_path / "cache", NOWHERE)
    assert way.startswith("built from source")
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["lock", "packer"]


def test_one_set_up_waits_for_another_that_is_filling_the_cache(tmp_path: Path) -> None:
    holder = (
        "import fcntl, sys, time\n"
        "lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('held', flush=True); sys.stdin.read()\n"
    )
    wanted = program(tmp_path)
    kept = obtain.keep(wanted, script(tmp_path / "new", VERSION), tmp_path / "cache")
    other = subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "cache" / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"

    said: list[str] = []

    class Listening(Progress):
        def phase(self, text: str) -> None:
            said.append(text)
            other.communicate()  # the other one ends, and with it its lock

    assert obtain.obtain(wanted, Listening(), tmp_path / "cache", NOWHERE)[0] == kept
    assert said == ["another set-up is filling the cache; waiting for it"]
