"""packer/shared/check.sh, the last word before an image: run for real, against folders that look like a machine."""

import subprocess
from pathlib import Path

import pytest

from bake import recipe
from bake.platforms import Platform

SCRIPT = recipe.RECIPES / Platform.LINUX.shared / "check.sh"
KEY = "ssh-ed25519 AAAA somebody\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The file system of a machine that clean.sh has cleaned."""
    for name in ("etc/machine-id", "root/.ssh/authorized_keys", "home/admin/.ssh/authorized_keys", "var/log/auth.log"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for name in ("etc/ssh", "tmp", "var/lib/apt/lists/partial", "var/log/journal", "var/lib/cloud/instances"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def said(machine: Path) -> tuple[int, list[str]]:
    done = subprocess.run(["bash", SCRIPT, machine], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return done.returncode, [line.removeprefix("kiln-check: ") for line in done.stderr.splitlines()]


def test_a_clean_machine_passes(machine: Path) -> None:
    assert said(machine) == (0, [])


@pytest.mark.parametrize(
    ("name", "text", "finding"),
    [
        ("etc/machine-id", "0123\n", "the machine's id is not empty"),
        ("var/lib/dbus/machine-id", "", "a copy of the machine's id is left"),
        ("var/lib/systemd/random-seed", "x", "the seed of random numbers is left"),
        ("etc/ssh/ssh_host_ed25519_key", "x", "a host key is left"),
        ("root/.ssh/authorized_keys", KEY, "a list of keys that may log in is not empty"),
        ("home/admin/.ssh/authorized_keys2", KEY, "a list of keys that may log in is not empty"),
        ("home/admin/.ssh/id_ed25519", "x", "a private key is left"),
        ("root/.aws/credentials", "x", "a file of AWS credentials is left"),
        ("home/admin/.bash_history", "ls\n", "a history is left"),
        ("root/.python_history", "1\n", "a history is left"),
        ("tmp/upload/artifact.tar", "x", "what was uploaded is left"),
        ("var/lib/apt/lists/deb.debian.org_dists_bookworm_InRelease", "x", "a list of packages of apt is left"),
        ("var/cache/apt/archives/bash.deb", "x", "a downloaded package is left"),
        ("etc/apt/preferences.d/00kiln-lock", "x", "a lock of packages is left"),
        ("var/lib/cloud/instances/i-1/user-data.txt", "x", "what cloud-init remembers of a machine is left"),
        ("var/log/journal/0123/system.journal", "x", "a journal is left"),
    ],
)
def test_what_belongs_to_one_machine_or_to_the_build_is_found(
    machine: Path, name: str, text: str, finding: str
) -> None:
    file = machine / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    code, findings = said(machine)
    assert code == 1
    assert [one.partition(": ")[0] for one in findings] == [finding]
    assert name.startswith(findings[0].partition(": /")[2])


def test_everything_is_told_at_once_also_a_link_that_leads_nowhere(machine: Path) -> None:
    (machine / "etc/machine-id").unlink()
    (machine / "var/lib/cloud/instance").symlink_to(machine / "gone")
    code, findings = said(machine)
    assert code == 1
    assert findings == [
        "there is no /etc/machine-id to be filled at boot",
        "what cloud-init remembers of a machine is left: /var/lib/cloud/instance",
    ]
