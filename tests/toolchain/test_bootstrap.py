"""The first stage of the set-up, which has nothing but Python's standard library."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import bootstrap
from toolchain.checks.outcome import tracked_files
from toolchain.layout import ROOT, cache

LOCK = """\
urllib3==2.5.0 \\
    --hash=sha256:aaa
    # via requests
uv==0.13.8 \\
    --hash=sha256:bbb \\
    --hash=sha256:ccc
    # via kiln (pyproject.toml)
uvloop==1.0 \\
    --hash=sha256:ddd
"""


def test_the_lines_of_one_package_are_its_pin_and_its_hashes() -> None:
    assert bootstrap.locked("uv", LOCK).splitlines() == [
        "uv==0.13.8 \\",
        "    --hash=sha256:bbb \\",
        "    --hash=sha256:ccc",
        "    # via kiln (pyproject.toml)",
    ]


def test_uv_is_locked_with_hashes() -> None:
    assert "--hash=sha256:" in bootstrap.locked("uv", (ROOT / "requirements.lock").read_text())


def test_every_package_of_the_lock_has_a_hash_and_no_index_is_named() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = [line for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert pins
    assert all(line.endswith("\\") for line in pins)
    assert "index-url" not in lock


def test_it_imports_only_the_standard_library() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names


def test_an_old_python_is_refused_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit) as ended:
        bootstrap.main()
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert "Kiln needs Python 3.11 or newer, this is 3.9.2" in said
    assert "make setup PYTHON=" in said


def test_its_grammar_is_old_enough_to_say_so() -> None:
    ast.parse(Path(bootstrap.__file__).read_text(), feature_version=(3, 8))


@pytest.mark.long
def test_a_fresh_checkout_is_set_up_once_and_the_second_time_costs_nothing(tmp_path: Path) -> None:
    if not (cache() / "packer").is_dir():
        pytest.skip("nothing is cached here: building Packer once more takes minutes")
    checkout = tmp_path / "kiln"
    for path in tracked_files():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, checkout / path)
    outside = {name: value for name, value in os.environ.items() if name not in ("JSII_NODE", "VIRTUAL_ENV")}

    def make(target: str) -> str:
        done = subprocess.run(["make", target], cwd=checkout, env=outside, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stderr

    first = make("setup")
    assert "✓ Python packages" in first
    assert "✓ cdk" in first
    versions = subprocess.run(
        ["bash", "-c", "source .venv/bin/activate && cd / && which cdk packer kiln && python -c 'import bake, kiln'"],
        cwd=checkout,
        env=outside,
        capture_output=True,
        text=True,
        check=True,
    )
    assert versions.stdout.split() == [str(checkout / ".venv" / "bin" / name) for name in ("cdk", "packer", "kiln")]

    second = make("setup")
    assert second.startswith("everything is set up")
    assert len(second.splitlines()) == 1

    shutil.rmtree(checkout / "node_modules")
    assert next(line for line in make("setup").splitlines() if line.startswith("✓")).startswith("✓ cdk")
