"""app.py must not return a stale assembly. These tests try to make it do so."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from infra import images

ROOT = Path(__file__).resolve().parents[2]


def load(file: Path) -> Any:
    """app.py of a checkout as a module; its `main` is not run."""
    spec = importlib.util.spec_from_file_location("app_under_test", file)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of everything that app.py calls a source."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in load(ROOT / "app.py").SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture
def app(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("KILN_IMAGES", "CDK_CONTEXT_JSON", "CONTEXT_OVERFLOW_LOCATION_ENV"):
        monkeypatch.delenv(name, raising=False)
    return load(checkout / "app.py")


def test_a_changed_byte_in_any_source_changes_the_digest(app: Any, checkout: Path) -> None:
    before = app.inputs({})
    files = [file for file in checkout.rglob("*") if file.is_file()]
    assert len(files) > 30
    for file in files:
        content = file.read_bytes()
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"x")
        assert app.inputs({}) != before, file
        file.write_bytes(content)
        assert app.inputs({}) == before


@pytest.mark.parametrize("folder", ["console", "constructs/kiln", "infra", "infra/stacks", "infra/environments"])
def test_a_file_more_or_less_or_of_another_name_changes_the_digest(app: Any, checkout: Path, folder: str) -> None:
    digests = {app.inputs({})}
    new = checkout / folder / "new.txt"
    new.touch()
    digests.add(app.inputs({}))
    new.rename(new.with_name("renamed.txt"))
    digests.add(app.inputs({}))
    next(file for file in (checkout / folder).iterdir() if file.suffix in (".py", ".toml")).unlink()
    digests.add(app.inputs({}))
    assert len(digests) == 4


def test_every_variable_that_the_synthesis_may_see_changes_the_digest(app: Any, monkeypatch: Any) -> None:
    for name in app.INPUT_VARIABLES:
        before = app.inputs({})
        monkeypatch.setenv(name, f"{os.environ.get(name, '')}x")
        assert app.inputs({}) != before, name


def test_context_changes_the_digest_but_for_what_names_the_stacks_of_one_command(app: Any, monkeypatch: Any) -> None:
    def digest(context: dict[str, Any]) -> Any:
        monkeypatch.setenv("CDK_CONTEXT_JSON", json.dumps(context))
        return app.inputs(app.given_context())

    before = digest({"a": 1})
    assert digest({"a": 2}) != before
    assert digest({"a": 1, "b": 1}) != before
    assert digest({"a": 1, "aws:cdk:bundling-stacks": ["Payroll-Stage"]}) == before
    assert "aws:cdk:bundling-stacks" not in app.given_context()


def test_context_that_is_too_long_for_a_variable_is_read_from_its_file(
    app: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    overflow = tmp_path / "context.json"
    overflow.write_text('{"kiln:images": "x.toml"}')
    monkeypatch.setenv("CONTEXT_OVERFLOW_LOCATION_ENV", str(overflow))
    assert app.given_context() == {"kiln:images": "x.toml"}


def test_path_and_content_of_the_images_file_in_force_change_the_digest(
    app: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    file, copy = tmp_path / "images.toml", tmp_path / "copy.toml"
    digests = {app.inputs({})}
    monkeypatch.setenv("KILN_IMAGES", str(file))
    digests.add(app.inputs({}))
    file.touch()
    digests.add(app.inputs({}))
    images.record(file, "web", "sha256:" + "1" * 64, {"eu-west-1": "ami-0123456789abcdef0"})
    digests.add(app.inputs({}))
    shutil.copy(file, copy)
    monkeypatch.setenv("KILN_IMAGES", str(copy))
    digests.add(app.inputs({}))
    digests.add(app.inputs({"kiln:images": str(file)}))
    assert len(digests) == 6


@pytest.mark.parametrize("context", [{}, {"kiln:images": "from/context.toml"}])
@pytest.mark.parametrize("variable", [None, "from/variable.toml"])
def test_the_launcher_and_the_synthesis_agree_which_images_file_is_in_force(
    monkeypatch: pytest.MonkeyPatch, context: dict[str, str], variable: str | None
) -> None:
    monkeypatch.delenv("KILN_IMAGES", raising=False)
    if variable:
        monkeypatch.setenv("KILN_IMAGES", variable)
    assert Path(load(ROOT / "app.py").images_file(context)) == images.path_in_force(context=context)


def test_an_installed_removed_or_updated_library_changes_the_digest(app: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(app, "SEARCH_PATH", (*app.SEARCH_PATH, str(tmp_path / "site-packages")))
    digests = {app.inputs({})}
    record = tmp_path / "site-packages" / "thing-1.0.dist-info" / "RECORD"
    record.parent.mkdir(parents=True)
    record.write_text("thing.py,,\n")
    digests.add(app.inputs({}))
    record.write_text("thing.py,,\nmore.py,,\n")
    digests.add(app.inputs({}))
    record.parent.rename(record.parents[1] / "thing-2.0.dist-info")
    digests.add(app.inputs({}))
    assert len(digests) == 4


def test_a_library_file_that_was_edited_where_it_is_installed_is_noticed(app: Any, tmp_path: Path) -> None:
    library = tmp_path / "library.py"
    library.write_text("VALUE = 1")
    (tmp_path / "written").mkdir()
    known = {"inputs": "i", "outputs": app.outputs(tmp_path / "written"), "loaded": app._states([str(library)])}
    assert app._is_current(known, "i", tmp_path / "written")
    library.write_text("VALUE = 2")
    assert not app._is_current(known, "i", tmp_path / "written")
    library.unlink()
    assert not app._is_current(known, "i", tmp_path / "written")


@pytest.mark.parametrize("name", ["thing.py", "sitecustomize.py", "thing.pth", "thing.cpython-311-x86_64-linux-gnu.so"])
def test_a_module_that_no_distribution_brought_changes_the_digest(
    app: Any, monkeypatch: Any, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(app, "SEARCH_PATH", (*app.SEARCH_PATH, str(tmp_path)))
    digests = {app.inputs({})}
    (tmp_path / name).write_text("")
    digests.add(app.inputs({}))
    (tmp_path / name).write_text("#")
    digests.add(app.inputs({}))
    assert len(digests) == 3


def test_another_python_or_another_node_changes_the_digest(app: Any, monkeypatch: Any, tmp_path: Path) -> None:
    digests = {app.inputs({})}
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)
    monkeypatch.setenv("JSII_NODE", str(node))
    digests.add(app.inputs({}))
    node.write_text("#!/bin/sh\necho other\n")
    digests.add(app.inputs({}))
    monkeypatch.setattr(sys, "version", "3.99")
    digests.add(app.inputs({}))
    assert len(digests) == 4


def test_times_and_bytecode_and_other_variables_do_not_change_the_digest(
    app: Any, checkout: Path, monkeypatch: Any
) -> None:
    before = app.inputs({})
    for file in checkout.rglob("*.py"):
        os.utime(file, (1, 1))
    (checkout / "infra" / "__pycache__").mkdir()
    (checkout / "infra" / "__pycache__" / "x.pyc").touch()
    for name in ("AWS_PROFILE", "CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION", "CDK_OUTDIR", "EDITOR"):
        monkeypatch.setenv(name, "other")
    assert app.inputs({}) == before


class Launcher:
    """Runs app.py of a checkout as the CLI does, and counts how often it really synthesized."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.folder = checkout / "cdk.out"
        self._log = checkout.parent / "syntheses"
        note = "import json, os\nwith open({!r}, 'a') as log:\n    print(json.dumps(dict(os.environ)), file=log)"
        self.append("infra/assembly.py", note.format(str(self._log)))

    def append(self, file: str, line: str) -> None:
        path = self.checkout / file
        path.write_text(f"{path.read_text()}\n{line}\n")

    def command(self, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-I", "app.py"],
            cwd=self.checkout,
            env={**os.environ, "CDK_OUTDIR": str(self.folder), **variables},
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **variables: str) -> str:
        """Standard error, after a run that must succeed."""
        process = self.command(**variables)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        return errors

    @property
    def environments(self) -> list[dict[str, str]]:
        """The environment variables of each synthesis."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    @property
    def count(self) -> int:
        return len(self.environments)

    def written(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in self.folder.iterdir() if file.suffix == ".json"}


@pytest.fixture
def launcher(checkout: Path) -> Launcher:
    return Launcher(checkout)


@pytest.mark.long
def test_unchanged_it_synthesizes_once_and_any_tampering_is_undone(launcher: Launcher) -> None:
    launcher.run()
    whole = launcher.written()
    launcher.run()
    for file in launcher.checkout.rglob("*.py"):
        file.touch()
    launcher.run(AWS_PROFILE="other", CDK_DEFAULT_ACCOUNT="1" * 12)
    assert launcher.count == 1
    template, manifest = launcher.folder / "Web.template.json", launcher.folder / "manifest.json"
    stamp = launcher.folder / load(ROOT / "app.py").STAMP
    tampering: list[Callable[[], object]] = [
        lambda: template.write_bytes(template.read_bytes().replace(b'"required"', b'"optional"')),
        lambda: template.unlink(),
        lambda: manifest.write_bytes(manifest.read_bytes()[:100]),
        lambda: stamp.unlink(),
        lambda: stamp.write_text("a b"),
    ]
    for number, tamper in enumerate(tampering, start=2):
        tamper()
        launcher.run()
        assert launcher.count == number
        assert launcher.written() == whole


@pytest.mark.long
def test_an_edit_that_keeps_length_and_time_is_not_missed(launcher: Launcher) -> None:
    # Python's own bytecode cache misses it: it compares the size and the time in whole seconds.
    file = launcher.checkout / "infra" / "stacks" / "values.py"
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(file.parent)], check=True)
    launcher.run()
    before = file.stat()
    file.write_text(file.read_text().replace('"web": 1000', '"web": 2000'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    launcher.run()
    assert file.stat().st_size == before.st_size
    assert b'"Priority": 2000' in launcher.written()["Web.template.json"]


@pytest.mark.slow
def test_the_synthesis_sees_no_variable_that_the_digest_does_not_cover(launcher: Launcher) -> None:
    launcher.run(AWS_PROFILE="stage", CDK_DEFAULT_REGION="eu-north-1", SOMETHING="1", KILN_IMAGES="later.toml")
    [seen] = launcher.environments
    app = load(ROOT / "app.py")
    assert seen["KILN_IMAGES"] == "later.toml"
    assert not set(seen) - {*app.INPUT_VARIABLES, *app.OTHER_VARIABLES, "CDK_CONTEXT_JSON"}


@pytest.mark.long
def test_an_input_that_changes_during_the_synthesis_is_not_remembered(launcher: Launcher) -> None:
    file = launcher.checkout / "infra" / "images.toml"
    launcher.append("infra/assembly.py", f"open({str(file)!r}, 'a').write('#\\n')")
    launcher.run()
    launcher.run()
    assert launcher.count == 2


@pytest.mark.long
def test_a_failed_or_killed_synthesis_is_not_remembered(launcher: Launcher) -> None:
    launcher.run()
    whole = launcher.written()
    stage = launcher.checkout / "infra" / "environments" / "stage.toml"
    right = stage.read_text()
    stage.write_text(right.replace("nat_gateways = 1", "nat_gateways = 4"))
    failed = launcher.command()
    _, errors = failed.communicate(timeout=120)
    assert failed.returncode == 2
    assert "network.nat_gateways" in errors
    assert "Traceback" not in errors
    stage.write_text(right)

    (launcher.folder / "Web.template.json").write_text("{}")
    killed = launcher.command()
    while launcher.count < 2:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    launcher.run()
    assert launcher.count == 3
    assert launcher.written() == whole


@pytest.mark.long
def test_where_foreign_code_may_come_in_nothing_is_remembered(launcher: Launcher, tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONPATH": str(tmp_path), "CDK_OUTDIR": str(launcher.folder)}
    for _ in range(2):
        subprocess.run([sys.executable, "app.py"], cwd=launcher.checkout, env=variables, check=True, timeout=120)
    assert launcher.count == 2


def test_what_the_synthesis_loads_is_remembered_with_what_jsii_gives_to_node(launcher: Launcher) -> None:
    launcher.run()
    stamp = json.loads((launcher.folder / load(ROOT / "app.py").STAMP).read_text())
    names = {Path(file).name for file in stamp["loaded"]}
    assert not {"assembly.py", "images.py"} & names, "our own sources are compared by their contents"
    assert any(name.startswith("aws-cdk-lib@") for name in names)
    assert any(file.endswith(".js") for file in stamp["loaded"])
