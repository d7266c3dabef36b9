"""Metric math: an expression's text → a tree → values. Pure.

Known: + - * / ^, comparisons, AND, OR, IF, FILL, MIN, MAX, SUM, AVG, ABS, CEIL, FLOOR, METRICS() and lists. Every
other function is refused by name when the alarm is made, so that no alarm ever waits for a value that cannot come.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

A value is a number, a time series (period → number, without the periods that have none) or a list of series.
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Series = Mapping[int, float]
Value = float | Series | tuple[Series, ...]

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|([A-Za-z]\w*)|(\|\||&&|[<>=!]=|[-+*/^()<>,\[\]]))")
SCALAR: Mapping[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
AGGREGATE: Mapping[str, Callable[[Sequence[float]], float]] = {
    "MIN": min,
    "MAX": max,
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
}
ARGUMENTS = {**dict.fromkeys((*SCALAR, *AGGREGATE), (1, 1)), "IF": (2, 3), "FILL": (2, 2), "METRICS": (0, 0)}
FILLINGS = ("REPEAT", "LINEAR")


class NotEmulated(Exception):
    """The expression cannot be evaluated here; the message says what in it."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A metric or another expression, by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator; `word` is FILL's REPEAT or LINEAR."""

    function: str
    arguments: tuple["Node", ...]
    word: str = ""


Node = Number | Name | Call


def names(node: Node) -> Iterator[str]:
    """The ids that an expression mentions; "*" stands for all metrics."""
    if isinstance(node, Name):
        yield node.id
    elif isinstance(node, Call):
        if node.function == "METRICS":
            yield "*"
        for argument in node.arguments:
            yield from names(argument)


# Reading ------------------------------------------------------------------------------------------------------------


def parse(text: str) -> Node:
    """The tree of an expression. Raises NotEmulated."""
    reader = _Reader(text)
    tree = reader.disjunction()
    if reader.token:
        raise NotEmulated(f"{reader.token!r} is not expected in {text!r}")
    return tree


class _Reader:
    """Recursive descent over the tokens of one expression; what binds closest is read last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self.token = ""
        self._next()

    def _next(self) -> str:
        taken, self.token = self.token, next(self._tokens, "")
        return taken

    def _take(self, wanted: str) -> None:
        if self._next() != wanted:
            raise NotEmulated(f"{wanted!r} is missing in {self._text!r}")

    def _left(self, operand: Callable[[], Node], *operators: str) -> Node:
        found = operand()
        while self.token in operators:
            found = Call(self._next(), (found, operand()))
        return found

    def disjunction(self) -> Node:
        return self._left(self._conjunction, "||", "OR")

    def _conjunction(self) -> Node:
        return self._left(self._comparison, "&&", "AND")

    def _comparison(self) -> Node:
        return self._left(self._sum, "<", "<=", ">", ">=", "==", "!=")

    def _sum(self) -> Node:
        return self._left(self._product, "+", "-")

    def _product(self) -> Node:
        return self._left(self._sign, "*", "/")

    def _sign(self) -> Node:
        if self.token == "-":
            self._next()
            return Call("NEG", (self._sign(),))
        base = self._atom()
        return Call(self._next(), (base, self._sign())) if self.token == "^" else base

    def _atom(self) -> Node:
        token = self._next()
        if token == "(":
            inner = self.disjunction()
            self._take(")")
            return inner
        if token == "[":
            return Call("LIST", self._list("]"))
        if token[:1].isdigit() or token[:1] == ".":
            return Number(float(token))
        if not token[:1].isalpha():
            raise NotEmulated(f"{token or 'the end'!r} is not expected in {self._text!r}")
        if self.token != "(":
            return Name(token)
        return self._call(token)

    def _call(self, function: str) -> Node:
        if function not in ARGUMENTS:
            known = ", ".join(sorted(ARGUMENTS))
            raise NotEmulated(f"the function {function} in {self._text!r} is not emulated; these are: {known}")
        self._take("(")
        arguments = self._list(")")
        least, most = ARGUMENTS[function]
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise NotEmulated(f"{function} takes {wanted} argument(s), in {self._text!r} it has {len(arguments)}")
        if function == "FILL" and isinstance(arguments[1], Name) and arguments[1].id in FILLINGS:
            return Call(function, arguments[:1], arguments[1].id)
        return Call(function, arguments)

    def _list(self, end: str) -> tuple[Node, ...]:
        found = []
        while self.token != end:
            found.append(self.disjunction())
            if self.token != end:
                self._take(",")
        self._take(end)
        return tuple(found)


def _tokens(text: str) -> Iterator[str]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise NotEmulated(f"{text[position:].strip()[:1]!r} is not expected in {text!r}")
        position = match.end()
        yield str(match[1] or match[2] or match[3])


# Values -------------------------------------------------------------------------------------------------------------


def evaluate(node: Node, known: Mapping[str, Series], periods: Sequence[int]) -> Series:
    """The expression as a time series over `periods`; `known` are the metrics by id.

    A number stands for itself in every period. A division by zero has no value, as on CloudWatch.
    """
    found = _value(node, known, periods)
    if isinstance(found, tuple):
        return found[0] if len(found) == 1 else {}
    return found if isinstance(found, Mapping) else dict.fromkeys(periods, found)


def _value(node: Node, known: Mapping[str, Series], periods: Sequence[int]) -> Value:
    match node:
        case Number(value):
            return value
        case Name(id):
            return known.get(id, {})
        case Call("METRICS"):
            return tuple(known.values())
        case Call("FILL", arguments, word):
            return _filled(_series(_value(arguments[0], known, periods), periods), node, known, periods, word)
    assert isinstance(node, Call)
    given = [_value(argument, known, periods) for argument in node.arguments]
    if node.function == "LIST":
        return tuple(_series(v, periods) for v in given)
    if node.function == "IF":
        return _choice(given, periods)
    if node.function in AGGREGATE:
        return _aggregated(AGGREGATE[node.function], given[0])
    return _pointwise(node.function, given)


def _series(value: Value, periods: Sequence[int]) -> Series:
    if isinstance(value, tuple):
        return value[0] if value else {}
    return value if isinstance(value, Mapping) else dict.fromkeys(periods, value)


def _choice(given: list[Value], periods: Sequence[int]) -> Series:
    condition, *branches = (_series(v, periods) for v in given)
    otherwise = branches[1] if len(branches) > 1 else {}
    chosen = {p: (branches[0] if condition[p] else otherwise).get(p) for p in periods if p in condition}
    return {p: v for p, v in chosen.items() if v is not None}


def _aggregated(function: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Over a list: one series; over one series: one number, which is nothing where the series is empty."""
    if isinstance(value, tuple):
        at = sorted({p for series in value for p in series})
        return {p: function([series[p] for series in value if p in series]) for p in at}
    if isinstance(value, Mapping):
        return function(list(value.values())) if value else {}
    return value


