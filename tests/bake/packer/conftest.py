"""The real Packer, and templates for its `null` and `file` builders, which need no cloud."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bake import toolchain
from bake.packer import Packer, Template

NULL = 'source "null" "one" {\n  communicator = "none"\n}\n'


@pytest.fixture(scope="session")
def packer() -> Packer:
    return toolchain.find(toolchain.load_versions()).packer


@pytest.fixture
def template(tmp_path: Path) -> Callable[..., Template]:
    """A template from its HCL."""

    def write(hcl: str, **variables: object) -> Template:
        folder = tmp_path / "template"
        folder.mkdir(exist_ok=True)
        (folder / "it.pkr.hcl").write_text(hcl, encoding="utf-8")
        return Template(folder, variables)

    return write


@pytest.fixture
def shell(template: Callable[..., Template]) -> Callable[..., Template]:
    """A template that builds nothing and runs a command on this machine."""

    def write(command: str, **variables: object) -> Template:
        declared = "".join(f'variable "{name}" {{ type = string }}\n' for name in variables)
        build = f'build {{\n  sources = ["source.null.one"]\n  provisioner "shell-local" {{\n    {command}\n  }}\n}}\n'
        return template(declared + NULL + build, **variables)

    return write
