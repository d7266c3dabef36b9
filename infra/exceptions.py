"""The ledger of exceptions: what breaks a promise or a rule of a public checker, why it is right, and until when.

Two places explain: the resource itself, where a construct was told a reason (`kiln.exemption`), and for everything else
infra/exceptions.toml. An entry that explains nothing any more is wrong, as is one that has expired: a ledger that is
not true is worse than none.
"""

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from console.errors import BadInput
from infra.mistakes import Mistake, mistakes_of
from kiln.promises import Environment, Finding, Promise, findings

LEDGER = Path(__file__).resolve().parent / "exceptions.toml"
TABLE = "exception"
UNKNOWN = "the id of a promise: python -m infra promises lists them"
OWNERS = ("platform", "payroll", "security")

NAG = ("AwsSolutions-", "NIST.800.53.R5-", "PCI.DSS.321-")
"""How the rules of cdk-nag begin."""


class Entry(BaseModel):
    """One exception: rules that need not hold somewhere, for one reason."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rules: Annotated[
        tuple[str, ...],
        Field(
            strict=False,
            min_length=1,
            description='ids of promises, or of rules of cdk-nag or cfn-lint, such as ["W3005"]',
        ),
    ]
    where: Annotated[
        tuple[str, ...],
        Field(
            strict=False,
            min_length=1,
            description='paths of constructs from their stack on, such as ["Web/Web/Tier/*"]; * is anything',
        ),
    ]
    environments: Annotated[
        tuple[str, ...], Field(strict=False, description='names such as ["Dev"]; without it, all of them')
    ] = ()
    owner: Annotated[str, Field(pattern=f"^({'|'.join(OWNERS)})$", description=f"one of {', '.join(OWNERS)}")]
    reason: Annotated[
        str, Field(min_length=20, description="why it is right here: a sentence of 20 characters or more")
    ]
    expires: Annotated[date, Field(description="the last day on which it is right, such as 2027-06-30")]

    def explains(self, one: "Observed") -> bool:
        """Whether it is about this observation."""
        return (
            self._rule(one) is not None
            and self._place(one) is not None
            and (not self.environments or one.environment in self.environments)
        )

    def idle(self, observed: Iterable["Observed"], is_meant: Callable[[str], bool]) -> list[str]:
        """Its rules, as far as they are meant, and places that explain nothing of what was found."""
        explained = [one for one in observed if self.explains(one)]
        rules, places = {self._rule(one) for one in explained}, {self._place(one) for one in explained}
        idle_rules = [rule for rule in self.rules if is_meant(rule) and rule not in rules]
        idle_places = [place for place in self.where if place not in places] if all(map(is_meant, self.rules)) else []
        return [*idle_rules, *idle_places]

    def _rule(self, one: "Observed") -> str | None:
        return next((rule for rule in self.rules if rule in (one.rule, one.rule.partition("[")[0])), None)

    def _place(self, one: "Observed") -> str | None:
        return next((place for place in self.where if fnmatchcase(one.where, place)), None)


@dataclass(frozen=True, slots=True)
class Observed:
    """Something that a promise or a checker found.

    Args:
        rule: its id.
        where: the construct's path, or the environment's name where something is missing.
        environment: its name.
        text: the whole message.
    """

    rule: str
    where: str
    environment: str
    text: str


def load(file: Path = LEDGER) -> tuple[Entry, ...]:
    """The entries of the ledger. Errors: BadInput with the first mistake in it."""
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _wrong(file, "", str(error), "a ledger in TOML") from error
    if others := sorted(set(tables) - {TABLE}):
        raise _wrong(file, others[0], "a key or table of another name", f"only [[{TABLE}]]")
    return tuple(_entry(file, number, table) for number, table in enumerate(tables.get(TABLE, []), start=1))


def _entry(file: Path, number: int, table: object) -> Entry:
    try:
        return Entry.model_validate(table)
    except ValidationError as error:
        first = next(mistakes_of(file.name, Entry, error))
        raise _wrong(file, f"[[{TABLE}]] number {number}, {first.key}", first.found, first.expected) from error


def _wrong(file: Path, key: str, found: str, expected: str) -> BadInput:
    where = f"{file.name}: {key}" if key else file.name
    return BadInput("the ledger of exceptions has a mistake", where=where, found=found, expected=expected)


def open_ones(entries: Sequence[Entry], observed: Iterable[Observed]) -> list[Observed]:
    """What no entry explains."""
    return [one for one in observed if not any(entry.explains(one) for entry in entries)]


def expired(entries: Iterable[Entry], today: date) -> Iterator[Mistake]:
    """Entries whose last day has passed."""
    for entry in entries:
        if entry.expires < today:
            expected = "a day to come: correct what it explains, or judge it anew with its owner and set another day"
            yield Mistake(LEDGER.name, _name(entry), f"expired on {entry.expires}, owner {entry.owner}", expected)


def stale(
    entries: Iterable[Entry], observed: Collection[Observed], is_meant: Callable[[str], bool]
) -> Iterator[Mistake]:
    """Rules and places of entries that explain nothing that was found, as far as it was looked for."""
    for entry in entries:
        if idle := entry.idle(observed, is_meant):
            at = sorted({one.where for one in observed if one.rule.partition("[")[0] in entry.rules})
            found = f"nothing is found for {', '.join(idle)}" + (f"; found is: {', '.join(at)}" if at else "")
            yield Mistake(LEDGER.name, _name(entry), found, "only what is needed: take it away, or correct it")


def unknown(entries: Iterable[Entry], rules: Collection[str]) -> Iterator[Mistake]:
    """Rules of entries that look like a promise's id, and are none."""
    for entry in entries:
        for rule in filter(is_promise, entry.rules):
            if rule not in rules:
                yield Mistake(LEDGER.name, _name(entry), rule, UNKNOWN)


