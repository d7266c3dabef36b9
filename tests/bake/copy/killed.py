"""`python killed.py OPERATION WHEN NUMBER ARGUMENTS…`: python -m bake ARGUMENTS, which kills itself with SIGKILL.

WHEN is `before` or `after`: before the NUMBERth call of OPERATION is sent, or after it was answered. With OPERATION
`none` it is not killed and ends by writing all calls that change something, one a line, on standard error.
"""

import os
import signal
import sys
import threading
from typing import Any

from bake.cli import bake
from console.aws import Aws
from console.command import run

operation, when, number, *arguments = sys.argv[1:]
lock = threading.Lock()
left = int(number)
made: list[str] = []
make = Aws.client


def count(name: str) -> None:
    global left
    if name != operation:
        return
    with lock:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def client(self: Aws, service: str) -> Any:
    known = service in self._clients
    found = make(self, service)
    if not known:
        found.meta.events.register("before-call", lambda model, **_: made.append(model.name))
        point = "before-call" if when == "before" else "after-call"
        found.meta.events.register(point, lambda model, **_: count(model.name))
    return found


Aws.client = client  # type: ignore[method-assign]
try:
    run(bake, arguments, program="python -m bake")
finally:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command has ended, only this is still to be told
    for name in made:
        if not name.startswith(("Describe", "Get", "List", "Assume")):
            print(f"call {name}", file=sys.stderr)
