"""The way from HAProxy to functions: an HTTP server on the loopback that invokes, with the event of a load balancer.

HAProxy names the target group in a header, whatever the client sent there. Which function that is, how it wants its
headers, and whether it may be invoked, is read from the API's state at every request. A weight of an alias is the
business of Lambda's Invoke.

Where nothing can be answered the connection is closed without an answer: HAProxy makes its 502 of that and counts it as
the load balancer's own, as AWS does.
"""

import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.balancer import observe
from rehearsal.balancer.config import BRIDGE_HOST, CHECK_HEADER, GROUP_HEADER
from rehearsal.balancer.function_event import MOST_BYTES, BadAnswer, Request, Response, event, response
from rehearsal.balancer.permission import PRINCIPAL
from rehearsal.front.clients import Clients

log = logging.getLogger("rehearsal.balancer")

LONGEST_SECONDS = 910.0  # a function's longest timeout is 900 s
SERVER = "awselb/2.0"
OWN = frozenset({GROUP_HEADER.lower(), CHECK_HEADER.lower()})
TOO_LARGE = Response(
    413, "", (("Content-Type", "text/html"),), b"<html><body><h1>413 Request Entity Too Large</h1></html>"
)


class NoAnswer(Exception):
    """A function that did not answer: there is none, it may not be invoked, or it failed; the message says which."""


class Bridge:
    """One for all load balancers of a rehearsal; `port` is there when it has been started."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._server: _Server | None = None
        self.port = 0

    def start(self) -> None:
        """Listen; the address belongs to the network namespace in which this thread is."""
        self._server = _Server((BRIDGE_HOST, 0), self)
        self.port = int(self._server.server_address[1])
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.1}, daemon=True, name="functions bridge").start()

    def close(self) -> None:
        """Answer nothing any more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, group_arn: str, request: Request) -> Response:
        """Invoke the function that is the target of the group. Raises NoAnswer, BadAnswer."""
        target = observe.function_of(group_arn)
        if target is None:
            raise NoAnswer("no function is registered")
        if not target.permitted:
            raise NoAnswer(f"{PRINCIPAL} has no permission to invoke {target.arn}")
        payload = self._invoke(target.arn, event(group_arn, request, target.multi_value))
        return response(payload, target.multi_value)

    def _invoke(self, arn: str, given: dict[str, Any]) -> bytes:
        _, _, _, region, account, *_ = arn.split(":")
        function = self._clients.get("lambda", account, region, LONGEST_SECONDS)
        try:
            said = function.invoke(FunctionName=arn, Payload=json.dumps(given))
        except (ClientError, BotoCoreError) as error:
            raise NoAnswer(f"{arn} could not be invoked: {error}") from error
        payload = bytes(said["Payload"].read())
        if said.get("FunctionError"):
            raise NoAnswer(f"{arn} failed: {payload[:500].decode(errors='replace')}")
        return payload


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], bridge: Bridge) -> None:
        super().__init__(address, _Handler)
        self.bridge = bridge

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who has hung up is no error of ours."""
        if isinstance(sys.exc_info()[1], OSError):
            return
        log.exception("the bridge to functions")


class _Handler(BaseHTTPRequestHandler):
    """One request for each connection, so that an end without an answer hits nobody else."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        self.close_connection = True
        group_arn = self.headers.get(GROUP_HEADER, "")
        try:
            body = self._body()
            self._send(TOO_LARGE if body is None else self.server.bridge.answer(group_arn, self._request(body)))
        except (NoAnswer, BadAnswer) as fault:
            log.warning("%s: %s; the client gets 502", group_arn.rpartition(":")[2], fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _handle

    def _request(self, body: bytes) -> Request:
        lines = tuple((name, value) for name, value in self.headers.items() if name.lower() not in OWN)
        if self.headers.get(CHECK_HEADER):  # a health check's event has no other header
            lines = tuple((name, value) for name, value in lines if name.lower() == "user-agent")
        return Request(self.command, self.path, lines, body)

    def _body(self) -> bytes | None:
        """The body; None where it is larger than what a function may be given."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            size = int(self.headers.get("Content-Length") or 0)
            return self._read(size) if size <= MOST_BYTES else None
        body, length = b"", 0
        while size := int(self.rfile.readline().partition(b";")[0] or b"0", 16):
            part = self._read(size)
            length += size
            body = body + part if length <= MOST_BYTES else b""  # read to its end: who is still sending hears no answer
            self._read(len(b"\r\n"))
        if not self.rfile.readline():
            raise ConnectionAbortedError("the body has no end")
        return body if length <= MOST_BYTES else None

    def _read(self, size: int) -> bytes:
        """Exactly so much: no function is given half a body because a client has hung up."""
        found = self.rfile.read(size)
        if len(found) < size:
            raise ConnectionAbortedError("the body has no end")
        return found

    def _send(self, answer: Response) -> None:
        self.send_response_only(answer.status, answer.reason or None)
        for name, value in answer.headers:
            self.send_header(name, value)
        if "server" not in {name.lower() for name, _ in answer.headers}:
            self.send_header("Server", SERVER)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Nothing: what matters is logged above."""