def is_promise(rule: str) -> bool:
    """Whether it can be the id of a promise: no rule of a public checker looks like one."""
    return not is_nag(rule) and not is_lint(rule)


def is_nag(rule: str) -> bool:
    """Whether it is a rule of cdk-nag."""
    return rule.startswith(NAG)


def is_lint(rule: str) -> bool:
    """Whether it is a rule of cfn-lint: a letter and four digits."""
    return len(rule) == 5 and rule[0] in "EWI" and rule[1:].isdigit()


def exemptions(environments: Sequence[Environment], promises: Sequence[Promise], today: date) -> tuple[Mistake, ...]:
    """What is wrong with the exemptions that resources carry themselves: unknown, expired, or needed nowhere."""
    known = {promise.id for promise in promises}
    broken = {(f.path, f.promise.id) for environment in environments for f in findings(environment, promises)}
    mistakes: dict[str, Mistake] = {}
    for resource in (resource for environment in environments for resource in environment):
        for entry in resource.exemptions:
            id, where = entry["promise"], f"{resource.path}: {entry['promise']}"
            if id not in known:
                mistakes[where] = Mistake("exempt()", where, id, UNKNOWN)
            elif (resource.path, id) not in broken:
                mistakes[where] = Mistake("exempt()", where, "the promise holds", "no exemption where none is needed")
            elif entry.get("expires") and date.fromisoformat(entry["expires"]) < today:
                mistakes[where] = Mistake("exempt()", where, f"expired on {entry['expires']}", "a day to come")
    return tuple(mistakes.values())


def exempted(found: Iterable[Finding]) -> dict[tuple[str, str, str], set[str]]:
    """(promise, path, reason) of what resources explain themselves → the environments where that is so."""
    explained: dict[tuple[str, str, str], set[str]] = {}
    for one in found:
        if one.exempted:
            explained.setdefault((one.promise.id, one.path, one.exempted), set()).add(one.environment)
    return explained


def _name(entry: Entry) -> str:
    return f"{', '.join(entry.rules)} at {', '.join(entry.where)}"