OPERATORS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "&&": lambda a, b: bool(a) and bool(b),
    "AND": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b),
    "OR": lambda a, b: bool(a) or bool(b),
}
UNARY: Mapping[str, Callable[[float], float]] = {"NEG": operator.neg, **SCALAR}


def _pointwise(function: str, given: list[Value]) -> Value:
    if any(isinstance(v, tuple) for v in given):
        lists = [v for v in given if isinstance(v, tuple)]
        length = len(lists[0])
        rows = [[v[n] if isinstance(v, tuple) else v for v in given] for n in range(length)]
        made = [_pointwise(function, list(row)) for row in rows]
        return tuple(v for v in made if isinstance(v, Mapping))
    series = [v for v in given if isinstance(v, Mapping)]
    numbers = [v for v in given if not isinstance(v, tuple)]
    if not series:
        found = _number(function, [v for v in numbers if not isinstance(v, Mapping)])
        return {} if found is None else found
    common = set(series[0]).intersection(*series[1:])
    made_at = {p: _number(function, [v[p] if isinstance(v, Mapping) else v for v in numbers]) for p in sorted(common)}
    return {p: v for p, v in made_at.items() if v is not None}


def _number(function: str, given: list[float]) -> float | None:
    try:
        found = float(UNARY[function](given[0]) if function in UNARY else OPERATORS[function](given[0], given[1]))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _filled(series: Series, node: Call, known: Mapping[str, Series], periods: Sequence[int], word: str) -> Series:
    if not word:
        filling = _value(node.arguments[1], known, periods)
        other = _series(filling, periods)
        return {p: series.get(p, other.get(p, math.nan)) for p in periods if p in series or p in other}
    found, last = dict[int, float](), None
    for period in periods:
        last = period if period in series else last
        if last is None:
            continue
        following = next((p for p in periods if p > period and p in series), None)
        if period in series or word == "REPEAT":
            found[period] = series[last]
        elif following is not None:
            share = (period - last) / (following - last)
            found[period] = series[last] + share * (series[following] - series[last])
    return found
