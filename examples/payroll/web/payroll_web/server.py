"""The HTTP service: `/` says what runs where, `/health` whether to send requests here, `/payslips` takes work.

Policy of the graceful stop: after SIGTERM `/health` answers 503 and every answer closes its connection, but requests
go on being answered until none has come for a moment (or the limit is reached); then the port is closed and what is
in flight is finished. So a load balancer that has not noticed yet loses nothing.
"""

import html
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from payroll_common.identity import IdentityKeeper
from payroll_common.log_lines import tell_broken_connection
from payroll_web.payslips import FOLDER, MOST_BYTES, PayslipDesk, Reply

TIER = "Web"
VERSION = (Path(__file__).parent.parent / "VERSION").read_text(encoding="utf-8").strip()

QUIET_SECONDS = 1.0  # no request for this long after SIGTERM: nobody sends any more
DRAIN_LIMIT_SECONDS = 10.0
IN_FLIGHT_LIMIT_SECONDS = 15.0
# Longer than a load balancer keeps an idle connection (60 s by default), or it sends into one that is being closed:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
IDLE_CONNECTION_SECONDS = 75

log = logging.getLogger("payroll_web")


class Traffic:
    """How many requests are being answered, and when the last one of a client (not a health check) was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active = 0
        self._last = float("-inf")

    @contextmanager
    def request(self, *, is_probe: bool) -> Iterator[None]:
        with self._lock:
            self._active += 1
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1
                if not is_probe:
                    self._last = time.monotonic()

    @property
    def active(self) -> int:
        return self._active

    def quiet_for(self) -> float:
        """Seconds without a client's request; 0 while one is being answered."""
        with self._lock:
            return 0.0 if self._active else time.monotonic() - self._last


class PayrollWeb(ThreadingHTTPServer):
    """The server with what its handlers share."""

    request_queue_size = 256
    daemon_threads = True  # idle connections must not hold up the stop; `drain` waits for the busy ones

    def __init__(self, host: str, port: int, identity: IdentityKeeper, payslips: PayslipDesk) -> None:
        super().__init__((host, port), Handler)
        self.identity = identity
        self.payslips = payslips
        self.traffic = Traffic()
        self.stopping = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        tell_broken_connection(log)

    def drain(self) -> None:
        """Stop gracefully: returns when the port is closed and the last request has been answered."""
        self.stopping.set()
        began = time.monotonic()
        while time.monotonic() - began < DRAIN_LIMIT_SECONDS:
            if min(self.traffic.quiet_for(), time.monotonic() - began) >= QUIET_SECONDS:
                break
            time.sleep(0.05)
        self.shutdown()
        self.server_close()
        limit = time.monotonic() + IN_FLIGHT_LIMIT_SECONDS
        while self.traffic.active and time.monotonic() < limit:
            time.sleep(0.02)

    def facts(self) -> dict[str, str]:
        """What the page says, in reading order; in its first second the machine waits until it knows where it is."""
        return {"tier": TIER, "version": VERSION, **asdict(self.identity.after_first_attempt())}


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of `/`, `/health` and `/payslips/ID`, and POST of `/payslips`."""

    server: PayrollWeb
    protocol_version = "HTTP/1.1"
    server_version = "payroll-web"
    sys_version = ""
    timeout = IDLE_CONNECTION_SECONDS

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with self.server.traffic.request(is_probe=path == "/health"):
            if path == "/health":
                stopping = self.server.stopping.is_set()
                self._answer(503 if stopping else 200, "text/plain", "stopping" if stopping else "ok")
            elif path == "/":
                self._page()
            elif path.startswith(f"{FOLDER}/"):
                self._reply(self.server.payslips.show(path))
            else:
                self._answer(404, "text/plain", "not found")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        with self.server.traffic.request(is_probe=False):
            if self.path != FOLDER:
                self.send_error(501, f"Unsupported method ({self.command!r})")
                return
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                said = {"problem": f"expected a body with its length, at most {MOST_BYTES} bytes"}
                unread = (("Connection", "close"),)  # the body would be taken for the next request
                self._reply(Reply(413 if length.isdecimal() else 411, said, unread))
                return
            self._reply(self.server.payslips.take(self.rfile.read(int(length))))

    def _page(self) -> None:
        facts = self.server.facts()
        if "application/json" in self.headers.get("Accept", ""):
            self._answer(200, "application/json", json.dumps(facts))
            return
        rows = "".join(
            f"<tr><th>{name.replace('_', ' ')}</th><td>{html.escape(value)}</td></tr>" for name, value in facts.items()
        )
        title = f"Payroll {html.escape(facts['version'])}"
        self._answer(
            200,
            "text/html; charset=utf-8",
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f"<h1>Payroll</h1><table>{rows}</table></html>",
        )

    def _reply(self, reply: Reply) -> None:
        self._answer(reply.status, "application/json", json.dumps(reply.said), *reply.headers)

    def _answer(self, status: int, content_type: str, text: str, *headers: tuple[str, str]) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers:
            self.send_header(name, value)
        if self.server.stopping.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if not self.path.startswith("/health"):
            log.info("%s %s %s", self.command, self.path, code)

    def log_message(self, template: str, *values: object) -> None:
        log.info(template, *values)
