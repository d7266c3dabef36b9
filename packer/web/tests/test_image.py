"""What must be true of a Web image; run against the builder before it becomes one."""

import json
import os

from service_image import Host, ServiceImage, listens


class TestWeb(ServiceImage):
    service = "payroll-web"
    sdk_services = ("ssm",)


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


def test_the_service_listens_on_port_8080(host: Host) -> None:
    assert listens(host, "tcp://0.0.0.0:8080")


def test_health_answers_ok_inside_the_guest(host: Host) -> None:
    assert get(host, "/health") == (200, "ok")


def test_the_page_says_tier_and_version(host: Host) -> None:
    status, body = get(host, "/", "application/json")
    facts = json.loads(body)
    assert status == 200
    assert (facts["tier"], facts["version"]) == ("Web", os.environ["KILN_ARTIFACT_VERSION"])


def test_the_runtime_has_booted_without_a_failed_unit(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --no-legend --plain") == ""
