"""A request to the front that comes from its own process: answered in the thread that asks, without a socket.

Kiln's services call each other some thousand times in a deployment. Over HTTP each call would wait for two more threads
and their turns at the interpreter's lock, and be written and read as text four times.
"""

import sys
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from werkzeug.wrappers import Response


class Body(BytesIO):
    """A body as urllib3 would give it to botocore."""

    def stream(self, **_: Any) -> Any:
        """Everything that is still to be read."""
        if rest := self.read():
            yield rest


def answer(application: Any, request: AWSPreparedRequest) -> AWSResponse | None:
    """What a WSGI application answers; None where the request is to go over HTTP: its body is a stream, for example."""
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    if not isinstance(body, bytes | bytearray) or any("_" in name for name in request.headers):
        return None
    response = Response.from_app(application, _environ(request, bytes(body)))
    return AWSResponse(request.url, response.status_code, response.headers, Body(response.get_data()))


def _environ(request: AWSPreparedRequest, body: bytes) -> dict[str, Any]:
    """As werkzeug's server makes it (werkzeug.serving.WSGIRequestHandler.make_environ)."""
    parts = urlsplit(request.url)
    asked = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    environ: dict[str, Any] = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": asked,
        "RAW_URI": asked,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode() if isinstance(value, bytes) else str(value)
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ
