"""What a guest finds at its own addresses: the metadata service at 169.254.169.254 and the API on its loopback.

A throw-away thread enters the guest's network namespace, opens the listening sockets there and ends; the sockets stay
and are served from here. So there is no rule and no port on the host, and the socket itself tells which guest asks.
One thread with one event loop serves all guests; the same loop notices when a guest ends, by its process.
"""

import asyncio
import logging
import os
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from console.errors import KilnError
from rehearsal.guests.metadata import Answer, Metadata
from rehearsal.guests.namespace import set_namespace

METADATA = ("169.254.169.254", 80)
IDLE_SECONDS = 60
CALL_SECONDS = 10
PIECE = 64 * 1024

log = logging.getLogger("rehearsal.guests")
Result = TypeVar("Result")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Attachment:
    """The sockets of one guest and the watch over its first process (a pidfd; None: not watched any more)."""

    process: int | None
    servers: list[asyncio.Server] = field(default_factory=list)


class Loopback:
    """Serves the sockets of all guests.

    Args:
        api_port: the port of the API, on the loopback of this process and on that of every guest.
    """

    def __init__(self, api_port: int) -> None:
        self._api_port = api_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopback", daemon=True)

    def start(self) -> None:
        """Start serving; the thread is in the network namespace of the caller, where the API answers."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        if not self._thread.is_alive():
            return
        self._call(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()

    def attach(self, pid: int, metadata: Metadata, ended: Callable[[], None]) -> Attachment:
        """Open a guest's sockets, and call `ended` once its first process has ended. Raises OSError, KilnError."""
        attachment = Attachment(os.pidfd_open(pid))
        address = ("ip", "addr", "add", f"{METADATA[0]}/32", "dev", "lo")
        for command in (("ip", "link", "set", "lo", "up"), address):
            inside = ["nsenter", f"--net=/proc/{pid}/ns/net", "--", *command]
            done = subprocess.run(inside, capture_output=True, text=True, timeout=CALL_SECONDS)
            if done.returncode and "File exists" not in done.stderr:
                raise KilnError("a guest's loopback cannot be set up", found=done.stderr.strip())

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _serve_metadata(metadata, reader, writer)

        for where, handler in ((METADATA, answer), (("127.0.0.1", self._api_port), self._relay)):
            listener = listener_inside(pid, where)
            attachment.servers.append(self._call(asyncio.start_server(_closing(handler), sock=listener)))
        self._loop.call_soon_threadsafe(self._watch, attachment, ended)
        return attachment

    def detach(self, attachment: Attachment) -> None:
        """Close a guest's sockets; its end is not told any more."""
        self._call(self._end(attachment))

    async def _end(self, attachment: Attachment) -> None:
        for server in attachment.servers:
            server.close()
        self._forget(attachment)

    def _watch(self, attachment: Attachment, ended: Callable[[], None]) -> None:
        def gone() -> None:
            self._forget(attachment)
            ended()

        if attachment.process is not None:
            self._loop.add_reader(attachment.process, gone)

    def _forget(self, attachment: Attachment) -> None:
        if attachment.process is not None:
            self._loop.remove_reader(attachment.process)
            os.close(attachment.process)
            attachment.process = None

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Bytes to the API and back."""
        from_api, to_api = await asyncio.open_connection("127.0.0.1", self._api_port)
        try:
            await asyncio.gather(_pump(reader, to_api), _pump(from_api, writer))
        finally:
            to_api.close()


def listener_inside(pid: int, address: tuple[str, int]) -> socket.socket:
    """A listening socket in the network namespace of a process. Raises what opening it raises."""
    made: list[socket.socket | Exception] = []

    def enter_and_listen() -> None:
        try:
            with Path(f"/proc/{pid}/ns/net").open("rb") as namespace:
                set_namespace(namespace.fileno())
            made.append(socket.create_server(address, backlog=128))
        except (OSError, KilnError) as error:
            made.append(error)

    thread = threading.Thread(target=enter_and_listen)  # only this thread changes its namespace, and it ends here
    thread.start()
    thread.join()
    if isinstance(made[0], Exception):
        raise made[0]
    return made[0]


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _closing(handler: Handler) -> Handler:
    """The handler; afterwards, and when the other side has gone, the connection is closed."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError, TimeoutError):  # the guest, or the API, has closed the connection
                await handler(reader, writer)
        finally:
            writer.close()

    return handle


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(PIECE):
        target.write(piece)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()


async def _serve_metadata(metadata: Metadata, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """HTTP/1.1 with connections that stay open; requests of the metadata service have no bodies."""
    while True:
        async with asyncio.timeout(IDLE_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, _, rest = first.partition(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if (length := headers.get("content-length", "0")) != "0" or "transfer-encoding" in headers:
            log.info("a metadata request with a body of %s bytes is refused", length)
            await _write(writer, method, Answer(400))
            return
        path = rest.rpartition(" ")[0].partition("?")[0]
        # Role credentials are asked of the API, which takes a moment: not in the event loop.
        answer = await asyncio.get_running_loop().run_in_executor(None, _answer, metadata, method, path, headers)
        await _write(writer, method, answer)
        if headers.get("connection", "").lower() == "close":
            return


def _answer(metadata: Metadata, method: str, path: str, headers: dict[str, str]) -> Answer:
    try:
        return metadata.answer(method, path, headers)
    except Exception:  # whatever it is, the guest gets an HTTP answer and the log the reason
        log.exception("metadata request %s %s", method, path)
        return Answer(500)


async def _write(writer: asyncio.StreamWriter, method: str, answer: Answer) -> None:
    body = answer.text.encode()
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", f"Content-Length: {len(body)}"]
    lines += ["Content-Type: text/plain", "Server: EC2ws", *(f"{n}: {v}" for n, v in answer.headers.items())]
    if answer.hop_limit is not None:
        # As on EC2, a token does not travel further than the option HttpPutResponseHopLimit lets it.
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, answer.hop_limit)
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if method == "HEAD" else body))
    await writer.drain()
