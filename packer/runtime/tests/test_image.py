"""What must be true of the runtime image; run against the builder before it becomes one."""

from typing import Any

Host = Any  # testinfra.host.Host, which has no types


def test_python_is_the_one_that_the_artifacts_are_made_for(host: Host) -> None:
    version = host.check_output("python3 -c %s", "import sys; print(*sys.version_info[:2], sep='.')")
    assert version == "3.11"  # bake.wheels.GUEST_PYTHON


def test_python_can_speak_tls_with_the_world(host: Host) -> None:
    program = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    assert int(host.check_output("python3 -c %s", program)) > 100


def test_nothing_installs_packages_beside_apt(host: Host) -> None:
    assert not host.package("python3-pip").is_installed


def test_the_base_has_booted_without_a_failed_unit(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --no-legend --plain") == ""


def test_nothing_of_the_bake_below_is_left(host: Host) -> None:
    machine = host.file("/etc/machine-id").content_string.strip()
    assert len(machine) == 32
    assert host.run("ls /var/log/journal").stdout.split() in ([], [machine])
    files = "/root/.ssh/authorized_keys /home/*/.ssh/authorized_keys"
    keys = set(host.run(f"grep --only-matching --no-filename 'AAAA[^ ]*' {files}").stdout.split())
    assert len(keys) == 1, "this builder's own"
    assert host.check_output("find /root /home -name .bash_history") == ""


def test_the_machine_has_made_host_keys_of_the_two_modern_kinds(host: Host) -> None:
    found = host.check_output("ls /etc/ssh").split()
    kinds = {name.split("_")[2] for name in found if name.startswith("ssh_host_")}
    assert kinds == {"ed25519", "ecdsa"}


def test_it_still_is_the_hardened_base(host: Host) -> None:
    assert host.file("/etc/ssh/sshd_config.d/10-hardening.conf").exists
    assert host.service("ssh-host-keys").is_enabled
