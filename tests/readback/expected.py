"""What answers have to be, in the words of the promises."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.readback.reading import Expected

Json = Any


def _all(found: Json, holds: Callable[[Json], bool]) -> bool:
    """Of a list, at least one and every item; of anything else, itself."""
    return bool(found) and all(map(holds, found)) if isinstance(found, list) else holds(found)


def is_(*allowed: Json) -> Expected:
    """One of these values; of a list, every item. `True` is not 1, and "true" is not True."""
    text = " or ".join(map(str, allowed))
    return Expected(
        text, lambda found: _all(found, lambda one: any(one == a and type(one) is type(a) for a in allowed))
    )


def present() -> Expected:
    """Something that is not empty; of a list, every item."""
    return Expected("something", lambda found: _all(found, lambda one: one not in (None, "", {}, [])))


def nothing() -> Expected:
    """None, or an empty list."""
    return Expected("nothing", lambda found: found in (None, [], {}, ""))


def is_not(*refused: Json) -> Expected:
    """None of these values, wherever it is in a list."""
    text = f"not {' or '.join(map(str, refused))}"
    return Expected(
        text, lambda found: not any(one in refused for one in (found if isinstance(found, list) else [found]))
    )


def at_least(least: float) -> Expected:
    """A number, or a text that is one; of a list, every item."""
    return Expected(f"at least {least}", lambda found: _all(found, lambda one: _number(one) >= least))


def between(least: float, most: float) -> Expected:
    """A number within both, which are allowed themselves."""
    return Expected(f"{least} to {most}", lambda found: _all(found, lambda one: least <= _number(one) <= most))


def includes(*wanted: str) -> Expected:
    """A list, or a text with commas, in which all of these are."""
    return Expected(f"{', '.join(wanted)} among it", lambda found: set(wanted) <= set(_items(found)))


def only(*allowed: str) -> Expected:
    """A list, or a text with commas, of nothing but these."""
    text = f"nothing but {', '.join(allowed)}"
    return Expected(text, lambda found: bool(_items(found)) and set(_items(found)) <= set(allowed))


def many(least: int) -> Expected:
    """A list, or a text with commas, of at least so many different items."""
    return Expected(f"at least {least}", lambda found: len(set(map(str, _items(found)))) >= least)


def own_key() -> Expected:
    """The name of a key that a stack of Payroll has made: by an ARN alone, AWS's own look the same."""
    return Expected("a key of our own", lambda found: _all(found, bool), of_our_keys=True)


def text(said: str, holds: Callable[[Json], bool]) -> Expected:
    """Anything else, with its words."""
    return Expected(said, holds)


def every(said: str, holds: Callable[[Json], bool]) -> Expected:
    """A list of which every item is so, and which is not empty."""
    return Expected(said, lambda found: isinstance(found, list) and _all(found, holds))


def no(said: str, bad: Callable[[Json], bool]) -> Expected:
    """A list of which no item is so, and which may be empty."""
    return Expected(said, lambda found: isinstance(found, list) and not any(map(bad, found)))


# policies -------------------------------------------------------------------------------------------------------------


def denies(actions: Iterable[str], operator: str = "", key: str = "", value: str = "") -> Expected:
    """A policy with a Deny for everybody of these actions, under this condition alone, or always."""

    def stands(one: Json) -> bool:
        condition = {operator: {key: value}} if operator else None
        return (
            one["Effect"] == "Deny"
            and _is_for_anybody(one)
            and all(_covers(_list(one["Action"]), action) for action in actions)
            and (_plain(one.get("Condition")) == condition)
        )

    said = f"a Deny of {' and '.join(actions)}" + (f" where {key} is {value}" if key else "")
    return Expected(said, lambda found: any(map(stands, statements(found))))


def denies_plain_http(*actions: str) -> Expected:
    return denies(actions, "Bool", "aws:SecureTransport", "false")


def refuses_anybody() -> Expected:
    """A policy that allows nothing to everybody without a condition."""

    def bad(one: Json) -> bool:
        return one["Effect"] == "Allow" and _is_for_anybody(one) and not one.get("Condition")

    return Expected(
        "no Allow for everybody", lambda found: bool(statements(found)) and not any(map(bad, statements(found)))
    )


def allows_none(said: str, bad: Callable[[list[str], list[str]], bool]) -> Expected:
    """Policies none of whose Allows is so, by its actions and resources."""

    def is_bad(one: Json) -> bool:
        return one["Effect"] == "Allow" and bad(_list(one.get("Action", [])), _list(one.get("Resource", [])))

    return Expected(said, lambda found: not any(is_bad(s) for doc in _documents(found) for s in statements(doc)))


def statements(document: Json) -> list[Json]:
    """The statements of a policy, which some services give as text."""
    found = json.loads(document) if isinstance(document, str) else document
    return _list((found or {}).get("Statement", []))


def _documents(found: Json) -> list[Json]:
    return found if isinstance(found, list) else [found]


def _covers(denied: list[str], action: str) -> bool:
    return bool({action, "*", f"{action.split(':')[0]}:*"} & {a.replace("SNS:", "sns:") for a in denied})


def _is_for_anybody(one: Json) -> bool:
    principal = one.get("Principal")
    return "*" in _list(principal.get("AWS", []) if isinstance(principal, dict) else principal)


def _plain(condition: Json) -> Json:
    """A condition with single values out of their lists."""
    if isinstance(condition, dict):
        return {key: _plain(value) for key, value in condition.items()} or None
    one = condition[0] if isinstance(condition, list) and len(condition) == 1 else condition
    return str(one) if isinstance(one, int | float) else one


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _items(found: Json) -> list[Json]:
    return [part.strip() for part in found.split(",")] if isinstance(found, str) else list(found or [])


def _number(found: Json) -> float:
    try:
        return float(found)
    except (TypeError, ValueError):
        return float("-inf")
