"""What a recorded operation does to a noun: a verb is a function of the request, made for a line of a table."""

import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rehearsal.front.service import AwsError, Caller
from rehearsal.recorded_services.behind import NOTHING, Behind
from rehearsal.recorded_services.shapes import Shape, fitting, spelt
from rehearsal.recorded_services.shelf import Kept, Members, Noun, Said, Shelf
from rehearsal.resources.cast import pairs


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `output`: the shape of its answer, None where it has none."""

    caller: Caller
    request: dict[str, Any]
    output: Shape
    shelf: Shelf
    behind: Mapping[str, Behind]

    def key(self, noun: Noun) -> tuple[str, ...]:
        """The name of the thing that the request is about. Raises AwsError where the request does not name one."""
        members = members_of(noun, self.request)
        if lost := [name for name in noun.key if members.get(name) is None]:
            raise AwsError("ValidationException", f"{', '.join(lost)} of the {noun.name} must be given")
        return tuple(str(members[name]) for name in noun.key)

    def thing(self, noun: Noun) -> Kept:
        """The thing that the request is about. Raises AwsError where there is none."""
        return self.shelf.need(noun, self.key(noun))

    def told(self, noun: Noun) -> Behind:
        return self.behind.get(noun.name, NOTHING)

    def answer(self, kept: Kept, wrap: str = "") -> dict[str, Any]:
        """The answer about one thing; `wrap`: the member of the answer that is the thing."""
        if self.output is None:
            return {}
        found = fitting(self.output, kept.members, kept.tags)
        if wrap:
            found[wrap] = fitting(self.output.members[wrap], kept.members, kept.tags)
        return found


Verb = Callable[[Ask], dict[str, Any]]
Also = Callable[[Ask, Kept], None]


# what a service says of a thing ---------------------------------------------------------------------------------------


def now(ask: Ask, members: Members) -> datetime:
    return datetime.now(UTC)


def now_text(ask: Ask, members: Members) -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def random_id(prefix: str = "", digits: int = 17) -> Said:
    """An id of hexadecimal digits, or a UUID where `digits` is 0."""
    return lambda ask, members: prefix + (secrets.token_hex(digits)[:digits] if digits else str(uuid.uuid4()))


def constant(value: Any) -> Said:
    return lambda ask, members: value


@dataclass(frozen=True, slots=True)
class Default:
    """What was asked for, else the service's default; a change that replaces goes back to it."""

    name: str
    value: Any

    def __call__(self, ask: "Ask", members: Members) -> Any:
        return members.get(self.name, self.value)


def default(name: str, value: Any) -> Said:
    return Default(name, value)


def asked(name: str) -> Said:
    """What was asked for when it was made: no change ever says it."""
    return lambda ask, members: members.get(name)


def say(ask: Ask, what: Said, members: Members) -> Any:
    if isinstance(what, str):
        return what.format_map({**members, "Account": ask.caller.account, "Region": ask.caller.region})
    return what(ask, members)


# verbs ----------------------------------------------------------------------------------------------------------------


def members_of(noun: Noun, request: Mapping[str, Any]) -> Members:
    """The members of a request under the names under which they are kept, those of its body among them.

    Raises AwsError for a member that nobody would keep.
    """
    if lost := sorted(noun.refused & request.keys()):
        raise AwsError("ValidationException", f"{', '.join(lost)} of a {noun.name}: not emulated, nobody would keep it")
    flat = dict(request)
    for body in noun.bodies:
        flat.update(request.get(body) or {})
    members = {noun.rename.get(name, name): value for name, value in flat.items() if name != noun.tags}
    return members | {k: str(members[k]).lower() for k in noun.key if noun.lower and members.get(k) is not None}


def make(noun: Noun, wrap: str = "", also: Also | None = None) -> Verb:
    """A new thing. `also` looks at it, and may change or refuse it, before it is kept."""

    def act(ask: Ask) -> dict[str, Any]:
        members = members_of(noun, ask.request)
        if noun.within:
            ask.thing(noun.within)
        for name, what in noun.born.items():
            members[name] = say(ask, what, members)
        kept = Kept(noun, ask.caller, members, dict(pairs(ask.request.get(noun.tags) or [])))
        if ask.shelf.get(noun, kept.key) is None and also:
            also(ask, kept)
        ask.shelf.add(kept)
        try:
            ask.told(noun).made(kept)
        except AwsError:
            ask.shelf.remove(kept)
            raise
        return ask.answer(kept, wrap)

    return act


