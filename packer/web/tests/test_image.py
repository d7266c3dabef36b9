"""What must be true of a Web image; run against the builder before it becomes one."""

import json
import os
import time
from typing import Any

Host = Any  # testinfra.host.Host, which has no types

SERVICE = "payroll-web"
PATIENCE_SECONDS = 20


def get(host: Host, path: str, accept: str = "*/*") -> tuple[int, str]:
    """Status and body of a request made inside the guest."""
    program = (
        "import sys, urllib.request, urllib.error\n"
        "request = urllib.request.Request('http://127.0.0.1:8080' + sys.argv[1], headers={'Accept': sys.argv[2]})\n"
        "try: answer = urllib.request.urlopen(request, timeout=5)\n"
        "except urllib.error.HTTPError as error: answer = error\n"
        "print(answer.status); print(answer.read().decode())"
    )
    output = host.check_output("python3 -c %s %s %s", program, path, accept)
    status, _, body = output.partition("\n")
    return int(status), body.strip()


def test_the_service_is_enabled_and_running(host: Host) -> None:
    service = host.service(SERVICE)
    assert service.is_enabled
    assert service.is_running


def test_the_service_runs_as_its_own_user_without_a_login(host: Host) -> None:
    user = host.user(SERVICE)
    assert user.shell in ("/usr/sbin/nologin", "/bin/false")
    assert user.groups == [SERVICE]
    assert [process.user for process in host.process.filter(comm="python3")] == [SERVICE]


def test_the_service_listens_on_port_8080(host: Host) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (listening := host.socket("tcp://0.0.0.0:8080").is_listening) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert listening


def test_health_answers_ok_inside_the_guest(host: Host) -> None:
    assert get(host, "/health") == (200, "ok")


def test_the_page_says_tier_and_version(host: Host) -> None:
    status, body = get(host, "/", "application/json")
    facts = json.loads(body)
    assert status == 200
    assert (facts["tier"], facts["version"]) == ("Web", os.environ["KILN_ARTIFACT_VERSION"])


def test_nobody_but_root_can_change_the_service(host: Host) -> None:
    assert host.check_output("find /opt/payroll-web ! -user root -o -perm /022 ! -type l") == ""
    unit = host.file(f"/etc/systemd/system/{SERVICE}.service")
    assert (unit.user, unit.group, unit.mode) == ("root", "root", 0o644)


def test_the_aws_sdk_of_the_artifact_is_found(host: Host) -> None:
    host.check_output(
        "runuser -u payroll-web -- env PYTHONPATH=/opt/payroll-web/vendor python3 -B -c %s",
        "import boto3; boto3.client('ssm', region_name='eu-west-1')",
    )


def test_the_runtime_has_booted_without_a_failed_unit(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --no-legend --plain") == ""
