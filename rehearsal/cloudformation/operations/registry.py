"""Which operations there are, and which members of its request each of them honours.

STRICT: any other member that says something is refused, so that no option is ever accepted and forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation.engine import Engine
from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.stack import Stack
from rehearsal.front.service import Caller

Request = dict[str, Any]
SAYS_NOTHING: tuple[Any, ...] = (None, False, [], {}, "")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `changing`: the stack that has begun to change, for which the answer may wait a moment."""

    response: Request
    changing: Stack | None = None


Act = Callable[[Engine, Caller, Request], Answer]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation and the members of its request that it honours."""

    name: str
    act: Act
    honours: frozenset[str]

    def refuse_the_rest(self, request: Request) -> None:
        """Raises AwsError for a member that says something and that nobody would honour."""
        said = sorted(k for k, v in request.items() if k not in self.honours and v not in SAYS_NOTHING)
        if said:
            raise invalid(f"{self.name}: {', '.join(said)}: not emulated, nobody would honour it")


OPERATIONS: dict[str, Operation] = {}


def honours(members: str = "") -> Callable[[Act], Act]:
    """Register a function as the operation of its name in CamelCase; `members`: what it honours, by blanks.

    NextToken is always taken: there is only ever one page.
    """

    def register(act: Act) -> Act:
        name = "".join(part.capitalize() for part in act.__name__.split("_"))
        OPERATIONS[name] = Operation(name, act, frozenset({*members.split(), "NextToken"}))
        return act

    return register
