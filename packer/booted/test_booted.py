"""What must be true of a machine that has booted from a finished image, of whatever recipe (`python -m bake verify`).

A builder has not booted from its own image: what takes effect at a boot is seen here only. A container has no kernel of
its own; what needs one is skipped in it, and says so.
"""

import re
from typing import Any

import pytest

Host = Any  # testinfra.host.Host, which has no types

HARDENING = "/etc/sysctl.d/99-zz-hardening.conf"


def skip_in_a_container(host: Host) -> None:
    if host.run("systemd-detect-virt --container --quiet").rc == 0:
        pytest.skip("a container has no kernel of its own")


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl is-system-running") == "running"
    assert host.check_output("systemctl list-units --failed --no-legend --plain") == ""


def test_the_machine_has_an_id_of_its_own(host: Host) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", host.file("/etc/machine-id").content_string.strip())


def test_the_host_keys_are_younger_than_the_boot(host: Host) -> None:
    keys = host.check_output("find /etc/ssh -name 'ssh_host_*_key'").split()
    assert {key.split("_")[2] for key in keys} == {"ed25519", "ecdsa"}
    booted = int(host.check_output("stat --format %Y /proc/1"))  # when the first process was started
    for key in keys:
        assert int(host.check_output("stat --format %%Y %s", key)) >= booted - 1, key


def test_one_key_alone_lets_in(host: Host) -> None:
    """That of this boot test; the builder's is gone."""
    files = "/root/.ssh/authorized_keys /home/*/.ssh/authorized_keys"
    assert len(set(host.run(f"grep --only-matching --no-filename 'AAAA[^ ]*' {files}").stdout.split())) == 1


def test_nothing_of_the_bake_is_left(host: Host) -> None:
    assert host.run("ls /tmp/upload").rc != 0
    assert host.check_output("find /root /home -name .bash_history") == ""
    machine = host.file("/etc/machine-id").content_string.strip()
    assert host.run("ls /var/log/journal").stdout.split() in ([], [machine])
    assert not host.file("/run/packages.txt").exists


def test_cloud_init_is_done(host: Host) -> None:
    if not host.exists("cloud-init"):
        pytest.skip("there is no cloud-init in this image")
    assert "status: done" in host.check_output("cloud-init status --wait")


def test_the_metadata_service_answers_to_version_2_alone(host: Host) -> None:
    """FSBP EC2.8, seen from inside: without a token there is no answer."""
    request = r"GET /latest/meta-data/instance-id HTTP/1.0\r\nHost: 169.254.169.254\r\n\r\n"
    ask = f"exec 3<> /dev/tcp/169.254.169.254/80; printf '{request}' >&3; head -n 1 <&3"
    assert " 401 " in host.check_output("timeout 5 bash -c %s", ask)


def test_the_kernel_settings_are_in_force(host: Host) -> None:
    skip_in_a_container(host)
    wanted = dict(
        [part.strip() for part in line.split("=", 1)]
        for line in host.file(HARDENING).content_string.splitlines()
        if re.match(r"\s*[\w.]+\s*=", line)
    )
    assert wanted
    found = {key: " ".join(host.check_output("sysctl --values %s", key).split()) for key in wanted}
    assert found == wanted


def test_the_audit_rules_are_in_force_and_cannot_be_changed(host: Host) -> None:
    skip_in_a_container(host)
    assert host.service("auditd").is_running
    assert re.search(r"^enabled 2$", host.check_output("auditctl -s"), re.MULTILINE)
    assert len(host.check_output("auditctl -l").splitlines()) > 5


def test_the_clock_is_kept_by_chrony(host: Host) -> None:
    skip_in_a_container(host)
    assert host.service("chrony").is_running