def change(noun: Noun, wrap: str = "", replaces: bool = False, also: Also | None = None) -> Verb:
    """Members of a thing are what the request says. `replaces`: what it does not say is gone.

    `also` sees the thing as it will be, and may change or refuse it.
    """

    def act(ask: Ask) -> dict[str, Any]:
        kept = ask.thing(noun)
        said = members_of(noun, ask.request)
        stays = {k: v for k, v in kept.members.items() if k in noun.key or k in noun.born}
        members = {**(stays if replaces or ask.request.get("Replace") else kept.members), **said}
        if replaces or ask.request.get("Replace"):
            members |= {k: d(ask, said) for k, d in noun.born.items() if isinstance(d, Default)}
        for name, what in noun.touched.items():
            members[name] = say(ask, what, members)
        changed = Kept(noun, kept.caller, members, kept.tags)
        if also:
            also(ask, changed)
        kept.members = changed.members
        ask.told(noun).changed(kept)
        return ask.answer(kept, wrap)

    return act


def get(noun: Noun, wrap: str = "") -> Verb:
    """One thing."""
    return lambda ask: ask.answer(ask.thing(noun), wrap)


def listed(noun: Noun, member: str, by: tuple[str, ...] = ()) -> Verb:
    """All things of which the request's members `by` are true, on one page; one that is named must be there."""

    def act(ask: Ask) -> dict[str, Any]:
        said = members_of(noun, ask.request)
        if by == noun.key and all(name in said for name in by):
            ask.thing(noun)
        wanted = {name: said[name] for name in by if name in said}
        found = [k for k in ask.shelf.all(noun) if all(k.members.get(n) == v for n, v in wanted.items())]
        item = ask.output.members[member].member
        return {member: [fitting(item, k.members, k.tags) for k in found]}

    return act


def remove(noun: Noun, wrap: str = "", also: Also | None = None) -> Verb:
    """No such thing any more, nor anything within it. `also` may refuse it."""

    def act(ask: Ask) -> dict[str, Any]:
        kept = ask.thing(noun)
        if also:
            also(ask, kept)
        ask.shelf.remove(kept)
        ask.told(noun).removed(kept)
        return ask.answer(kept, wrap)

    return act


def put(noun: Noun, *names: str, also: Also | None = None) -> Verb:
    """The named members of a thing are exactly what the request says of them."""

    def act(ask: Ask) -> dict[str, Any]:
        kept = ask.thing(noun)
        members = {k: v for k, v in kept.members.items() if k not in names}
        changed = Kept(noun, kept.caller, {**members, **members_of(noun, ask.request)}, kept.tags)
        if also:
            also(ask, changed)
        kept.members = changed.members
        return ask.answer(kept)

    return act


def drop(noun: Noun, *names: str, also: Also | None = None) -> Verb:
    """The named members of a thing are gone."""

    def act(ask: Ask) -> dict[str, Any]:
        kept = ask.thing(noun)
        if also:
            also(ask, kept)
        for name in names:
            kept.members.pop(name, None)
        return {}

    return act


def only_with(noun: Noun, name: str) -> Verb:
    """One thing, if it has the named member: what belongs to a thing and need not be there."""

    def act(ask: Ask) -> dict[str, Any]:
        kept = ask.thing(noun)
        if name not in kept.members:
            raise AwsError(noun.missing, f"The {noun.name} {'/'.join(kept.key)} has no {name}", 404)
        return ask.answer(kept)

    return act


# tags -----------------------------------------------------------------------------------------------------------------


def tagged(ask: Ask, arn: str) -> Kept:
    """The thing with an ARN. Raises AwsError."""
    found = ask.shelf.of_arn(arn)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"There is no resource {arn}", 404)
    return found


def tag(arn: str, tags: str) -> Verb:
    """`arn` and `tags` are the request's members."""

    def act(ask: Ask) -> dict[str, Any]:
        tagged(ask, ask.request[arn]).tags.update(pairs(ask.request[tags]))
        return {}

    return act


def untag(arn: str, keys: str) -> Verb:
    def act(ask: Ask) -> dict[str, Any]:
        kept = tagged(ask, ask.request[arn])
        for key in ask.request[keys]:
            kept.tags.pop(key, None)
        return {}

    return act


def tags_of(arn: str, tags: str) -> Verb:
    """`tags` is the answer's member."""
    return lambda ask: {tags: spelt(ask.output.members[tags], tagged(ask, ask.request[arn]).tags)}
