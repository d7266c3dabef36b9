"""The rule of a composite alarm: ALARM("a") AND (OK("b") OR NOT INSUFFICIENT_DATA("c")). Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TOKEN = re.compile(r"""\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s()"']+))""")
STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")


class BadRule(Exception):
    """The rule cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Is:
    """An alarm, by its name, is in a state."""

    alarm: str
    state: str


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool


@dataclass(frozen=True, slots=True)
class Not:
    rule: "Rule"


@dataclass(frozen=True, slots=True)
class Both:
    left: "Rule"
    right: "Rule"


@dataclass(frozen=True, slots=True)
class Either:
    left: "Rule"
    right: "Rule"


Rule = Is | Constant | Not | Both | Either


def alarms(rule: Rule) -> Iterator[str]:
    """The names of the alarms in a rule."""
    match rule:
        case Is(alarm):
            yield alarm
        case Not(inner):
            yield from alarms(inner)
        case Both(left, right) | Either(left, right):
            yield from alarms(left)
            yield from alarms(right)


def holds(rule: Rule, state_of: Callable[[str], str]) -> bool:
    """Whether the rule is fulfilled; an alarm that is not there is in no state."""
    match rule:
        case Constant(value):
            return value
        case Is(alarm, state):
            return state_of(alarm) == state
        case Not(inner):
            return not holds(inner, state_of)
        case Both(left, right):
            return holds(left, state_of) and holds(right, state_of)
        case Either(left, right):
            return holds(left, state_of) or holds(right, state_of)


def parse(text: str) -> Rule:
    """The rule in a text. Raises BadRule."""
    reader = _Reader(text)
    rule = reader.either()
    if reader.token is not None:
        raise BadRule(f"{reader.token[1]!r} is not expected in {text!r}")
    return rule


Token = tuple[str, str]  # kind: ( ) text word


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self.token: Token | None = None
        self._next()

    def _next(self) -> Token:
        taken, self.token = self.token, next(self._tokens, None)
        return taken or ("end", "the end")

    def _word(self) -> str:
        return self.token[1].upper() if self.token and self.token[0] == "word" else ""

    def either(self) -> Rule:
        found = self._both()
        while self._word() == "OR":
            self._next()
            found = Either(found, self._both())
        return found

    def _both(self) -> Rule:
        found = self._not()
        while self._word() == "AND":
            self._next()
            found = Both(found, self._not())
        return found

    def _not(self) -> Rule:
        if self._word() == "NOT":
            self._next()
            return Not(self._not())
        kind, value = self._next()
        if kind == "(":
            inner = self.either()
            self._take(")")
            return inner
        word = value.upper() if kind == "word" else ""
        if word in ("TRUE", "FALSE"):
            return Constant(word == "TRUE")
        if word not in STATES:
            raise BadRule(f"{value!r} in {self._text!r}: expected {', '.join(STATES)}, TRUE, FALSE, NOT or (")
        self._take("(")
        kind, name = self._next()
        if kind not in ("text", "word"):
            raise BadRule(f"{name!r} in {self._text!r}: expected the name or ARN of an alarm")
        self._take(")")
        return Is(name.partition(":alarm:")[2] or name, word)

    def _take(self, wanted: str) -> None:
        kind, value = self._next()
        if kind != wanted:
            raise BadRule(f"{value!r} in {self._text!r}: expected {wanted}")


def _tokens(text: str) -> Iterator[Token]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise BadRule(f"{text[position:].strip()[:1]!r} is not expected in {text!r}")
        position = match.end()
        opening, closing, double, single, word = match.groups()
        if opening or closing:
            yield (opening or closing, opening or closing)
        elif word:
            yield ("word", word)
        else:
            quoted = double if double is not None else single
            yield ("text", re.sub(r"\\(.)", r"\1", quoted or ""))
