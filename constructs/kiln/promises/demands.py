"""What is asked of one property, and the values that break it: the words in which promises are written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kiln.promises.paths import MISSING
from kiln.promises.values import Json, as_text, is_known


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand on the places that a path means.

    Args:
        path: see `paths`.
        holds: whether a value is right; `MISSING` where there is none.
        expected: for people: "true", "at least 7".
        worse: values that break it, given the one that is there; `MISSING` takes the property away.
        judges: whether the value itself is looked at; False where any value is right, also one that is not known yet.
    """

    path: str
    holds: Callable[[Json], bool]
    expected: str
    worse: Callable[[Json], Iterable[Json]]
    judges: bool = True

    def is_met(self, value: Json, *, complete: bool) -> bool:
        """Whether a value is right; one that only a deployment knows passes unless everything should be known."""
        if self.judges and not is_known(value):
            return not complete
        return self.holds(value)


def same(value: Json, wanted: Json) -> bool:
    """Equal as CloudFormation sees it: the text "true" is true, "35" is 35."""
    return value is not MISSING and as_text(value) == as_text(wanted)


def number(value: Json) -> float:
    """A value as a number; what is none is not a number, and compares as less and more than nothing."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def equals(path: str, wanted: Json) -> Demand:
    """Exactly this value."""
    other: Json = not wanted if isinstance(wanted, bool) else wanted + 1 if isinstance(wanted, int) else f"not-{wanted}"
    return Demand(path, lambda v: same(v, wanted), as_text(wanted), lambda _: (other, MISSING))


def among(path: str, allowed: tuple[Json, ...], weak: tuple[Json, ...] = ("weak",)) -> Demand:
    """One of these values; `weak` ones are tried when it is broken."""
    expected = " or ".join(map(as_text, allowed))
    return Demand(path, lambda v: any(same(v, one) for one in allowed), expected, lambda _: (*weak, MISSING))


def never(path: str, refused: tuple[Json, ...]) -> Demand:
    """None of these values; no value at all is right."""
    expected = f"not {' or '.join(map(as_text, refused))}"
    return Demand(path, lambda v: not any(same(v, one) for one in refused), expected, lambda _: refused)


def at_least(path: str, least: float) -> Demand:
    """A number of at least `least`."""
    return Demand(path, lambda v: number(v) >= least, f"at least {least:g}", lambda _: (_whole(least - 1), MISSING))


def at_most(path: str, most: float) -> Demand:
    """A number of at most `most`."""
    return Demand(path, lambda v: number(v) <= most, f"at most {most:g}", lambda _: (_whole(most + 1), MISSING))


def present(path: str) -> Demand:
    """Any value."""
    return Demand(path, lambda v: v not in (MISSING, "", [], {}), "a value", lambda _: (MISSING,), judges=False)


def absent(path: str, such_as: Json) -> Demand:
    """No value; `such_as` is tried when it is broken."""
    return Demand(path, lambda v: v is MISSING, "nothing", lambda _: (such_as,), judges=False)


def own_key(path: str, of_aws: str) -> Demand:
    """A key, but not the one that AWS manages for the service."""
    return Demand(
        path,
        lambda v: v not in (MISSING, "", of_aws) and not str(v).endswith(f":{of_aws}"),
        f"a key of our own, not {of_aws}",
        lambda _: (of_aws, MISSING),
        judges=False,
    )


def includes(path: str, items: tuple[Json, ...]) -> Demand:
    """A list with at least these items, or a text of them with commas between."""

    def parts(value: Json) -> list[str]:
        listed = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else []
        return [as_text(item) for item in listed]

    def worse(value: Json) -> Iterable[Json]:
        for item in items:
            kept = [part for part in parts(value) if part != as_text(item)]
            yield ",".join(kept) if isinstance(value, str) else kept
        yield MISSING

    expected = f"with {', '.join(map(as_text, items))}"
    return Demand(path, lambda v: set(map(as_text, items)) <= set(parts(v)), expected, worse)


def count_at_least(path: str, least: int) -> Demand:
    """A list of at least so many items."""
    return Demand(
        path,
        lambda v: isinstance(v, list) and len(v) >= least,
        f"at least {least} items",
        lambda v: (v[: least - 1], MISSING) if isinstance(v, list) else (MISSING,),
    )


def meets(
    path: str,
    holds: Callable[[Json], bool],
    expected: str,
    worse: Callable[[Json], Iterable[Json]],
    *,
    judges: bool = True,
) -> Demand:
    """Any other demand."""
    return Demand(path, holds, expected, worse, judges)


def _whole(value: float) -> Json:
    return int(value) if value == int(value) else value
