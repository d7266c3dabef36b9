"""`source .venv/bin/activate` is enough: the programs of the environment are the pinned ones."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolchain import activation
from toolchain.layout import BIN, NODE, ROOT
from toolchain.pins import npm_package, packer_versions

BARE = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}


def said_by(*command: str | Path) -> str:
    done = subprocess.run(command, env=BARE, cwd="/", capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_cdk_and_packer_are_the_pinned_ones_without_any_activation() -> None:
    assert said_by(BIN / "cdk", "--version").startswith(npm_package("aws-cdk"))
    assert said_by(BIN / "packer", "version").splitlines()[0] == f"Packer v{packer_versions().packer}"


def test_packer_finds_the_pinned_plugins_and_no_others() -> None:
    pins = packer_versions().plugins
    installed = said_by(BIN / "packer", "plugins", "installed").splitlines()
    assert len(installed) == len(pins)
    assert all(any(f"packer-plugin-{name}_v{pin.version}_" in line for line in installed) for name, pin in pins.items())


def test_every_python_of_the_environment_finds_kiln_and_the_pinned_node() -> None:
    code = "import console, kiln, os; print(console.__file__, kiln.__file__, os.environ['JSII_NODE'])"
    where = [str(ROOT / "console" / "__init__.py"), str(ROOT / "constructs" / "kiln" / "__init__.py"), str(NODE)]
    assert said_by(BIN / "python", "-I", "-c", code).split() == where


def test_the_constructs_that_the_cdk_imports_are_not_ours() -> None:
    said = said_by(BIN / "python", "-c", "import constructs; print(constructs.__file__)")
    assert not said.startswith(str(ROOT / "constructs"))


def test_a_node_that_the_user_chose_is_kept() -> None:
    code = "import os; print(os.environ['JSII_NODE'])"
    done = subprocess.run(
        [BIN / "python", "-c", code], env=BARE | {"JSII_NODE": "/mine"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "/mine"


def test_the_cdk_starts_the_python_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import sys; sys.exit(f'started by {sys.executable}')")
    done = subprocess.run(
        [BIN / "cdk", "synth", "--app", "python app.py"], env=BARE, cwd=tmp_path, capture_output=True, text=True
    )
    assert f"started by {BIN / 'python'}" in done.stdout + done.stderr


def test_what_node_compiles_of_the_cdk_is_kept_and_nothing_of_an_app(tmp_path: Path) -> None:
    said_by(BIN / "cdk", "--version")
    assert [file for file in activation.COMPILED.rglob("*") if file.is_file()]
    code = "process.exit(Number(require('node:module').getCompileCacheDir() !== undefined))"
    app = [str(NODE), "-e", code]
    done = subprocess.run(
        [
            BIN / "cdk",
            "synth",
            "--app",
            shlex.join([str(BIN / "python"), "-c", f"import subprocess; print('the app:', subprocess.call({app}))"]),
        ],
        env=BARE,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "the app: 0" in done.stdout + done.stderr


def test_a_signal_reaches_packer_and_not_a_shell_in_between(tmp_path: Path) -> None:
    recipe = tmp_path / "sleeps.pkr.hcl"
    recipe.write_text(
        'source "null" "it" { communicator = "none" }\n'
        'build {\n  sources = ["null.it"]\n  provisioner "shell-local" { inline = ["touch started; sleep 30"] }\n}\n'
    )
    log = tmp_path / "log"
    with log.open("w") as output:
        packer = subprocess.Popen(
            [BIN / "packer", "build", "-color=false", recipe],
            env=BARE,
            cwd=tmp_path,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 20
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        packer.send_signal(signal.SIGTERM)
        packer.wait(20)
    finally:
        os.killpg(packer.pid, signal.SIGKILL)  # the sleep, which nobody waits for
        packer.wait()
    assert "Cleanly cancelled builds after being interrupted" in log.read_text()


def test_kiln_dispatches_to_the_rooms() -> None:
    assert "python -m toolchain doctor" in said_by(BIN / "kiln", "--help")


def test_files_that_are_as_wanted_are_not_written_again(tmp_path: Path) -> None:
    wanted = {tmp_path / "a": "#!/bin/sh\n", tmp_path / "b.pth": "x\n"}
    assert activation.write(wanted) == 2
    assert activation.write(wanted) == 0
    assert os.access(tmp_path / "a", os.X_OK)
    assert not os.access(tmp_path / "b.pth", os.X_OK) or os.stat(tmp_path / "b.pth").st_mode & 0o111 == 0


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="only a virtual environment has these files")
def test_what_is_installed_is_what_the_code_would_write() -> None:
    assert activation.PTH.read_text() == activation.path_file()
    assert (BIN / "cdk").read_text() == activation.cdk_wrapper()
    assert (BIN / "kiln").read_text() == activation.kiln_script()
