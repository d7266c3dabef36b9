"""What is said where guests cannot be started."""

from importlib import import_module
from pathlib import Path

import pytest

from rehearsal.guests import preflight
from rehearsal.guests.preflight import COMMANDS


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nothing is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = import_module("rehearsal.guests.preflight")
    monkeypatch.setattr(module, "SYSTEM_FOLDERS", str(tmp_path))
    monkeypatch.setattr(module, "NETAVARK", ())
    monkeypatch.setattr(module, "KEYRING", tmp_path / "no keyring")


@pytest.mark.usefixtures("bare_machine")
def test_everything_that_is_missing_is_named_with_the_command_to_type() -> None:
    missing = preflight()
    for command, package in COMMANDS.items():
        assert f"{command} is not installed: apt-get install {package}" in missing
    for package in ("runc", "netavark", "debian-archive-keyring"):
        assert any(line.endswith(f"apt-get install {package}") for line in missing)


@pytest.mark.usefixtures("bare_machine")
def test_the_signing_keys_are_not_needed_where_the_base_image_is_kept_already(tmp_path: Path) -> None:
    (tmp_path / "kiln" / "guests").mkdir(parents=True)
    (tmp_path / "kiln" / "guests" / "bookworm-1.tar").touch()
    assert not any("debian-archive-keyring" in line for line in preflight())


@pytest.mark.slow
def test_nothing_is_missing_where_the_guests_of_these_tests_run() -> None:
    assert preflight() == []
