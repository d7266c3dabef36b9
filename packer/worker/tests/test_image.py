"""What must be true of a Worker image; run against the builder before it becomes one."""

import json
import os
import time
from typing import Any

Host = Any  # testinfra.host.Host, which has no types

SERVICE = "payroll-worker"
PATIENCE_SECONDS = 20


def health(host: Host) -> dict[str, Any]:
    """What the service says of itself inside the guest."""
    program = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/health', timeout=5).read().decode())"
    return dict(json.loads(host.check_output("python3 -c %s", program)))


def test_the_service_is_enabled_and_running(host: Host) -> None:
    service = host.service(SERVICE)
    assert service.is_enabled
    assert service.is_running


def test_the_service_runs_as_its_own_user_without_a_login(host: Host) -> None:
    user = host.user(SERVICE)
    assert user.shell in ("/usr/sbin/nologin", "/bin/false")
    assert user.groups == [SERVICE]
    assert [process.user for process in host.process.filter(comm="python3")] == [SERVICE]


def test_its_health_is_for_this_machine_only(host: Host) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not host.socket("tcp://127.0.0.1:8080").is_listening and time.monotonic() < deadline:
        time.sleep(0.2)
    assert host.socket("tcp://127.0.0.1:8080").is_listening
    assert not host.socket("tcp://0.0.0.0:8080").is_listening


def test_health_says_tier_and_version(host: Host) -> None:
    facts = health(host)
    assert (facts["tier"], facts["version"]) == ("worker", os.environ["KILN_ARTIFACT_VERSION"])


def test_nobody_but_root_can_change_the_service(host: Host) -> None:
    assert host.check_output(f"find /opt/{SERVICE} ! -user root -o -perm /022 ! -type l") == ""
    unit = host.file(f"/etc/systemd/system/{SERVICE}.service")
    assert (unit.user, unit.group, unit.mode) == ("root", "root", 0o644)


def test_what_the_service_imports_is_in_its_artifact(host: Host) -> None:
    host.check_output(
        f"runuser -u {SERVICE} -- env PYTHONPATH=/opt/{SERVICE}/vendor python3 -B -c %s",
        "import boto3; [boto3.client(name, region_name='eu-west-1') for name in ('dynamodb', 'sqs', 'ssm')]",
    )
