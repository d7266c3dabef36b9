"""What must be true of the base image; run against the builder before it becomes one.

The numbers are those of the CIS benchmark for Debian Linux 12, v1.1.0. What takes effect at a boot (kernel settings,
audit rules) is read from its file: a builder has not booted with it, and in a rehearsal it has no kernel of its own.
"""

import re
from typing import Any

import pytest

Host = Any  # testinfra.host.Host, which has no types

KERNEL = {
    "kernel.dmesg_restrict": "1",
    "kernel.kptr_restrict": "2",
    "kernel.randomize_va_space": "2",  # 1.5.1
    "kernel.yama.ptrace_scope": "1",  # 1.5.2
    "kernel.unprivileged_bpf_disabled": "1",
    "fs.suid_dumpable": "0",  # 1.5.3
    "fs.protected_hardlinks": "1",
    "fs.protected_symlinks": "1",
    "fs.protected_fifos": "2",
    "fs.protected_regular": "2",
    "net.ipv4.ip_forward": "0",  # 3.3.1
    "net.ipv4.conf.all.send_redirects": "0",  # 3.3.2
    "net.ipv4.conf.default.send_redirects": "0",
    "net.ipv4.icmp_ignore_bogus_error_responses": "1",  # 3.3.3
    "net.ipv4.icmp_echo_ignore_broadcasts": "1",  # 3.3.4
    "net.ipv4.conf.all.accept_redirects": "0",  # 3.3.5
    "net.ipv4.conf.default.accept_redirects": "0",
    "net.ipv6.conf.all.accept_redirects": "0",
    "net.ipv6.conf.default.accept_redirects": "0",
    "net.ipv4.conf.all.secure_redirects": "0",  # 3.3.6
    "net.ipv4.conf.default.secure_redirects": "0",
    "net.ipv4.conf.all.rp_filter": "1",  # 3.3.7
    "net.ipv4.conf.default.rp_filter": "1",
    "net.ipv4.conf.all.accept_source_route": "0",  # 3.3.8
    "net.ipv4.conf.default.accept_source_route": "0",
    "net.ipv6.conf.all.accept_source_route": "0",
    "net.ipv6.conf.default.accept_source_route": "0",
    "net.ipv4.conf.all.log_martians": "1",  # 3.3.9
    "net.ipv4.conf.default.log_martians": "1",
    "net.ipv4.tcp_syncookies": "1",  # 3.3.10
    "net.ipv6.conf.all.forwarding": "0",
}
SSHD = {
    "permitrootlogin": "no",  # 5.1.20
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "permitemptypasswords": "no",  # 5.1.19
    "hostbasedauthentication": "no",  # 5.1.10
    "ignorerhosts": "yes",  # 5.1.11
    "permituserenvironment": "no",  # 5.1.21
    "x11forwarding": "no",
    "allowagentforwarding": "no",  # 5.1.8
    "allowtcpforwarding": "no",
    "maxauthtries": "4",  # 5.1.16
    "maxsessions": "10",  # 5.1.18
    "maxstartups": "10:30:60",  # 5.1.17
    "logingracetime": "60",  # 5.1.13
    "clientaliveinterval": "15",  # 5.1.7
    "clientalivecountmax": "3",
    "loglevel": "VERBOSE",  # 5.1.14
}
MODULES = ("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2", "udf", "usb-storage", "dccp", "rds", "sctp", "tipc")
SET_ID = {"/usr/bin/sudo", "/usr/lib/dbus-1.0/dbus-daemon-launch-helper", "/usr/sbin/unix_chkpwd"}


@pytest.fixture(scope="module")
def sshd(host: Host) -> dict[str, list[str]]:
    """The settings that are in force, all of them."""
    found: dict[str, list[str]] = {}
    for line in host.check_output("sshd -T").splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def settings(host: Host, path: str) -> dict[str, str]:
    """`key = value` lines of a file."""
    lines = [line.partition("=") for line in host.file(path).content_string.splitlines() if "=" in line]
    return {key.strip(): value.strip() for key, _, value in lines}


def test_the_kernel_settings_are_all_there(host: Host) -> None:
    assert settings(host, "/etc/sysctl.d/99-zz-hardening.conf") == KERNEL


def test_no_later_file_takes_a_kernel_setting_back(host: Host) -> None:
    said = host.check_output("SYSTEMD_PAGER= systemd-analyze cat-config --no-pager sysctl.d")
    last = {}
    for line in said.splitlines():
        if match := re.match(r"^\s*-?([\w./-]+)\s*=\s*(\S+)", line):
            last[match[1].replace("/", ".")] = match[2]
    assert {key: last.get(key) for key in KERNEL} == KERNEL


def test_ssh_is_hardened_in_what_is_in_force(sshd: dict[str, list[str]]) -> None:
    assert {key: sshd.get(key) for key in SSHD} == {key: [value] for key, value in SSHD.items()}


def test_ssh_has_modern_host_keys_only(sshd: dict[str, list[str]]) -> None:
    assert sshd["hostkey"] == ["/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ecdsa_key"]


