"""What the base image is made of."""

import re
import subprocess
from pathlib import Path

import pytest

from rehearsal.guests.base_image import PACKAGES, customization, image_id, mirrors_of, recipe_digest


def test_the_id_is_the_same_every_time_and_another_one_in_each_region() -> None:
    assert image_id("eu-west-1") == image_id("eu-west-1") != image_id("eu-central-1")
    assert re.fullmatch(r"ami-[0-9a-f]{17}", image_id("eu-west-1"))
    assert len(recipe_digest()) == 64


def test_recipes_bring_their_own_python() -> None:
    assert not [package for package in PACKAGES if "python" in package]


def test_the_hosts_mirrors_are_used_where_it_has_all_suites_of_this_debian() -> None:
    listing = (
        "Debian bookworm http://mirror.example/debian/\n"
        "Debian bookworm-updates http://mirror.example/debian/\n"
        "Debian bookworm-security http://mirror.example/security\n"
        "Node nodistro https://deb.example/node\n"
    )
    assert mirrors_of(listing) == (
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/security bookworm-security main",
    )
    assert mirrors_of("Debian trixie http://mirror.example/debian/\n") == ()
    assert mirrors_of("") == ()


@pytest.mark.parametrize("command", customization())
def test_every_step_is_correct_shell(command: str) -> None:
    done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_steps_write_what_they_should(tmp_path: Path) -> None:
    for folder in ("etc/sudoers.d", "etc/systemd/system", "etc/ssh", "var/lib/dbus"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/ssh/ssh_host_rsa_key").touch()
    for command in customization():
        if "chroot" not in command:
            subprocess.run(["sh", "-c", command, "sh", str(tmp_path)], check=True)
    assert (tmp_path / "etc/sudoers.d/90-cloud-init-users").read_text() == "admin ALL=(ALL) NOPASSWD:ALL\n"
    assert (tmp_path / "etc/machine-id").read_text() == ""
    assert 'ssh-keygen -q -t ed25519 -N ""' in (tmp_path / "etc/systemd/system/ssh-host-keys.service").read_text()
    assert list((tmp_path / "etc/ssh").iterdir()) == []
