"""A .curlrc that is kept in step with the load balancers, so that a plain `curl https://NAME/` finds them by name."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

PERIOD_SECONDS = 0.5


class Endpoint(Protocol):
    """A load balancer: the address it listens on, its ports, and the names that lead to it."""

    @property
    def address(self) -> str: ...
    @property
    def ports(self) -> Sequence[int]: ...
    @property
    def dns_name(self) -> str: ...
    @property
    def host_names(self) -> Sequence[str]: ...


def text(ca: Path, endpoints: Sequence[Endpoint]) -> str:
    """The contents of .curlrc."""
    lines = ["# written by the rehearsal; follows its load balancers", f'cacert = "{ca}"']
    for endpoint in endpoints:
        for name in (*endpoint.host_names, endpoint.dns_name):
            lines += [f'resolve = "{name}:{port}:{endpoint.address}"' for port in endpoint.ports]
    return "\n".join(lines) + "\n"


@contextmanager
def kept_in_step(folder: Path, ca: Path, endpoints: Callable[[], Sequence[Endpoint]]) -> Iterator[None]:
    """Rewrite the file whenever the load balancers change, while the block runs."""
    folder.mkdir(exist_ok=True)
    file, ended = folder / ".curlrc", threading.Event()

    def follow() -> None:
        last = ""
        while not ended.wait(PERIOD_SECONDS if last else 0):
            if (now := text(ca, endpoints())) != last:
                draft = file.with_suffix(".new")
                draft.write_text(now)
                draft.replace(file)
                last = now

    thread = threading.Thread(target=follow, daemon=True, name="curl")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