def test_host_keys_are_made_at_the_first_boot(host: Host) -> None:
    assert host.service("ssh-host-keys").is_enabled


def test_the_settings_of_ssh_are_roots_alone(host: Host) -> None:
    for path in ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/10-hardening.conf"):  # 5.1.1
        file = host.file(path)
        assert (file.user, file.group, file.mode) == ("root", "root", 0o600)


def test_nobody_has_a_password_and_root_is_locked(host: Host) -> None:
    fields = [line.split(":") for line in host.file("/etc/shadow").content_string.splitlines()]
    assert [user for user, password, *_ in fields if not password.startswith(("!", "*"))] == []
    assert next(password for user, password, *_ in fields if user == "root").startswith("!")


def test_only_root_is_root(host: Host) -> None:  # 5.4.2.1
    users = [line.split(":") for line in host.file("/etc/passwd").content_string.splitlines()]
    assert [name for name, _, number, *_ in users if number == "0"] == ["root"]


def test_the_files_of_accounts_have_their_modes(host: Host) -> None:  # 7.1
    expected = {"passwd": ("root", 0o644), "group": ("root", 0o644), "shadow": ("shadow", 0o640)}
    for name, (group, mode) in {**expected, "gshadow": ("shadow", 0o640)}.items():
        file = host.file(f"/etc/{name}")
        assert (file.user, file.group, file.mode) == ("root", group, mode), name


def test_new_files_are_nobody_elses(host: Host) -> None:  # 5.4.3.3
    assert host.file("/etc/login.defs").contains(r"^UMASK\s*027")


def test_few_programs_give_rights_that_their_caller_has_not(host: Host) -> None:  # 7.1.13
    found = host.check_output("find / -xdev -type f -perm /6000").split()
    assert set(found) == SET_ID


def test_nothing_can_be_changed_by_everybody(host: Host) -> None:  # 7.1.11
    assert host.check_output("find / -xdev -type f -perm -0002") == ""
    assert host.check_output("find / -xdev -type d -perm -0002 ! -perm -1000") == ""


def test_every_file_has_an_owner(host: Host) -> None:  # 7.1.12
    assert host.check_output(r"find / -xdev \( -nouser -o -nogroup \)") == ""


def test_what_happens_is_audited_from_the_boot_on(host: Host) -> None:  # 6.2
    assert host.service("auditd").is_enabled
    rules = host.file("/etc/audit/rules.d/60-kiln.rules")
    assert rules.mode == 0o640
    keys = re.findall(r"-k (\w+)", rules.content_string)
    assert set(keys) == {"identity", "scope", "sshd", "audit", "root", "time", "modules", "mounts"}
    assert rules.content_string.rstrip().endswith("-e 2")
    assert host.check_output("ls /etc/audit/rules.d") == "60-kiln.rules"
    host.check_output("augenrules --check")


def test_time_comes_from_amazon_alone(host: Host) -> None:  # 2.3
    assert host.service("chrony").is_enabled
    sources = re.findall(r"^(?:server|pool|peer) (\S+)", host.file("/etc/chrony/chrony.conf").content_string, re.M)
    assert sources == ["169.254.169.123"]


def test_the_journal_is_kept_and_limited(host: Host) -> None:
    found = settings(host, "/etc/systemd/journald.conf.d/60-kiln.conf")
    assert (found["Storage"], found["SystemMaxUse"], found["SystemKeepFree"]) == ("persistent", "500M", "1G")


def test_modules_that_nobody_needs_cannot_be_loaded(host: Host) -> None:  # 1.1.1
    text = host.file("/etc/modprobe.d/60-hardening.conf").content_string
    assert tuple(re.findall(r"^install (\S+) /bin/false$", text, re.M)) == MODULES


def test_there_are_no_core_dumps(host: Host) -> None:
    assert "* hard core 0" in host.file("/etc/security/limits.d/60-hardening.conf").content_string


def test_a_machine_does_not_change_its_own_packages(host: Host) -> None:
    assert 'APT::Periodic::Enable "0";' in host.check_output("apt-config dump APT::Periodic::Enable")
    for timer in ("apt-daily.timer", "apt-daily-upgrade.timer"):
        assert host.service(timer).is_masked
    assert not host.package("unattended-upgrades").is_installed


def test_nothing_is_left_to_upgrade(host: Host) -> None:
    assert "0 upgraded" in host.check_output("apt-get --simulate upgrade")


def test_only_ssh_listens_to_the_world(host: Host) -> None:
    listening = {one.partition("://")[2] for one in host.socket.get_listening_sockets()}
    world = {one.rpartition(":")[2] or one for one in listening if one.startswith(("0.0.0.0", "::")) or ":" not in one}
    assert {port for port in world if port.isdigit()} == {"22"}


def test_the_disk_has_room(host: Host) -> None:
    assert int(host.check_output("df --output=avail --block-size=M / | tail -1").strip().rstrip("M")) > 1000
