"""Steady, bounded load that hides nothing: raw sockets, no retries, every failure counts with its time.

Client libraries send a request again when a reused connection breaks, and so hide just the failures that a deployment
must not cause. Here a request is sent once. Three quarters of the clients keep their connections, the others open one
for each request. The rate is kept as long as the answers come in time; where they hang, each client waits for its own,
so compare counts of failures, not rates.
"""

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RATE_PER_SECOND = 90.0
CLIENTS = 20
FRESH_EACH = 4  # one client of so many opens a connection for each request
ANSWER_SECONDS = 10.0
HEAD_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Seen:
    """When something was answered first and last, in seconds since the load began, and how often."""

    first: float
    last: float
    requests: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of a load. Times are seconds since it began.

    `failures` counts what went wrong by kind (an HTTP status or the name of an error), `failed_at` says when it went
    wrong first and last, `versions` and `instances` say who answered and when.
    """

    requests: int
    failed: int
    seconds: float
    slowest: float
    failures: dict[str, int] = field(default_factory=dict)
    failed_at: tuple[float, float] | None = None
    versions: dict[str, Seen] = field(default_factory=dict)
    instances: dict[str, Seen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Result:
    began: float
    took: float
    failure: str = ""
    version: str = ""
    instance: str = ""


class Load:
    """`with Load(address, host_name, ca) as load: …` asks while the block runs; `load.figures()` tells what came of it.

    Args:
        address: where the load balancer listens.
        host_name: the name in its certificate and in the requests.
        ca: the only certificate authority that is trusted; None: plain HTTP.
        enter: called in the thread that makes the connections, e.g. to enter a network namespace.
    """

    def __init__(
        self,
        address: str,
        host_name: str,
        ca: Path | None,
        *,
        port: int | None = None,
        path: str = "/",
        rate_per_second: float = RATE_PER_SECOND,
        clients: int = CLIENTS,
        enter: Callable[[], None] | None = None,
    ) -> None:
        self._address, self._host_name = address, host_name
        self._tls = ssl.create_default_context(cafile=str(ca)) if ca else None
        self._port = port or (443 if ca else 80)
        self._path, self._clients, self._pause = path, clients, clients / rate_per_second
        self._enter = enter
        self._results: list[_Result] = []
        self._stop, self._first = threading.Event(), threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._began = self._ended = 0.0

    def __enter__(self) -> "Load":
        self._began = time.monotonic()
        self._thread.start()
        self._first.wait(ANSWER_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(ANSWER_SECONDS * 2)
        self._ended = time.monotonic()
        if self._fault is not None:
            raise self._fault

    def figures(self) -> Figures:
        """What came of the load, until now or until it ended."""
        results = list(self._results)
        bad = [r for r in results if r.failure]
        times = [r.began - self._began for r in bad]
        return Figures(
            requests=len(results),
            failed=len(bad),
            seconds=round((self._ended or time.monotonic()) - self._began, 1),
            slowest=round(max((r.took for r in results), default=0.0), 3),
            failures=dict(Counter(r.failure for r in bad)),
            failed_at=(round(min(times), 1), round(max(times), 1)) if times else None,
            versions=self._seen([(r.version, r.began) for r in results]),
            instances=self._seen([(r.instance, r.began) for r in results]),
        )

    def _seen(self, answers: list[tuple[str, float]]) -> dict[str, Seen]:
        times: dict[str, list[float]] = {}
        for name, began in answers:
            if name:
                times.setdefault(name, []).append(round(began - self._began, 1))
        return {name: Seen(min(at), max(at), len(at)) for name, at in times.items()}

    def _run(self) -> None:
        try:
            if self._enter is not None:
                self._enter()
            asyncio.run(self._all())
        except BaseException as fault:  # raised again where the load was asked for
            self._fault = fault
        finally:
            self._first.set()

    async def _all(self) -> None:
        await asyncio.gather(*(self._client(n) for n in range(self._clients)))

    async def _client(self, number: int) -> None:
        connection = _Connection(self._address, self._port, self._tls, self._host_name)
        fresh = number % FRESH_EACH == 0
        due = time.monotonic() + number * self._pause / self._clients
        while not self._stop.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            # After a hang it goes on at the same pace: what was missed is not made up for.
            due = max(due + self._pause, time.monotonic())
            self._results.append(await _ask(connection, self._path, fresh))
            self._first.set()
        connection.close()


class _Connection:
    """A connection that is opened when it is needed."""

    def __init__(self, address: str, port: int, tls: ssl.SSLContext | None, host_name: str) -> None:
        self._address, self._port, self._tls, self.host_name = address, port, tls, host_name
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The open connection; one that the other side has already closed is opened anew, as every client does."""
        if self._streams and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            name = self.host_name if self._tls else None
            self._streams = await asyncio.open_connection(
                self._address, self._port, ssl=self._tls, server_hostname=name, limit=HEAD_BYTES
            )
        return self._streams

    def close(self) -> None:
        """Close it, if it is open."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _ask(connection: _Connection, path: str, fresh: bool) -> _Result:
    """Send one request once. A failure is any status but 200 and any error on the way."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            status, last, body = await _exchange(connection, path, fresh)
    except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as problem:
        connection.close()
        return _Result(began, time.monotonic() - began, type(problem).__name__)
    if last or fresh:
        connection.close()
    took = time.monotonic() - began
    if status != 200:
        return _Result(began, took, str(status))
    said: dict[str, object] = {}
    with contextlib.suppress(ValueError):  # a page that is no JSON says nothing of who made it
        said = json.loads(body)
    return _Result(began, took, "", str(said.get("version", "")), str(said.get("instance_id", "")))


async def _exchange(connection: _Connection, path: str, fresh: bool) -> tuple[int, bool, bytes]:
    """Status, whether the other side closes the connection, and body."""
    reader, writer = await connection.streams()
    lines = [f"GET {path} HTTP/1.1", f"Host: {connection.host_name}", "Accept: application/json"]
    writer.write("\r\n".join([*lines, *(["Connection: close"] if fresh else []), "", ""]).encode())
    await writer.drain()
    start, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest) if name}
    last = fields.get("connection", "").lower() == "close"
    if "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
    elif last:
        body = await reader.read()
    else:
        raise ValueError("an answer of unknown length")
    return int(start.split(" ", 2)[1]), last, body
