"""`/health` on the loopback of a machine that serves nobody: what its service is doing, as JSON.

200 as long as the service works as it should, also while it has nothing to do or what it needs is not there; 503 once
it is stopping.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from payroll_common.log_lines import tell_broken_connection

HOST, PORT = "127.0.0.1", 8080
STOPPING = "stopping"

log = logging.getLogger("payroll.health")

Facts = Callable[[], Mapping[str, object]]


class Health(ThreadingHTTPServer):
    """Answers with the facts, among which is `state`."""

    daemon_threads = True

    def __init__(self, port: int, facts: Facts) -> None:
        super().__init__((HOST, port), _Handler)
        self.facts = facts

    def handle_error(self, request: object, client_address: object) -> None:
        tell_broken_connection(log)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="health", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Health
    protocol_version = "HTTP/1.1"
    server_version = "payroll"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        if self.path != "/health":
            self._answer(404, {"problem": "not found"})
            return
        facts = self.server.facts()
        self._answer(503 if facts.get("state") == STOPPING else 200, facts)

    def _answer(self, status: int, facts: Mapping[str, object]) -> None:
        body = json.dumps(facts).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...
