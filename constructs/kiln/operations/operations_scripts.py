"""What the operations documents run on an instance. Plain data: no CDK, so that the scripts can be run in a test.

A parameter is checked against its pattern before Systems Manager puts it into the script, so it holds nothing that a
shell would understand. https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

TIMEOUT_SECONDS = 120
"""For one instance; a restart that takes longer has failed."""


@dataclass(frozen=True, slots=True)
class Script:
    """What one document does.

    Args:
        description: for the person who chooses it.
        lines: of a POSIX shell script; `{{ Service }}` and other parameters stand for what is given.
        parameters: beside `Service`, name → parameter as in a document.
    """

    description: str
    lines: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, str]]


MINUTES = {
    "type": "String",
    "description": "How far back, in minutes: 1 to 9999",
    "default": "60",
    "allowedPattern": "^[1-9][0-9]{0,3}$",
}

SCRIPTS: Mapping[str, Script] = {
    "status": Script(
        "Is the instance well, and the service on it?",
        (
            "set -u",
            'echo "system: $(systemctl is-system-running)"',
            'echo "up since: $(uptime -s)"',
            "echo 'failed units:'",
            "systemctl list-units --failed --no-legend --plain",
            'systemctl status --no-pager --lines 20 "{{ Service }}.service"',
        ),
        {},
    ),
    "restart": Script(
        "Restart the service and wait until it runs.",
        (
            "set -eu",
            'systemctl restart "{{ Service }}.service"',
            'until systemctl is-active --quiet "{{ Service }}.service"; do sleep 1; done',
            'systemctl show --property MainPID,ActiveEnterTimestamp "{{ Service }}.service"',
        ),
        {},
    ),
    "logs": Script(
        "The log of the service; name a bucket for the output, a console shows its beginning only.",
        (
            "set -eu",
            'journalctl --no-pager --output short-iso-precise --unit "{{ Service }}.service"'
            ' --since "-{{ Minutes }} minutes"',
        ),
        {"Minutes": MINUTES},
    ),
}


def document(script: Script, service_prefix: str) -> dict[str, object]:
    """The content of a document for Run Command (schema 2.2) whose services begin with `service_prefix`."""
    service = {
        "type": "String",
        "description": f"The service, such as {service_prefix}web",
        "allowedPattern": f"^{service_prefix}[a-z0-9-]{{1,40}}$",
    }
    return {
        "schemaVersion": "2.2",
        "description": script.description,
        "parameters": {"Service": service, **script.parameters},
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "run",
                "precondition": {"StringEquals": ["platformType", "Linux"]},
                "inputs": {"timeoutSeconds": str(TIMEOUT_SECONDS), "runCommand": list(script.lines)},
            }
        ],
    }
