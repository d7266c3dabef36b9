"""What must be true of every image with a service of Payroll's; the tests of a tier inherit it.

test.sh loads this as a plugin of pytest: so its assertions tell what was compared, like those of a test file.
"""

import json
import os
import time
from typing import Any

Host = Any  # testinfra.host.Host, which has no types

PATIENCE_SECONDS = 20


def listens(host: Host, address: str) -> bool:
    """Whether a service listens there, such as tcp://0.0.0.0:8080; it may have been started a moment ago."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := bool(host.socket(address).is_listening)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


class ServiceImage:
    """An image with one service in Python.

    Args:
        service: the name of its unit, its user and its folder below /opt.
        modules: what it imports from its artifact.
        sdk_services: those that it makes clients of.
    """

    service: str
    modules: tuple[str, ...] = ("boto3",)
    sdk_services: tuple[str, ...]

    def test_the_service_is_enabled_and_running(self, host: Host) -> None:
        service = host.service(self.service)
        assert service.is_enabled
        assert service.is_running

    def test_the_service_runs_as_its_own_user_without_a_login(self, host: Host) -> None:
        user = host.user(self.service)
        assert user.shell in ("/usr/sbin/nologin", "/bin/false")
        assert user.groups == [self.service]
        assert [process.user for process in host.process.filter(comm="python3")] == [self.service]

    def test_nobody_but_root_can_change_the_service(self, host: Host) -> None:
        assert host.check_output(f"find /opt/{self.service} ! -user root -o -perm /022 ! -type l") == ""
        unit = host.file(f"/etc/systemd/system/{self.service}.service")
        assert (unit.user, unit.group, unit.mode) == ("root", "root", 0o644)

    def test_what_the_service_imports_is_in_its_artifact(self, host: Host) -> None:
        clients = f"[boto3.client(name, region_name='eu-west-1') for name in {self.sdk_services}]"
        host.check_output(
            f"runuser -u {self.service} -- env PYTHONPATH=/opt/{self.service}/vendor python3 -B -c %s",
            f"import {', '.join(self.modules)}; {clients}",
        )


class WorkerImage(ServiceImage):
    """An image whose service serves nobody: its health is for its own machine. `tier` is what it calls itself."""

    tier: str

    def test_its_health_is_for_this_machine_only(self, host: Host) -> None:
        assert listens(host, "tcp://127.0.0.1:8080")
        assert not host.socket("tcp://0.0.0.0:8080").is_listening

    def test_health_says_tier_and_version(self, host: Host) -> None:
        program = (
            "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/health', timeout=5).read().decode())"
        )
        facts = json.loads(host.check_output("python3 -c %s", program))
        assert (facts["tier"], facts["version"]) == (self.tier, os.environ["KILN_ARTIFACT_VERSION"])
