"""What a function is, and how an invocation of it ends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RUNNABLE = "python3."


class NotRunnable(Exception):
    """A function that no process here can run; the message says why."""


@dataclass(frozen=True, slots=True)
class Function:
    """One version of a function, with all that its process needs.

    Attributes:
        arn: as it was invoked: with the alias or the version, where one was named.
        package: the deployment package, a zip file.
    """

    name: str
    version: str
    arn: str
    account: str
    region: str
    role: str
    runtime: str | None
    handler: str | None
    package: bytes = field(repr=False, default=b"")
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 3.0
    memory_mb: int = 128
    log_group: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens around an invocation that nobody waits for. Destinations and dead letters are ARNs."""

    retries: int = (
        2  # Lambda's default: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionEventInvokeConfig.html
    )
    on_success: str | None = None
    on_failure: str | None = None
    dead_letters: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation has ended. `error`: None, or that of the header X-Amz-Function-Error; `log`: its lines."""

    request_id: str
    payload: str
    error: Literal["Unhandled"] | None
    log: tuple[str, ...]


def check(function: Function) -> None:
    """Raises NotRunnable for a function that is made of something else than Python in a zip file."""
    if not function.runtime:
        raise NotRunnable(
            f"{function.name} is a container image: a rehearsal runs Python runtimes from a zip file only"
        )
    if not function.runtime.startswith(RUNNABLE):
        raise NotRunnable(f"{function.name} has the runtime {function.runtime}: a rehearsal runs {RUNNABLE}* only")
    if not function.package:
        raise NotRunnable(f"{function.name} has no code: its package was not in S3 when the function was made")
    if not function.handler or "." not in function.handler:
        raise NotRunnable(f"{function.name} has the handler {function.handler!r}: expected module.function")


def failure(message: str, kind: str, request_id: str) -> str:
    """The payload of a failed invocation."""
    said: dict[str, Any] = {"errorMessage": message, "errorType": kind, "requestId": request_id}
    return json.dumps(said)
