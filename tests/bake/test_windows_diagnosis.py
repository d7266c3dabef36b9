"""What a Windows builder can die of before anybody is logged in, and after."""

from bake import recipe
from bake.diagnosis import Diagnosis, diagnose
from bake.packer import Phase

WAITED = "Waiting for auto-generated password for instance..."
RETRIEVED = "Password retrieved!"


def of(name: str, *said: str, phase: Phase = Phase.CONNECT, limit: bool = False) -> Diagnosis:
    found = diagnose(recipe.load(name), said, phase, limit=limit)
    assert found
    return found


def test_a_builder_without_a_password_and_one_without_winrm_are_told_apart() -> None:
    without = of("windows-base", "Timeout waiting for password.", WAITED)
    assert "never had the password" in without.what
    assert "sealed by EC2Launch" in without.next_step
    silent = of("windows-base", "Timeout waiting for WinRM.", WAITED, RETRIEVED)
    assert silent.what == "WinRM never answered on the builder"
    assert "port 5986" in silent.next_step


def test_a_password_that_the_key_does_not_decrypt_is_told_as_one_that_never_came() -> None:
    said = "Error waiting for password: Error decrypting auto-generated instance password: crypto/rsa: decryption error"
    assert "never had the password" in of("windows-base", said).what


def test_the_recipes_own_limit_says_the_same() -> None:
    found = of("windows-base", "phase 'connect' took longer than 0:40:00", WAITED, RETRIEVED, limit=True)
    assert found.what == "WinRM never answered on the builder"
    assert "packer/windows-base/recipe.toml" in found.next_step


def test_a_builder_that_never_stops_was_not_sealed() -> None:
    assert "setuperr.log" in of("windows-web", "it took longer", phase=Phase.STOP, limit=True).next_step


def test_linux_is_told_of_ssh() -> None:
    assert "SSH" in of("base", "Timeout waiting for SSH.").what


def test_a_full_disk_is_one_on_windows_too() -> None:
    found = of("windows-web", "There is not enough space on the disk.", phase=Phase.PROVISION)
    assert (found.what, found.expected) == ("the builder's disk is full", "that everything fits into 30 GiB")


def test_what_is_not_known_stays_packers_own_words() -> None:
    assert diagnose(recipe.load("windows-web"), ["2 tests failed"], Phase.PROVISION) is None
