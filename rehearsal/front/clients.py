"""boto3 clients with which Kiln's own services call the others: requests and answers like everybody else's."""

import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

ACCOUNT_HEADER = "x-moto-account-id"


class Clients:
    """One client per service, account and region, all pointed at the front.

    They sign with `access_key`, the only key for which the front believes the account named in the header.
    """

    def __init__(self, url: str) -> None:
        import boto3  # here: the commands that name this class and make none of it are much faster without
        import botocore.session

        self.url = url
        self.access_key = f"KILN{secrets.token_hex(8).upper()}"
        self._front: Callable[..., Any] | None = None
        self._clients: dict[tuple[str, str, str, float], Any] = {}
        self._lock = threading.Lock()
        core = botocore.session.get_session()
        self._descriptions = core.get_component("data_loader")
        self._session = boto3.session.Session(botocore_session=core)

    def connect(self, front: Callable[..., Any]) -> None:
        """From now on ask the front in this process; before, and without this, over HTTP."""
        self._front = front

    def get(self, service: str, account: str, region: str, patience_seconds: float = 60) -> Any:
        """The boto3 client of a service for an account and region; no retries, and over HTTP a limit."""
        key = (service, account, region, patience_seconds)
        if key not in self._clients:
            # It takes up to half a second to read: nobody who needs another one waits for it.
            self._descriptions.load_service_model(service, "service-2")
            with self._lock:  # a session must not make two clients at once
                if key not in self._clients:
                    self._clients[key] = self._make(service, account, region, patience_seconds)
        return self._clients[key]

    def _make(self, service: str, account: str, region: str, patience_seconds: float) -> Any:
        from botocore.config import Config

        config = Config(
            retries={"max_attempts": 0},
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=patience_seconds,
            max_pool_connections=20,
            inject_host_prefix=False,
        )
        client = self._session.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key="of the embedded AWS",
            config=config,
        )

        def name_account(params: dict[str, Any], **_: Any) -> None:
            params["headers"][ACCOUNT_HEADER] = account

        client.meta.events.register("before-call", name_account)
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: "AWSPreparedRequest", **_: Any) -> "AWSResponse | None":
        if self._front is None:
            return None
        from rehearsal.front import in_process

        return in_process.answer(self._front, request)
