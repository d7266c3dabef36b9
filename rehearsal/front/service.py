"""What a service of Kiln's own is, and how it refuses."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the account that the access key belongs to, and the region in the request's signature."""

    account: str
    region: str


class AwsError(Exception):
    """An error response as AWS gives it.

    `status` stays below 500 on purpose: SDKs retry a 500 for minutes, and the CDK CLI that retries ExecuteChangeSet
    finds no difference afterwards and reports success (docs/decisions/0001).
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class PassOn(Exception):
    """Raised by a service that answers an operation, but not this request: the next one is asked, at last moto."""


class Service(Protocol):
    """Operations of one AWS service that Kiln answers itself."""

    @property
    def name(self) -> str:
        """botocore's name of the service, e.g. "autoscaling"."""

    @property
    def operations(self) -> frozenset[str] | None:
        """The operations it answers; None: all of them, those it does not know being refused."""

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response in botocore's output shape to a request in botocore's input shape. Raises AwsError, PassOn."""


class Completion(Protocol):
    """Operations of one AWS service that moto answers, and whose answers Kiln completes with what moto drops."""

    @property
    def name(self) -> str:
        """botocore's name of the service."""

    @property
    def operations(self) -> frozenset[str]:
        """The operations whose answers it sees."""

    def complete(
        self, caller: Caller, operation: str, request: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any]:
        """The answer as it should be; moto has carried the request out and gave `answer`."""
