import re
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.operations.operations_scripts import SCRIPTS, document

PREFIX = "shop-"
GIVEN = {"Service": "shop-web", "Minutes": "15"}
PLAIN = re.compile(r"[A-Za-z0-9-]+")
"""What no shell takes for anything but text."""


def patterns(name: str) -> dict[str, str]:
    parameters = document(SCRIPTS[name], PREFIX)["parameters"]
    assert isinstance(parameters, dict)
    return {key: value["allowedPattern"] for key, value in parameters.items()}


def filled(name: str) -> str:
    script = "\n".join(SCRIPTS[name].lines)
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: GIVEN[found[1]], script)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_one_that_a_posix_shell_can_read(name: str) -> None:
    subprocess.run(["sh", "-n", "-c", filled(name)], check=True)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_parameter_is_used_and_checked_and_every_placeholder_is_a_parameter(name: str) -> None:
    used = set(re.findall(r"\{\{ (\w+) \}\}", "\n".join(SCRIPTS[name].lines)))
    assert used == set(patterns(name))


@given(st.text(max_size=50))
def test_what_a_pattern_lets_through_is_plain_text_for_a_shell(text: str) -> None:
    for name in SCRIPTS:
        for pattern in patterns(name).values():
            if re.search(pattern, text):
                # Python's `$` is before a last line break as well, which does no harm between quotes.
                assert PLAIN.fullmatch(text.removesuffix("\n"))


@pytest.mark.parametrize("service", ["sshd", "shop-", "shop-web; reboot", "shop-web.timer", "a-shop-web", "shop-$(id)"])
def test_a_service_that_is_not_ours_is_refused(service: str) -> None:
    for name in SCRIPTS:
        assert not re.search(patterns(name)["Service"], service)


@pytest.mark.parametrize(
    ("minutes", "fits"), [("1", True), ("9999", True), ("0", False), ("10000", False), ("5m", False)]
)
def test_minutes_are_a_number_of_at_most_four_digits(minutes: str, fits: bool) -> None:
    assert bool(re.search(patterns("logs")["Minutes"], minutes)) is fits


def test_a_document_is_for_run_command_on_linux_and_ends_by_itself() -> None:
    content: dict[str, Any] = document(SCRIPTS["restart"], PREFIX)
    [step] = content["mainSteps"]
    assert step["action"] == "aws:runShellScript"
    assert step["precondition"] == {"StringEquals": ["platformType", "Linux"]}
    assert step["inputs"]["timeoutSeconds"] == "120"


def test_a_restart_waits_until_the_service_runs() -> None:
    restart, wait, *_ = SCRIPTS["restart"].lines[1:]
    assert restart.startswith("systemctl restart")
    assert wait.startswith("until systemctl is-active")
