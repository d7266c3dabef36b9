"""The endpoint in front of the endpoint: what it counts, and how it can be in the way."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import RemoteDisconnected
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rehearsal.proxy import Answer, Call, NoAnswerError, Proxy, refusal

SCOPE = "AWS4-HMAC-SHA256 Credential=key/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"


class Echo(BaseHTTPRequestHandler):
    """Says what it was asked for."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("X-Asked", self.path)
        self.end_headers()
        self.wfile.write(b"behind: " + body)

    do_GET = do_PUT = do_DELETE = do_POST

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    behind = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=behind.serve_forever, args=(0.05,), daemon=True).start()
    try:
        with Proxy(f"http://127.0.0.1:{behind.server_address[1]}") as proxy:
            yield proxy
    finally:
        behind.shutdown()
        behind.server_close()


def ask(proxy: Proxy, service: str, method: str = "POST", path: str = "/", body: bytes = b"", **headers: str) -> bytes:
    known = {"Authorization": SCOPE.format(service), **{name.replace("_", "-"): text for name, text in headers.items()}}
    request = urllib.request.Request(proxy.url + path, data=body or None, method=method, headers=known)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


def test_calls_are_numbered_and_named_by_what_they_ask_for(proxy: Proxy) -> None:
    assert ask(proxy, "ec2", body=b"Action=RunInstances&Version=1") == b"behind: Action=RunInstances&Version=1"
    ask(proxy, "ssm", body=b"{}", X_Amz_Target="AmazonSSM.GetParameters")
    ask(proxy, "s3", "GET", "/bucket/images/web/1.json")
    ask(proxy, "s3", "PUT", "/bucket/leases/web/1.json", b"{}")
    ask(proxy, "s3", "GET", "/bucket?list-type=2")
    assert [str(call) for call in proxy.calls] == [
        "1 ec2:RunInstances",
        "2 ssm:GetParameters",
        "3 s3:GetObject images/web/1.json",
        "4 s3:PutObject leases/web/1.json",
        "5 s3:ListObjectsV2",
    ]
    assert [call.writes for call in proxy.calls] == [True, False, False, True, False]


def test_a_call_can_be_answered_in_the_place_of_the_endpoint_and_an_answer_changed(proxy: Proxy) -> None:
    def before(call: Call) -> Answer | None:
        return refusal("ec2", "VcpuLimitExceeded", "too many") if call.operation == "RunInstances" else None

    def after(call: Call, answer: Answer) -> Answer:
        return Answer(answer.status, answer.body.replace(b"behind", b"changed"))

    proxy.before, proxy.after = before, after
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(proxy, "ec2", body=b"Action=RunInstances")
    assert (caught.value.code, b"<Code>VcpuLimitExceeded</Code>" in caught.value.read()) == (400, True)
    assert ask(proxy, "ec2", body=b"Action=DescribeImages").startswith(b"changed: ")


def test_an_endpoint_that_dies_closes_the_connection_without_a_word(proxy: Proxy) -> None:
    def dead(call: Call) -> Answer | None:
        raise NoAnswerError

    proxy.before = dead
    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        ask(proxy, "ec2", body=b"Action=DescribeImages")
    assert len(proxy.calls) == 1
