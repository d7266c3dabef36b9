"""The WSGI application: who asks, for which service, and who answers."""

import logging
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from rehearsal.front import protocol
from rehearsal.front.clients import ACCOUNT_HEADER
from rehearsal.front.service import AwsError, Caller, Completion, PassOn, Service

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
# Signing names that differ from botocore's service names, for the services that Kiln answers or reports errors of.
SERVICE_OF_SIGNING_NAME = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "access-analyzer": "accessanalyzer",
}

log = logging.getLogger("rehearsal.front")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class Front:
    """Dispatches each request to one of Kiln's services or to moto.

    Args:
        account_of: the account of an access key, or None where nobody issued it.
        internal_key: the access key of Kiln's own services, which may speak for any account.
    """

    def __init__(self, account_of: Callable[[str], str | None], internal_key: str) -> None:
        self._account_of = account_of
        self._internal_key = internal_key
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._services: dict[str, list[Service]] = {}
        self._completions: dict[str, list[Completion]] = {}
        self._pages: dict[str, Callable[[], str]] = {}
        self._receivers: dict[str, Callable[[str, bytes], bool]] = {}

    def add(self, service: Service) -> None:
        """Let `service` answer its operations from now on."""
        self._services.setdefault(service.name, []).append(service)

    def add_completion(self, completion: Completion) -> None:
        """Let `completion` see moto's answers to its operations from now on, and say what they are."""
        self._completions.setdefault(completion.name, []).append(completion)

    def add_page(self, name: str, page: Callable[[], str]) -> None:
        """A JSON page of the rehearsal itself at /kiln/<name>."""
        self._pages[name] = page

    def add_receiver(self, name: str, receive: Callable[[str, bytes], bool]) -> None:
        """Take what is PUT to /kiln/<name>/<key>: receive(key, body) says whether anybody waits for it."""
        self._receivers[name] = receive

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/kiln/"):
            name = path.removeprefix("/kiln/")
            page = self._received(name, environ) if environ["REQUEST_METHOD"] == "PUT" else self._page(name)
            return page(environ, start_response)
        match = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if not match:
            # unsigned and presigned requests: moto knows them by their path
            return self._from_moto("s3", environ, start_response)
        access_key, region, signing_name = match.groups()
        service = SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)
        account = self._account(access_key, environ)
        if account is None:
            error = AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
            return protocol.refusal(service, error)(environ, start_response)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        answer = self._own(service, Caller(account, region), environ)
        if answer is not None:
            return answer(environ, start_response)
        return self._from_moto(service, environ, start_response)

    def _account(self, access_key: str, environ: Environ) -> str | None:
        claimed = environ.pop(f"HTTP_{ACCOUNT_HEADER.upper().replace('-', '_')}", None)
        if access_key == self._internal_key and claimed:
            return str(claimed)
        return self._account_of(access_key)

    def _page(self, name: str) -> Response:
        page = self._pages.get(name)
        return Response(page(), content_type="application/json") if page else Response("no such page\n", 404)

    def _received(self, path: str, environ: Environ) -> Response:
        name, _, key = path.partition("/")
        receive = self._receivers.get(name)
        taken = receive is not None and receive(key, Request(environ).get_data())
        return Response(status=200) if taken else Response("nobody waits for this\n", 404)

    def _own(self, service: str, caller: Caller, environ: Environ) -> Response | None:
        """The answer of one of Kiln's services, or moto's if Kiln completes it; None: it is moto's as it is."""
        if service not in self._services and service not in self._completions:
            return None
        request = Request(environ)
        request.get_data(cache=True, parse_form_data=False)
        operation = protocol.operation_name(service, request)
        mine = [s for s in self._services.get(service, ()) if s.operations is None or operation in s.operations]
        completing = [c for c in self._completions.get(service, ()) if operation in c.operations]
        if operation is None or not (mine or completing):
            _rewind(environ, request)
            return None
        try:
            codec = protocol.codec(service, operation)
            asked = codec.read(_again(environ, request))
            for candidate in mine:
                with suppress(PassOn):
                    return codec.write(candidate.answer(caller, operation, asked))
            _rewind(environ, request)
            if not completing:
                return None
            response = self._moto_answers(service, environ)
            if response.status_code >= 300:
                return response
            answer = codec.understand(response)
            for completion in completing:
                answer = completion.complete(caller, operation, asked, answer)
            return codec.write(answer)
        except AwsError as error:
            return protocol.refusal(service, error)
        except Exception as fault:
            log.exception("%s %s", service, operation)
            message = f"fault of the embedded AWS in {service} {operation}: {type(fault).__name__}: {fault}"
            return protocol.refusal(service, AwsError("InternalFailure", message))

    def _from_moto(self, service: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return self._moto_answers(service, environ)(environ, start_response)

    def _moto_answers(self, service: str, environ: Environ) -> Response:
        """moto's answer; an exception of its own becomes an error that SDKs do not retry."""
        try:
            return Response.from_app(self._moto, environ)
        except Exception as fault:  # moto's Flask applications pass on what they do not handle
            log.warning("moto failed: %s %s", service, environ.get("PATH_INFO"), exc_info=True)
            message = f"moto cannot answer this {service} request: {type(fault).__name__}: {fault}"
            return protocol.refusal(service, AwsError("NotImplemented", message))


def _rewind(environ: Environ, request: Request) -> None:
    environ["wsgi.input"] = BytesIO(request.get_data())


def _again(environ: Environ, request: Request) -> Request:
    """A fresh request over the same bytes: werkzeug parses a form only from an unread stream."""
    _rewind(environ, request)
    return Request(environ)
