"""The services as one resource sees them: its account and region, arguments cast by botocore's service models."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from rehearsal.front.clients import Clients
from rehearsal.resources.cast import Caster, Shape
from rehearsal.resources.errors import ResourceFailed


class Api:
    """Calls of one account and region; `service` is the one that is meant when a call names none."""

    def __init__(self, clients: Clients, account: str, region: str, service: str) -> None:
        self._clients = clients
        self._account = account
        self._region = region
        self.service = service

    def client(self, service: str | None = None) -> Any:
        return self._clients.get(service or self.service, self._account, self._region)

    def shape(self, operation: str, service: str | None = None) -> Shape:
        """botocore's shape of an operation's input; None for an operation without input."""
        client = self.client(service)
        return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape

    def cast(self, operation: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The arguments as the operation takes them, and the property paths that it has no place for."""
        caster = Caster()
        given = {k: v for k, v in arguments.items() if v is not None}
        shape = self.shape(operation)
        return (caster.cast(shape, given) if shape else {}), caster.dropped

    def call(self, operation: str, service: str | None = None, /, **arguments: Any) -> dict[str, Any]:
        """One call with arguments in the operation's own form. Raises botocore's errors: see `failures`."""
        answer: dict[str, Any] = getattr(self.client(service), operation)(**arguments)
        return answer

    def send(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """One call with arguments still to be cast. Raises ResourceFailed where one of them has no place."""
        ready, dropped = self.cast(operation, arguments)
        if dropped:
            raise ResourceFailed(f"{operation} of {self.service} has no place for {', '.join(dropped)}")
        return self.call(operation, **ready)


@contextmanager
def failures(service: str) -> Iterator[None]:
    """Errors of a service as CloudFormation words them in its events."""
    try:
        yield
    except ClientError as error:
        e = error.response["Error"]
        raise ResourceFailed(
            f'Resource handler returned message: "{e.get("Message")}" '
            f"(Service: {service}, Operation: {error.operation_name}, Error Code: {e.get('Code')})"
        ) from error
    except ParamValidationError as error:
        raise ResourceFailed(f"Model validation failed: {' '.join(str(error).split())}") from error
    except (ResponseParserError, BotoCoreError) as error:
        raise ResourceFailed(f"{service} gave no proper answer: {' '.join(str(error).split())[:200]}") from error
