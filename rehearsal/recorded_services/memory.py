"""Memories: moto carries a request out, and what it drops of it is remembered and put into its answers.

A line of the table says for one service which requests have something to remember, and which answers want it. What is
remembered belongs to a key (an ARN, a name); it is forgotten when its owner goes.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.front.service import Caller
from rehearsal.recorded_services.shapes import without_none

Structure = dict[str, Any]
Recall = Callable[[str], Structure]
# request and answer → whose it is, and what to remember; None takes a member away again
Remember = Callable[[Structure, Structure], tuple[str, Structure]]
# request, answer and what is remembered of a key: puts it into the answer
Complete = Callable[[Structure, Structure, Recall], None]


@dataclass(frozen=True, slots=True)
class Line:
    """What is remembered of one service. `forget`: operation → the member of its request that names what goes."""

    service: str
    remember: Mapping[str, Remember]
    complete: Mapping[str, Complete]
    forget: Mapping[str, str] = field(default_factory=dict)


class Memory:
    """A Completion of the front that carries out one line."""

    def __init__(self, line: Line) -> None:
        self.name = line.service
        self.operations = frozenset({*line.remember, *line.complete, *line.forget})
        self._line = line
        self._kept: dict[tuple[str, str, str], Structure] = defaultdict(dict)
        self._lock = threading.Lock()

    def complete(self, caller: Caller, operation: str, request: Structure, answer: Structure) -> Structure:
        """The answer with what moto has left out."""
        line, asked = self._line, without_none(request)

        def place(key: str) -> tuple[str, str, str]:
            return caller.account, caller.region, key

        with self._lock:
            if operation in line.remember:
                key, members = line.remember[operation](asked, answer)
                merged = {**self._kept[place(key)], **members}
                self._kept[place(key)] = {k: v for k, v in merged.items() if v is not None}
            if operation in line.forget:
                self._kept.pop(place(str(asked[line.forget[operation]])), None)
            if operation in line.complete:
                line.complete[operation](asked, answer, lambda key: dict(self._kept.get(place(key), {})))
        return answer
