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


def test_it_still_is_the_hardened_base(host: Host) -> None:
    assert host.file("/etc/ssh/sshd_config.d/10-hardening.conf").exists
    assert host.service("ssh-host-keys").is_enabled
