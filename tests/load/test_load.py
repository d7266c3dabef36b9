"""The load client against small real servers: it counts what goes wrong, and sends nothing twice."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rehearsal.load import Load

NAME = "payroll.test"
JSON = b'{"version": "1.0.0", "instance_id": "i-1"}'


def answer(status: int = 200, body: bytes = JSON) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Server:
    """Accepts connections; `serve` is called with each request's number and gives the bytes to send.

    None: close the connection without an answer.
    """

    def __init__(self, serve: Callable[[int], bytes | None], tls: ssl.SSLContext | None = None) -> None:
        self._serve, self._tls = serve, tls
        self.requests = self.connections = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(raw,), daemon=True).start()

    def _talk(self, raw: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(raw, server_side=True) if self._tls else raw as connection:
                buffer = b""
                while data := connection.recv(4096):
                    buffer += data
                    while b"\r\n\r\n" in buffer:
                        head, _, buffer = buffer.partition(b"\r\n\r\n")
                        with self._lock:
                            number, self.requests = self.requests, self.requests + 1
                        sent = self._serve(number)
                        if sent is None:
                            return
                        connection.sendall(sent)
                        if b"Connection: close" in head:
                            return
        except OSError:
            return


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(serve: Callable[[int], bytes | None], tls: ssl.SSLContext | None = None) -> Server:
        made.append(Server(serve, tls))
        return made[-1]

    yield make
    for one in made:
        one.close()


def load(server: Server, ca: Path | None = None, name: str = NAME) -> Load:
    return Load("127.0.0.1", name, ca, port=server.port, rate_per_second=200, clients=8)


def test_the_rate_is_kept_and_most_connections_too(server: Callable[..., Server]) -> None:
    one = server(lambda number: answer())
    with load(one) as running:
        time.sleep(1)
    figures = running.figures()
    assert figures.failed == 0
    assert 100 <= figures.requests <= 260
    assert figures.requests == one.requests
    kept = 6  # of eight clients
    assert kept < one.connections <= kept + figures.requests // 4 + 2
    assert figures.versions["1.0.0"].requests == figures.instances["i-1"].requests == figures.requests


def test_a_request_whose_connection_breaks_is_a_failure_and_is_not_sent_again(server: Callable[..., Server]) -> None:
    one = server(lambda number: None if number % 10 == 9 else answer())
    with load(one) as running:
        time.sleep(1)
    figures = running.figures()
    assert figures.requests == one.requests
    assert figures.failed == one.requests // 10
    assert set(figures.failures) == {"IncompleteReadError"}


def test_every_status_but_200_is_a_failure_with_its_time(server: Callable[..., Server]) -> None:
    start = time.monotonic()
    one = server(lambda number: answer(503, b"no") if _between(start, 0.4, 0.6) else answer())
    with load(one) as running:
        time.sleep(1)
    figures = running.figures()
    assert 0 < figures.failures["503"] == figures.failed < figures.requests / 2
    assert figures.failed_at is not None
    first, last = figures.failed_at
    assert 0.3 <= first <= last <= 0.7


def test_who_answered_when_is_told(server: Callable[..., Server]) -> None:
    start = time.monotonic()
    one = server(lambda number: answer(body=JSON if _between(start, 0, 0.5) else JSON.replace(b"1.0.0", b"1.1.0")))
    with load(one) as running:
        time.sleep(1)
    versions = running.figures().versions
    assert versions["1.0.0"].last <= versions["1.1.0"].first + 0.1


def test_nobody_listening_is_counted_and_ends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Load("127.0.0.1", NAME, None, port=port, rate_per_second=100, clients=4) as running:
        time.sleep(0.3)
    figures = running.figures()
    assert figures.failures == {"ConnectionRefusedError": figures.requests}
    assert figures.requests > 10


def test_only_the_given_authority_and_the_right_name_are_trusted(server: Callable[..., Server], tmp_path: Path) -> None:
    context, ca = certificate(tmp_path / "own")
    _, stranger = certificate(tmp_path / "stranger")
    one = server(lambda number: answer(), context)
    for authority, name, trusted in ((ca, NAME, True), (stranger, NAME, False), (ca, "other.test", False)):
        with load(one, authority, name) as running:
            time.sleep(0.3)
        figures = running.figures()
        assert figures.requests > 0
        assert figures.failed == (0 if trusted else figures.requests)
        assert set(figures.failures) <= {"SSLCertVerificationError"}


def test_a_network_that_cannot_be_entered_is_told(server: Callable[..., Server]) -> None:
    def enter() -> None:
        raise PermissionError("not root")

    with pytest.raises(PermissionError, match="not root"), Load("127.0.0.1", NAME, None, enter=enter):
        pass


def _between(start: float, first: float, last: float) -> bool:
    return first <= time.monotonic() - start < last


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for NAME, and the authority that signed it (itself)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder.mkdir()
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context, folder / "ca.pem"
