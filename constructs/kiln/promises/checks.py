"""How promises are checked, and how each check is broken on purpose.

`every("AWS::RDS::DBCluster").has("StorageEncrypted", True)` looks at each cluster; `some(every("AWS::KMS::Key"))` asks
for at least one; `every("AWS::S3::Bucket").beside(every("AWS::S3::BucketPolicy"), via="Bucket")` asks each bucket
for a policy that refers to it. A check finds breaches, and gives every mutation after which it must find one more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kiln.promises import demands as d
from kiln.promises.demands import Demand
from kiln.promises.paths import MISSING, Place, places, put
from kiln.promises.template import Environment, Resource
from kiln.promises.values import Json, as_text


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a promise does not hold: of which resource (None where one is missing), what is there, what should be."""

    resource: Resource | None
    path: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break something: what is done, and the new body of each resource, None for one that is taken away."""

    what: str
    changes: tuple[tuple[Resource, Json | None], ...]


class Check(Protocol):
    """What a promise is checked by."""

    def breaches(self, environment: Environment) -> Iterator[Breach]:
        """Every place where it does not hold."""

    def mutations(self, environment: Environment) -> Iterator[Mutation]:
        """Every way to break what holds."""


@dataclass(frozen=True, slots=True)
class Every:
    """Each resource of a type, as far as it passes the filters, meets the demands."""

    kind: str
    filters: tuple[Demand, ...] = ()
    demands: tuple[Demand, ...] = ()

    def where(self, path: str, *allowed: Json) -> "Every":
        """Only those with one of these values; without a value, only those that have the property."""
        demand = d.among(path, allowed) if allowed else d.present(path)
        return replace(self, filters=(*self.filters, demand))

    def unless(self, path: str, *refused: Json) -> "Every":
        """Not those with one of these values; without a value, not those that have the property."""
        demand = d.never(path, refused) if refused else d.absent(path, "")
        return replace(self, filters=(*self.filters, replace(demand, judges=False)))

    def asks(self, *more: Demand) -> "Every":
        """With further demands."""
        return replace(self, demands=(*self.demands, *more))

    def has(self, path: str, wanted: Json) -> "Every":
        """Exactly this value."""
        return self.asks(d.equals(path, wanted))

    def one_of(self, path: str, *allowed: Json, weak: Json = "weak") -> "Every":
        """One of these values."""
        return self.asks(d.among(path, allowed, (weak,)))

    def never(self, path: str, *refused: Json) -> "Every":
        """None of these values; nothing at all is right."""
        return self.asks(d.never(path, refused))

    def at_least(self, path: str, least: float) -> "Every":
        """A number of at least `least`."""
        return self.asks(d.at_least(path, least))

    def at_most(self, path: str, most: float) -> "Every":
        """A number of at most `most`."""
        return self.asks(d.at_most(path, most))

    def present(self, *paths: str) -> "Every":
        """Any value."""
        return self.asks(*map(d.present, paths))

    def absent(self, path: str, such_as: Json) -> "Every":
        """No value; `such_as` is what the mutation puts there."""
        return self.asks(d.absent(path, such_as))

    def includes(self, path: str, *items: Json) -> "Every":
        """A list with at least these items."""
        return self.asks(d.includes(path, items))

    def retained(self) -> "Every":
        """Neither a deleted stack nor a replacement takes it along."""
        return self.one_of("^DeletionPolicy", "Retain", "RetainExceptOnCreate", "Snapshot", weak="Delete").one_of(
            "^UpdateReplacePolicy", "Retain", "Snapshot", weak="Delete"
        )

    def beside(self, companion: "Every", via: str) -> "Beside":
        """Each has a companion that refers to it by the property `via` and meets the companion's demands."""
        return Beside(self, companion, via)

    def selected(self, environment: Environment) -> list[Resource]:
        """Those that pass the filters."""
        return [r for r in environment.of_type(self.kind) if not any(_failed(r, self.filters, complete=True))]

    def breaches(self, environment: Environment) -> Iterator[Breach]:
        """One per place that does not meet a demand."""
        for resource in self.selected(environment):
            for demand, place in _failed(resource, self.demands, complete=environment.complete):
                yield Breach(resource, place.path, shown(place.value), demand.expected)

    def mutations(self, environment: Environment) -> Iterator[Mutation]:
        """Each place with each worse value."""
        for resource in self.selected(environment):
            yield from worsened([resource], self.demands)


