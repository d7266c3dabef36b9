"""The proof that checks bite: every promise is broken in every way it knows, and each time its check must say so."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kiln.promises.checks import Breach, Mutation
from kiln.promises.promise import Promise
from kiln.promises.template import Environment


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutation that no check noticed."""

    promise: str
    environment: str
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one promise.

    Args:
        caught: mutations after which its check found one breach more.
        survivors: those after which it did not.
        on_specimens: nothing in the environments could be broken, so specimens were.
    """

    promise: Promise
    caught: int
    survivors: tuple[Survivor, ...]
    on_specimens: bool = False

    @property
    def holds(self) -> bool:
        """Whether the check has bitten, and always. A promise that nothing here could break is not proven."""
        return self.caught > 0 and not self.survivors


def prove(
    promises: Iterable[Promise], environments: Sequence[Environment], specimens: Sequence[Environment] = ()
) -> Iterator[Proof]:
    """Break each promise in each environment that it concerns; where nothing can be broken there, in the specimens."""
    for promise in promises:
        proof = _proof(promise, environments)
        untouched = not proof.caught and not proof.survivors
        yield replace(_proof(promise, specimens), on_specimens=True) if untouched else proof


def _proof(promise: Promise, environments: Sequence[Environment]) -> Proof:
    caught, survivors = 0, []
    for environment in filter(promise.concerns, environments):
        before = _breaches(promise, environment)
        for mutation in promise.check.mutations(environment):
            if _is_caught(promise, environment, mutation, before):
                caught += 1
            else:
                survivors.append(Survivor(promise.id, environment.name, mutation.what))
    return Proof(promise, caught, tuple(survivors))


def _is_caught(promise: Promise, environment: Environment, mutation: Mutation, before: set[tuple[str, ...]]) -> bool:
    return bool(_breaches(promise, environment.changed(mutation.changes)) - before)


def _breaches(promise: Promise, environment: Environment) -> set[tuple[str, ...]]:
    return {_key(breach) for breach in promise.check.breaches(environment)}


def _key(breach: Breach) -> tuple[str, ...]:
    resource = breach.resource
    return (resource.stack, resource.logical_id, breach.path) if resource else ("", "", breach.path)
