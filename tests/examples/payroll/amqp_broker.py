"""As much of a RabbitMQ as a listener meets, over TLS, written from the protocol and not with the listener's client.

One channel, one consumer. https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf
"""

import socket
import ssl
import struct
import threading
from contextlib import suppress
from pathlib import Path

METHOD, HEADER, BODY, HEARTBEAT, END = 1, 2, 3, 8, b"\xce"
START, START_OK, TUNE, OPEN, OPEN_OK, CLOSE, CLOSE_OK = (
    (10, 10),
    (10, 11),
    (10, 30),
    (10, 40),
    (10, 41),
    (10, 50),
    (10, 51),
)
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE, CHANNEL_CLOSE_OK = (20, 10), (20, 11), (20, 40), (20, 41)
DECLARE, DECLARE_OK, QOS, QOS_OK = (50, 10), (50, 11), (60, 10), (60, 11)
CONSUME, CONSUME_OK, CANCEL, CANCEL_OK = (60, 20), (60, 21), (60, 30), (60, 31)
DELIVER, ACK, REJECT = (60, 60), (60, 80), (60, 90)


def short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class Broker:
    """Delivers what it is given; remembers what it was told. `port` is where it listens."""

    def __init__(self, certificate: Path, key: Path, username: str, password: str, port: int = 0) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self._response = f"\0{username}\0{password}".encode()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self.messages: list[bytes] = []
        self.acknowledged: list[int] = []
        self.refused: list[tuple[int, bool]] = []  # delivery tag, whether it comes again
        self.declared: list[str] = []
        self.goodbyes = 0
        self._connection: ssl.SSLSocket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Be gone at once, as a broker that is being replaced."""
        self._listener.close()
        if self._connection:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                with suppress(OSError, EOFError), self._tls.wrap_socket(raw, server_side=True) as connection:
                    self._connection = connection
                    self._talk(connection)

    def _talk(self, to: ssl.SSLSocket) -> None:
        if self._read(to, 8) != b"AMQP\0\0\x09\x01":
            return
        self._method(to, 0, START, b"\0\x09" + long(b"") + long(b"PLAIN") + long(b"en_US"))
        while True:
            kind, channel, payload = self._frame(to)
            if kind == HEARTBEAT:
                continue
            method = struct.unpack(">HH", payload[:4])
            if not self._answer(to, channel, method, payload[4:]):
                return

    def _answer(self, to: ssl.SSLSocket, channel: int, method: tuple[int, ...], rest: bytes) -> bool:
        if method == START_OK:
            if self._response not in rest:
                return False  # as RabbitMQ does: the connection ends
            self._method(to, 0, TUNE, struct.pack(">HIH", 8, 131072, 60))
        elif method == OPEN:
            self._method(to, 0, OPEN_OK, short(""))
        elif method == CHANNEL_OPEN:
            self._method(to, channel, CHANNEL_OPEN_OK, long(b""))
        elif method == DECLARE:
            name = rest[3 : 3 + rest[2]].decode()
            self.declared.append(name)
            self._method(to, channel, DECLARE_OK, short(name) + struct.pack(">II", len(self.messages), 0))
        elif method == QOS:
            self._method(to, channel, QOS_OK, b"")
        elif method == CONSUME:
            tag = rest[3 + rest[2] :]
            consumer = tag[1 : 1 + tag[0]].decode()
            self._method(to, channel, CONSUME_OK, short(consumer))
            for number, body in enumerate(self.messages, start=1):
                self._deliver(to, channel, consumer, number, body)
        elif method == ACK:
            self.acknowledged.append(struct.unpack(">Q", rest[:8])[0])
        elif method == REJECT:
            self.refused.append((struct.unpack(">Q", rest[:8])[0], bool(rest[8])))
        elif method == CANCEL:
            self._method(to, channel, CANCEL_OK, rest[: 1 + rest[0]])
        elif method == CHANNEL_CLOSE:
            self._method(to, channel, CHANNEL_CLOSE_OK, b"")
        elif method == CLOSE:
            self.goodbyes += 1
            self._method(to, 0, CLOSE_OK, b"")
            return False
        return True

    def _deliver(self, to: ssl.SSLSocket, channel: int, consumer: str, number: int, body: bytes) -> None:
        place = short(consumer) + struct.pack(">QB", number, 0) + short("") + short("payroll.events")
        self._method(to, channel, DELIVER, place)
        message_id = 0x0080
        self._send(to, HEADER, channel, struct.pack(">HHQH", 60, 0, len(body), message_id) + short(f"m-{number}"))
        self._send(to, BODY, channel, body)

    def _method(self, to: ssl.SSLSocket, channel: int, method: tuple[int, int], rest: bytes) -> None:
        self._send(to, METHOD, channel, struct.pack(">HH", *method) + rest)

    def _send(self, to: ssl.SSLSocket, kind: int, channel: int, payload: bytes) -> None:
        to.sendall(struct.pack(">BHI", kind, channel, len(payload)) + payload + END)

    def _frame(self, to: ssl.SSLSocket) -> tuple[int, int, bytes]:
        kind, channel, size = struct.unpack(">BHI", self._read(to, 7))
        payload = self._read(to, size)
        self._read(to, 1)
        return kind, channel, payload

    def _read(self, to: ssl.SSLSocket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (more := to.recv(size - len(data))):
                raise EOFError
            data += more
        return data
