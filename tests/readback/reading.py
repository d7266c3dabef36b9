"""What a reading is: which service is asked what about which things of Payroll, and what it has to answer.

The expected value is what the promise means, never what a template says: a template that loses a setting, and an
embedded AWS that drops it, are both found.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from botocore.exceptions import ClientError

from tests.readback.deployment import Place, Thing

Json = Any

IN_THE_CLI = {"s3": "s3api", "config": "configservice"}
"""Services that the AWS CLI calls otherwise than botocore does."""

ID = "{0}"
"""In a request: the physical id of the thing; of an id with bars, `{0}`, `{1}`, … are its parts."""

ACCOUNT, KEY = "{account}", "{key}"
"""In a request: the account that is asked, and one of its keys."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer has to be: `text` completes "expected: …".

    Args:
        holds: whether it is so.
        of_our_keys: each of its items must name a key that the stacks of the account have made.
    """

    text: str
    holds: Callable[[Json], bool]
    of_our_keys: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a service about every resource of a type, or about the account where `of` is "".

    Args:
        of: the resource type whose things are asked about.
        call: service and operation as botocore names them, "s3 get_bucket_versioning".
        request: of the operation; texts are formatted with the parts of the thing's id.
        path: where in the answer, in JMESPath; formatted like the request.
        expected: what must be there.
        only: a path that is true in answers about things that the promise is meant for; "": all.
        each: another question first, whose answer names the things to ask about: operation, request, and the path of
            their ids; of no list, there are none.
    """

    of: str
    call: str
    request: Mapping[str, Json]
    path: str
    expected: Expected
    only: str = ""
    each: tuple[str, Mapping[str, Json], str] | None = None

    @property
    def command(self) -> str:
        """`s3api get-bucket-versioning`, as the AWS CLI calls it."""
        service, _, operation = self.call.partition(" ")
        return f"{IN_THE_CLI.get(service, service)} {operation.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How one promise is read back: every question must be answered as expected, about at least one thing."""

    promise: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said of one thing, as far as the question is about it."""

    thing: Thing
    found: Json
    is_right: bool


def read(promise: str, *asks: Ask) -> Reading:
    """The reading of a promise."""
    return Reading(promise, asks)


def answers(place: Place, ask: Ask, but: Collection[tuple[str, str]] = ()) -> Iterator[Answer]:
    """What the service says of each thing but those (template, logical id) that are exempted.

    A refusal, as S3's of a setting that is not there, is an answer that is not right: its code.
    """
    for thing in (Thing(),) if not ask.of else (one for one in place.things if one.kind == ask.of):
        if (thing.stack, thing.logical_id) in but:
            continue
        for id in _ids(place, ask, thing):
            parts = _parts(place, id)
            try:
                said = asked(place, ask.call, ask.request, id)
            except ClientError as error:
                yield Answer(thing, error.response["Error"]["Code"], False)
                continue
            if ask.only and not jmespath.search(_formatted(ask.only, parts), said):
                continue
            found = jmespath.search(_formatted(ask.path, parts), said)
            is_right = ask.expected.holds(found) and (not ask.expected.of_our_keys or _are_ours(place, found))
            yield Answer(thing, found, is_right)


def asked(place: Place, call: str, request: Mapping[str, Json], id: str = "") -> Json:
    """The answer to a request about the thing with this physical id."""
    service, operation = call.split()
    return place.ask(service, operation, **_formatted(request, _parts(place, id)))


def _ids(place: Place, ask: Ask, thing: Thing) -> list[str]:
    if not ask.each:
        return [thing.physical_id]
    call, request, path = ask.each
    said = asked(place, call, request, thing.physical_id)
    found = jmespath.search(_formatted(path, _parts(place, thing.physical_id)), said)
    return found if isinstance(found, list) else []


def _parts(place: Place, id: str) -> dict[str, str]:
    own = {"account": place.environment.account, "key": _keys(place)[0]}
    return own | {str(n): part for n, part in enumerate(id.split("|"))}


def _keys(place: Place) -> list[str]:
    return [thing.physical_id for thing in place.things if thing.kind == "AWS::KMS::Key"]


def _are_ours(place: Place, found: Json) -> bool:
    named = found if isinstance(found, list) else [found]
    return all(str(name).rpartition("/")[2] in _keys(place) for name in named)


def _formatted(value: Json, parts: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        for name, part in parts.items():
            value = value.replace(f"{{{name}}}", part)
        return value
    if isinstance(value, Mapping):
        return {key: _formatted(item, parts) for key, item in value.items()}
    return [_formatted(item, parts) for item in value] if isinstance(value, list) else value