@dataclass(frozen=True, slots=True)
class Some:
    """At least one resource meets the demands, in a whole environment: what a part of one lacks may be in another part.

    Args:
        wanted: the type, its filters and its demands.
        where: a type whose presence asks for it; without one, every whole environment must have it.
    """

    wanted: Every
    where: str = ""

    def breaches(self, environment: Environment) -> Iterator[Breach]:
        """One, if there is none."""
        if self._is_asked(environment) and not self._right(environment):
            others = self.wanted.selected(environment)
            found = "only such as do not meet it" if others else "none"
            missed = [f"{x.path.removeprefix('^')}: {x.expected}" for x in (*self.wanted.filters, *self.wanted.demands)]
            yield Breach(others[0] if others else None, self.wanted.kind, found, "; ".join(missed) or "one")

    def mutations(self, environment: Environment) -> Iterator[Mutation]:
        """All of them taken away, and all of them made worse together."""
        if self._is_asked(environment) and (right := self._right(environment)):
            yield Mutation(f"take away {_names(right)}", tuple((r, None) for r in right))
            yield from worsened(right, self.wanted.demands)

    def _is_asked(self, environment: Environment) -> bool:
        return environment.whole and (not self.where or bool(environment.of_type(self.where)))

    def _right(self, environment: Environment) -> list[Resource]:
        complete = environment.complete
        return [
            r for r in self.wanted.selected(environment) if not any(_failed(r, self.wanted.demands, complete=complete))
        ]


@dataclass(frozen=True, slots=True)
class Beside:
    """Each resource has a companion that refers to it."""

    subject: Every
    companion: Every
    via: str

    def breaches(self, environment: Environment) -> Iterator[Breach]:
        """One per resource without such a companion."""
        companions = self.companion.selected(environment)
        for resource in self.subject.selected(environment):
            own = [c for c in companions if self._refers(c, resource)]
            failed = [list(_failed(c, self.companion.demands, complete=environment.complete)) for c in own]
            if [] in failed:
                continue
            expected = f"one whose {self.via} refers to it"
            if not failed:
                yield Breach(resource, self.companion.kind, "none", expected)
            for companion, of in zip(own, failed, strict=True):
                for demand, place in of:
                    yield Breach(companion, place.path, shown(place.value), demand.expected)

    def mutations(self, environment: Environment) -> Iterator[Mutation]:
        """The companions taken away, and each made worse."""
        companions = self.companion.selected(environment)
        for resource in self.subject.selected(environment):
            own = [c for c in companions if self._refers(c, resource)]
            if own:
                yield Mutation(f"take away {_names(own)}", tuple((c, None) for c in own))
                yield from worsened(own, self.companion.demands)

    def _refers(self, companion: Resource, resource: Resource) -> bool:
        return any(resource.is_in(p.value) for p in places(companion.body, self.via) if p.value is not MISSING)


@dataclass(frozen=True, slots=True)
class Own:
    """A check that no word of the algebra says; it comes with its own mutations."""

    find: Callable[[Environment], Iterable[Breach]]
    spoil: Callable[[Environment], Iterable[Mutation]]

    def breaches(self, environment: Environment) -> Iterator[Breach]:
        """What `find` finds."""
        yield from self.find(environment)

    def mutations(self, environment: Environment) -> Iterator[Mutation]:
        """What `spoil` gives."""
        yield from self.spoil(environment)


@dataclass(frozen=True, slots=True)
class All:
    """Several checks of one promise."""

    checks: tuple[Check, ...]

    def breaches(self, environment: Environment) -> Iterator[Breach]:
        """Those of all."""
        for check in self.checks:
            yield from check.breaches(environment)

    def mutations(self, environment: Environment) -> Iterator[Mutation]:
        """Those of all."""
        for check in self.checks:
            yield from check.mutations(environment)


def every(kind: str) -> Every:
    """Each resource of this type; a type may end with `*`."""
    return Every(kind)


def some(wanted: Every, where: str = "") -> Some:
    """At least one such resource in a whole environment; with `where`, beside any resource of that type."""
    return Some(wanted, where)


def both(*checks: Check) -> All:
    """All of these checks."""
    return All(checks)


def worsened(resources: Sequence[Resource], demands: Iterable[Demand]) -> Iterator[Mutation]:
    """All these resources at once, each with one place of one demand made worse, one demand and one way at a time."""
    for demand in demands:
        variants = [list(_variants(resource, demand)) for resource in resources]
        if not all(variants):
            continue
        for way in range(max(map(len, variants))):
            chosen = [of[min(way, len(of) - 1)] for of in variants]
            changes = tuple((r, body) for r, (_, body) in zip(resources, chosen, strict=True))
            yield Mutation(f"{_names(resources)}: {chosen[0][0]}", changes)


def shown(value: Json) -> str:
    """A value for people: at most 120 characters."""
    text = "nothing" if value is MISSING else as_text(value) or "an empty text"
    return text if len(text) <= 120 else f"{text[:117]}…"


def _variants(resource: Resource, demand: Demand) -> Iterator[tuple[str, Json]]:
    for place in places(resource.body, demand.path):
        reachable = not any(str(step).startswith("[") for step in place.steps)  # an item that is not there
        if reachable and demand.is_met(place.value, complete=False):
            for value in demand.worse(place.value):
                done = f"take away {place.path}" if value is MISSING else f"set {place.path} to {shown(value)}"
                yield done, put(resource.body, place.steps, value)


def _failed(resource: Resource, demands: Iterable[Demand], *, complete: bool) -> Iterator[tuple[Demand, Place]]:
    for demand in demands:
        for place in places(resource.body, demand.path):
            if not demand.is_met(place.value, complete=complete):
                yield demand, place


def _names(resources: Sequence[Resource]) -> str:
    return ", ".join(f"{r.stack}/{r.logical_id}" for r in resources)
