"""An endpoint in front of the endpoint: it counts the calls that a program makes of AWS, and can be in their way.

For tests and benchmarks: a program finds it by AWS_ENDPOINT_URL, whatever stands behind it. Every call has a number and
a name; `before` and `after` are asked about each, and may answer it, change its answer, or leave it without one, as an
endpoint that dies in that moment. It listens on the loopback only.
"""

import http.client
import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
PER_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
# S3's operations have no names in their requests: those that a bake makes.
OBJECT = {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject", "HEAD": "HeadObject"}
READING = ("Describe", "Get", "List", "Head")
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `of` is the User-Agent of who makes it, `about` the path of an S3 object."""

    number: int
    service: str
    operation: str
    about: str
    of: str
    body: bytes = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def writes(self) -> bool:
        return not self.operation.startswith(READING)

    def __str__(self) -> str:
        return f"{self.number} {self.name} {self.about}".strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a call."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class NoAnswerError(Exception):
    """Raised by `before` or `after`: the connection is closed without a word."""


Before = Callable[[Call], Answer | None]
After = Callable[[Call, Answer], Answer]


class Proxy:
    """A context manager; `url` is the endpoint, `calls` are all calls until now, in the order in which they came."""

    def __init__(self, endpoint: str) -> None:
        self.calls: list[Call] = []
        self.problems: list[str] = []  # connections that ended otherwise than they should have
        self.before: Before = lambda call: None
        self.after: After = lambda call, answer: answer
        self._behind = urlsplit(endpoint)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def said(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        """What is answered to a request. Raises NoAnswerError."""
        with self._lock:
            call = named(len(self.calls) + 1, method, path, headers, body)
            self.calls.append(call)
        return self.after(call, self.before(call) or self._ask(method, path, headers, body))

    def _ask(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(self._behind.hostname or "", self._behind.port, PATIENCE_SECONDS)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in PER_HOP | {"expect"}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), tuple(answer.getheaders()))
        except (OSError, http.client.HTTPException) as problem:
            self.problems.append(f"{method} {path}: {problem!r}")
            raise NoAnswerError(str(problem)) from problem
        finally:
            connection.close()


def named(number: int, method: str, path: str, headers: Any, body: bytes) -> Call:
    """Which operation of which service a request is: by the header of JSON, the form of queries, the path of S3."""
    scope = SCOPE.search(headers.get("Authorization", ""))
    service, about = scope[1] if scope else "?", ""
    if target := headers.get("X-Amz-Target"):
        operation = target.rpartition(".")[2]
    elif service == "s3":
        parts = urlsplit(path)
        _, _, key = parts.path.lstrip("/").partition("/")
        operation, about = (OBJECT.get(method, method), key) if key else (_of_bucket(method, parts.query), "")
    else:
        form = parse_qs(body.decode(errors="replace")) or parse_qs(urlsplit(path).query)
        operation = form.get("Action", [f"{method} {urlsplit(path).path}"])[0]
    return Call(number, service, operation, about, headers.get("User-Agent", ""), body)


def _of_bucket(method: str, query: str) -> str:
    return "ListObjectsV2" if method == "GET" and "list-type=2" in query else f"{method} bucket"


def refusal(service: str, code: str, message: str, status: int = 400, date: str | None = None) -> Answer:
    """An error as the service says it; `date` is the clock of its machine (an HTTP date)."""
    if service == "ec2":
        text = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
    elif service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    elif service == "sts":
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    else:
        text = json.dumps({"__type": code, "message": message})
    return Answer(status, text.encode(), (("Date", date),) if date else ())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever was asked about a call and fails, or a client that is gone, ends this connection and nothing else."""
        self.proxy.problems.append(repr(sys.exc_info()[1]))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, NoAnswerError):
            self.close_connection = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def _pass_on(self) -> None:
        answer = self.server.proxy.said(self.command, self.path, self.headers, self._body())
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in PER_HOP:
                self.send_header(name, value)
        length = str(len(answer.body))
        if self.command == "HEAD":
            length = next((value for name, value in answer.headers if name.lower() == "content-length"), "0")
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> list[bytes]:
        found = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return found

    def log_message(self, format: str, *args: Any) -> None:
        """The calls are the log."""
