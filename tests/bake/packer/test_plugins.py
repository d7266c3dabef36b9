"""Plugins: of captured output (Packer 1.16.0, folder output/), and of the real one with the pinned plugin."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bake.packer import CommandFailed, Packer, Plugin, Requirement, Template, TemplateInvalid
from bake.packer.events import Message, parse
from bake.packer.plugins import just_installed, requirement

Write = Callable[..., Template]
OUTPUT = Path(__file__).parent / "output"
AMAZON = "github.com/hashicorp/amazon"
BINARY = Path(f"/opt/packer/plugins/{AMAZON}/packer-plugin-amazon_v1.8.2_x5.0_linux_amd64")


def said(name: str) -> list[str]:
    events = [parse(line) for line in (OUTPUT / name).read_text(encoding="utf-8").splitlines()]
    return [event.text for event in events if isinstance(event, Message)]


def test_requirements_have_their_constraint_and_what_is_there() -> None:
    docker, compute, amazon = [requirement(line) for line in said("plugins-required.txt")]
    assert docker == Requirement("docker", "github.com/hashicorp/docker", ">= 1.0, < 2", ())
    assert compute == Requirement("bare", "github.com/hashicorp/googlecompute", ">=0", ())
    assert amazon == Requirement("amazon", AMAZON, "= 1.8.2", (BINARY,))


def test_several_installed_versions_are_told_apart_though_a_folder_has_a_space() -> None:
    found = requirement('a github.com/x/a ">= 1" /my plugins/a_v2 /my plugins/a_v1')
    assert found
    assert found.installed == (Path("/my plugins/a_v2"), Path("/my plugins/a_v1"))


def test_a_line_for_people_is_no_requirement() -> None:
    assert requirement("No plugins requirement found, make sure you reference a Packer config") is None


@pytest.mark.parametrize(
    ("path", "source", "version"),
    [
        (str(BINARY), AMAZON, "1.8.2"),
        ("/home/a.b/.config/packer/plugins/example.com/team/sub/tool/packer-plugin-tool_v0.1.0-dev_x5.0_linux_arm64",
         "example.com/team/sub/tool", "0.1.0-dev"),
        ("/p/github.com/x/my_tool/packer-plugin-my_tool_v1.0.0_x5.0_windows_amd64.exe",
         "github.com/x/my_tool", "1.0.0"),
    ],
)  # fmt: skip
def test_a_binary_tells_its_plugin(path: str, source: str, version: str) -> None:
    assert Plugin.at(Path(path)) == Plugin(source, version, Path(path))


def test_another_file_is_no_plugin() -> None:
    assert Plugin.at(Path("/p/github.com/x/y/README.md")) is None


def test_what_was_installed_is_told() -> None:
    (line,) = said("plugins-install-binary.txt")
    where = Path(f"/opt/packer/own/{AMAZON}/{BINARY.name}")
    assert just_installed(line) == Plugin(AMAZON, "1.8.2", where)
    # as `init` says it, command/init.go
    assert just_installed(f'Installed plugin {AMAZON} v1.8.2 in "{where}"') == Plugin(AMAZON, "1.8.2", where)
    assert just_installed("Failed getting the plugin") is None


def requiring(name: str, version: str) -> str:
    return (
        f'packer {{\n  required_plugins {{\n    {name} = {{\n      source = "github.com/hashicorp/{name}"\n'
        f'      version = "{version}"\n    }}\n  }}\n}}\nsource "null" "one" {{\n  communicator = "none"\n}}\n'
        'build {\n  sources = ["source.null.one"]\n}\n'
    )


def test_the_pinned_plugin_is_installed_and_satisfies_a_template(packer: Packer, template: Write) -> None:
    (amazon,) = [plugin for plugin in packer.plugins_installed() if plugin.source == AMAZON]
    assert amazon.path.is_file()
    (required,) = packer.plugins_required(template(requiring("amazon", f"= {amazon.version}")))
    assert required == Requirement("amazon", AMAZON, f"= {amazon.version}", (amazon.path,))
    assert packer.init(template(requiring("amazon", f"= {amazon.version}"))) == (), "nothing is missing"


def test_a_template_that_requires_nothing_requires_nothing(packer: Packer, template: Write) -> None:
    plain = template('source "null" "one" {\n  communicator = "none"\n}\n')
    assert packer.plugins_required(plain) == ()
    assert packer.init(plain) == ()


def test_a_binary_is_installed_into_a_folder_of_ones_own(packer: Packer, tmp_path: Path) -> None:
    (amazon,) = [plugin for plugin in packer.plugins_installed() if plugin.source == AMAZON]
    own = Packer(packer.executable, {**packer.environment, "PACKER_PLUGIN_PATH": str(tmp_path)})
    assert own.plugins_installed() == ()
    installed = own.install_plugin(AMAZON, binary=amazon.path)
    assert installed == Plugin(AMAZON, amazon.version, tmp_path / AMAZON / amazon.path.name)
    assert own.plugins_installed() == (installed,)


def test_a_plugin_that_is_missing_is_a_mistake_that_says_what_to_do(packer: Packer, template: Write) -> None:
    with pytest.raises(TemplateInvalid, match="Missing plugins") as caught:
        packer.validate(template(requiring("docker", ">= 1.0, < 2")))
    assert "github.com/hashicorp/docker >= 1.0, < 2" in caught.value.diagnostics[0].detail
    assert "packer init" in caught.value.diagnostics[0].detail


def test_a_source_that_does_not_answer_fails_with_what_packer_says(packer: Packer, template: Write) -> None:
    nowhere = Packer(packer.executable, {**packer.environment, "HTTPS_PROXY": "http://127.0.0.1:9"})
    with pytest.raises(CommandFailed, match="connection refused"):
        nowhere.init(template(requiring("docker", ">= 1.0, < 2")))
    with pytest.raises(CommandFailed, match="connection refused"):
        nowhere.install_plugin("github.com/hashicorp/docker", version="1.1.2")


def test_nonsense_is_no_plugin(packer: Packer, tmp_path: Path) -> None:
    own = Packer(packer.executable, {**packer.environment, "PACKER_PLUGIN_PATH": str(tmp_path)})
    with pytest.raises(CommandFailed, match="Invalid source string"):
        own.install_plugin("nonsense")
    with pytest.raises(CommandFailed, match="couldn't decode"):
        own.install_plugin(AMAZON, binary=Path("/bin/true"))
    with pytest.raises(ValueError, match="not both"):
        own.install_plugin(AMAZON, binary=Path("/bin/true"), version="1.0.0")
    assert list(tmp_path.iterdir()) == []
