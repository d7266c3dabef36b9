"""Clients of AWS, found as every tool finds it (AWS_PROFILE, keys, AWS_ENDPOINT_URL), and its errors in our words.

Policy: short patience. A person is waiting; an endpoint that does not answer is reported in seconds.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from console.errors import KilnError, NotReady

CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 30
ATTEMPTS = 2
# Error codes of credentials that AWS knows but no longer or not yet accepts:
# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
REFUSED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
}
# A request is refused whose time is too far from the clock of AWS; some services call that a wrong signature.
CLOCK_TOLERANCE_SECONDS = 300
OFF_FOR_CERTAIN = {"RequestTimeTooSkewed", "RequestInTheFuture"}
OFF_PERHAPS = {"RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"}
SIGN_IN = "choose credentials of the right account, for example: export AWS_PROFILE=dev"


class Unreachable(NotReady):
    """Nobody answers, or somebody who is not AWS."""


@dataclass(slots=True)
class Aws:
    """The clients of one region, made when they are first asked for; threads may share it and them.

    Making a client is the one thing of botocore's that threads may not do at once:
    https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
    """

    region: str
    _session: Any = None
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def session(self) -> Any:
        import botocore.session  # not boto3: of that only `client` would be used, and it takes as long again to import

        self._session = self._session or botocore.session.get_session()
        return self._session

    def in_region(self, region: str) -> "Aws":
        """The same credentials in another region; this one where it is the same."""
        return self if region == self.region else Aws(region, _session=self.session, _lock=self._lock)

    def client(self, service: str) -> Any:
        """A client of botocore. Raises NotReady where credentials are missing."""
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                config = Config(
                    connect_timeout=CONNECT_TIMEOUT_SECONDS,
                    read_timeout=READ_TIMEOUT_SECONDS,
                    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                )
                with errors(f"connecting to {service}"):
                    self._clients[service] = self.session.create_client(service, region_name=self.region, config=config)
            return self._clients[service]

    def secrets(self) -> tuple[str, ...]:
        """The secret parts of the credentials in use, for redaction."""
        credentials = self.session.get_credentials()
        return tuple(value for value in (credentials.secret_key, credentials.token) if value) if credentials else ()


@contextmanager
def errors(doing: str) -> Iterator[None]:
    """Errors of AWS inside the block become KilnErrors; `doing` says during what, for example `reading a record`."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError  # something that is not AWS answered, a proxy for example

    try:
        yield
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.ProfileNotFound) as problem:
        raise NotReady("there are no AWS credentials", where=doing, found=str(problem), next_step=SIGN_IN) from problem
    except (exceptions.SSOError, exceptions.CredentialRetrievalError, exceptions.TokenRetrievalError) as problem:
        raise NotReady(
            "the AWS credentials cannot be had", where=doing, found=str(problem), next_step=SIGN_IN
        ) from problem
    except (exceptions.HTTPClientError, exceptions.ConnectionError, ResponseParserError) as problem:
        raise Unreachable(
            "AWS cannot be reached",
            where=doing,
            found=str(problem),
            expected=f"an endpoint that answers within {CONNECT_TIMEOUT_SECONDS} s",
            next_step=f"check the network and AWS_ENDPOINT_URL (now {os.environ.get('AWS_ENDPOINT_URL') or 'not set'})",
        ) from problem
    except exceptions.ClientError as problem:
        code, text = code_of(problem), problem.response["Error"].get("Message", "")
        off = clock_offset(problem)
        if code in OFF_FOR_CERTAIN or (code in OFF_PERHAPS and abs(off or 0) > CLOCK_TOLERANCE_SECONDS):
            raise NotReady(
                "the clock of this machine is off",
                where=doing,
                found=f"{code}: {text}" + (f"; it is {_apart(off)} AWS's" if off is not None else ""),
                expected=f"less than {CLOCK_TOLERANCE_SECONDS // 60} minutes of difference",
                next_step="set the clock, for example with: timedatectl set-ntp true",
            ) from problem
        if code in REFUSED:
            raise NotReady(
                "AWS refuses the credentials", where=doing, found=f"{code}: {text}", next_step=SIGN_IN
            ) from problem
        raise KilnError(f"AWS refused {problem.operation_name}", where=doing, found=f"{code}: {text}") from problem


def clock_offset(problem: Any) -> float | None:
    """By how many seconds our clock is ahead of the one that answered with a ClientError, where its answer says."""
    headers = problem.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return time.time() - parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None


def _apart(seconds: float) -> str:
    minutes = abs(seconds) / 60
    return f"{minutes:.0f} minutes {'ahead of' if seconds > 0 else 'behind'}"


def code_of(problem: Any) -> str:
    """The error code of a botocore ClientError."""
    return str(problem.response["Error"]["Code"])
