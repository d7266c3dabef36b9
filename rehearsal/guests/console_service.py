"""GetConsoleOutput: what the guest wrote to its console; moto's own answer is a sample text."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rehearsal.front.service import AwsError, Caller

LONGEST_BYTES = 64 * 1024  # EC2 keeps the last 64 KB


def console_text(raw: str) -> str:
    """The text in podman's k8s-file log: lines `TIME STREAM F|P TEXT`, where P says that the next one goes on."""
    pieces = []
    for line in raw.splitlines():
        _, _, flag, text = [*line.split(" ", 3), "", "", ""][:4]
        pieces.append(text + ("\n" if flag == "F" else ""))
    return "".join(pieces)


class ConsoleOutput:
    """The Service of GetConsoleOutput.

    Args:
        owner: the account of an instance. Raises AwsError where there is no such instance.
        console: the text of an instance's console.
    """

    name = "ec2"
    operations: frozenset[str] | None = frozenset({"GetConsoleOutput"})

    def __init__(self, owner: Callable[[str], str], console: Callable[[str], str]) -> None:
        self._owner = owner
        self._console = console

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The console of one of the caller's instances."""
        instance_id = request["InstanceId"]
        if self._owner(instance_id) != caller.account:
            raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
        text = self._console(instance_id).encode()[-LONGEST_BYTES:]
        output = base64.b64encode(text).decode()
        return {"InstanceId": instance_id, "Timestamp": datetime.now(UTC), "Output": output}
