"""What a recorded service keeps: things of several nouns, by account and region."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.front.service import AwsError, Caller

if TYPE_CHECKING:
    from rehearsal.recorded_services.verbs import Ask

Members = dict[str, Any]
# What the service itself says of a thing: text with {Account}, {Region} and members, or a function of the request.
Said = str | Callable[["Ask", Members], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A kind of thing that a service keeps.

    Attributes:
        name: as messages call it.
        key: the members that name one, in requests and in what is kept.
        born: what the service adds to a new one: member → what it says; a later one sees those before it.
        touched: the same at every change.
        bodies: members of requests whose members are the thing's own (a structure called Budget).
        tags: the member of the request that brings tags.
        arn: the member that holds the ARN, by which tags are changed; empty: by key.
        within: the noun that it is a part of; its key is a part of this one's.
        missing, taken: the codes of the errors where there is none, and where there is one already.
        rename: member of a request → member of what is kept.
        refused: members of requests that would be taken and never shown again.
        lower: its names are the same in capitals and small letters, and kept in small ones.
    """

    name: str
    key: tuple[str, ...]
    born: Mapping[str, Said] = field(default_factory=dict)
    touched: Mapping[str, Said] = field(default_factory=dict)
    bodies: tuple[str, ...] = ()
    tags: str = "Tags"
    arn: str = ""
    within: "Noun | None" = None
    missing: str = "ResourceNotFoundException"
    taken: str = "ResourceAlreadyExistsException"
    rename: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    lower: bool = False


@dataclass(slots=True)
class Kept:
    """One thing: its members as the answers of the service call them, and its tags."""

    noun: Noun
    caller: Caller
    members: Members
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(str(self.members[name]) for name in self.noun.key)


class Shelf:
    """The things of one service in one account and region, in the order in which they were made."""

    def __init__(self) -> None:
        self._things: dict[str, dict[tuple[str, ...], Kept]] = {}

    def all(self, noun: Noun) -> list[Kept]:
        return list(self._things.get(noun.name, {}).values())

    def get(self, noun: Noun, key: tuple[str, ...]) -> Kept | None:
        return self._things.get(noun.name, {}).get(key)

    def need(self, noun: Noun, key: tuple[str, ...]) -> Kept:
        """Raises AwsError where there is none."""
        found = self.get(noun, key)
        if found is None:
            raise AwsError(noun.missing, f"The {noun.name} {'/'.join(key)} does not exist", 404)
        return found

    def add(self, kept: Kept) -> None:
        """Raises AwsError where there is one of that name."""
        things = self._things.setdefault(kept.noun.name, {})
        if kept.key in things:
            raise AwsError(kept.noun.taken, f"The {kept.noun.name} {'/'.join(kept.key)} already exists")
        things[kept.key] = kept

    def remove(self, kept: Kept) -> None:
        """The thing, and everything within it."""
        del self._things[kept.noun.name][kept.key]
        for part in self.within(kept):
            self.remove(part)

    def within(self, kept: Kept) -> Iterator[Kept]:
        """The parts of a thing."""
        for things in list(self._things.values()):
            for part in list(things.values()):
                parent = part.noun.within
                if parent is kept.noun and tuple(str(part.members[k]) for k in parent.key) == kept.key:
                    yield part

    def of_arn(self, arn: str) -> Kept | None:
        """The thing with an ARN."""
        for things in self._things.values():
            for kept in things.values():
                if kept.noun.arn and kept.members.get(kept.noun.arn) == arn:
                    return kept
        return None
