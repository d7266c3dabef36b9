"""What a reading is: which service is asked what about which things of Payroll, and what it has to answer.

The expected value is what the promise means, never what a template says: a template that loses a setting, and an
embedded AWS that drops it, are both found.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

from tests.readback.deployment import Place, Thing

Json = Any

ID = "{0}"
"""In a request: the physical id of the thing; of an id with bars, `{0}`, `{1}`, … are its parts."""

ACCOUNT = "{account}"
"""In a request: the account that is asked."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer has to be: `text` completes "expected: …"."""

    text: str
    holds: Callable[[Json], bool]


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
    def operation(self) -> str:
        """`s3 GetBucketVersioning`, as AWS's documentation calls it."""
        service, name = self.call.split()
        return f"{service} {name_of_operation(service, name)}"


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
                said = _asked(place, ask.call, _formatted(ask.request, parts))
            except ClientError as error:
                yield Answer(thing, error.response["Error"]["Code"], False)
                continue
            if ask.only and not jmespath.search(_formatted(ask.only, parts), said):
                continue
            found = jmespath.search(_formatted(ask.path, parts), said)
            yield Answer(thing, found, ask.expected.holds(found))


def _ids(place: Place, ask: Ask, thing: Thing) -> list[str]:
    if not ask.each:
        return [thing.physical_id]
    call, request, path = ask.each
    parts = _parts(place, thing.physical_id)
    found = jmespath.search(_formatted(path, parts), _asked(place, call, _formatted(request, parts)))
    return found if isinstance(found, list) else []


def _parts(place: Place, id: str) -> dict[str, str]:
    return {"account": place.environment.account} | {str(n): part for n, part in enumerate(id.split("|"))}


def _asked(place: Place, call: str, request: Json) -> Json:
    service, operation = call.split()
    return place.ask(service, operation, **request)


def _formatted(value: Json, parts: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        for name, part in parts.items():
            value = value.replace(f"{{{name}}}", part)
        return value
    if isinstance(value, Mapping):
        return {key: _formatted(item, parts) for key, item in value.items()}
    return [_formatted(item, parts) for item in value] if isinstance(value, list) else value


@cache
def name_of_operation(service: str, name: str) -> str:
    """`get_bucket_versioning` → `GetBucketVersioning`, as the service writes it."""
    model = get_session().get_service_model(service)
    return next(operation for operation in model.operation_names if xform_name(operation) == name)
