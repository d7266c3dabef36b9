"""The metadata service of the instance, version 2 only.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

import os
import time
import urllib.request
from http import HTTPStatus
from urllib.error import HTTPError

PATIENCE_SECONDS = 2  # per request: the service is one hop away
TOKEN_LIFE_SECONDS = 300
RENEW_SECONDS = 240  # a token that ends between two requests would be a refused one

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the metadata service is never behind a proxy


class Metadata:
    """Asks with a token that is fetched anew before it ends. For one thread."""

    def __init__(self) -> None:
        service = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254")
        self._service = service.rstrip("/")
        self._token = ""
        self._renew_at = float("-inf")

    def ask(self, path: str) -> str | None:
        """What stands below `meta-data/`; None where there is nothing. Raises OSError where there is no service."""
        try:
            return self._send(f"meta-data/{path}", {"X-aws-ec2-metadata-token": self._fresh_token()})
        except HTTPError as answer:
            with answer:
                if answer.code == HTTPStatus.NOT_FOUND:
                    return None
                if answer.code == HTTPStatus.UNAUTHORIZED:
                    self._renew_at = float("-inf")  # the service knows the token no more
            raise

    def need(self, path: str) -> str:
        """The same where every instance has it. Raises OSError, too, where this one has not."""
        if (found := self.ask(path)) is None:
            raise OSError(f"the metadata service has no {path}")
        return found

    def _fresh_token(self) -> str:
        if time.monotonic() >= self._renew_at:
            life = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_LIFE_SECONDS)}
            self._token = self._send("api/token", life, "PUT")
            self._renew_at = time.monotonic() + RENEW_SECONDS
        return self._token

    def _send(self, path: str, headers: dict[str, str], method: str = "GET") -> str:
        request = urllib.request.Request(f"{self._service}/latest/{path}", headers=headers, method=method)
        with direct.open(request, timeout=PATIENCE_SECONDS) as answer:
            return str(answer.read().decode())
