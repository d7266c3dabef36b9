"""One resource through its whole life: made, read back, changed in place, gone back to, deleted without a trace."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.cloudformation.pieces import Json, broken


def of(kind: str, /, **properties: Any) -> Json:
    return {"Type": f"AWS::{kind}", "Properties": properties}


@dataclass(frozen=True, slots=True)
class Case:
    """A resource X with its old and new properties, what it stands on, and how it is read back from its service.

    `read` gets (client of `service`, physical id); it gives what `before` and `after` are compared with.
    """

    service: str
    old: Json
    new: Json
    read: Callable[[Any, str], Any]
    before: Any
    after: Any
    around: Json = field(default_factory=dict)


def live(embedded: Any, name: str, given: Case) -> None:
    """Asserts the whole life of X."""
    client = embedded.client(given.service)
    stack = embedded.create(name, {"Resources": {**given.around, "X": given.old}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    identifier = embedded.physical_id(name, "X")
    same(given.read(client, identifier), given.before, "made")
    stack = embedded.update(name, {"Resources": {**given.around, "X": given.new}})
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert embedded.physical_id(name, "X") == identifier, "it was replaced"
    same(given.read(client, identifier), given.after, "changed")
    refused = {**broken(), "DependsOn": "X"}
    stack = embedded.update(name, {"Resources": {**given.around, "X": given.old, "Y": refused}})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", embedded.reasons(name)
    same(given.read(client, identifier), given.after, "gone back to")
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])
    assert gone(lambda: given.read(client, identifier)), "it is still there"


def same(found: Any, expected: Any, when: str) -> None:
    """Asserts that what is read is what is expected; says both, because pytest does not look into this file."""
    assert found == expected, f"once it was {when}:\nfound    {found}\nexpected {expected}"


def gone(read: Callable[[], Any]) -> bool:
    """Whether there is nothing to read any more: an error of the service, an empty list, or nothing."""
    try:
        found = read()
    except (ClientError, IndexError, KeyError, StopIteration):
        return True
    return not found


def some(found: Json, *names: str) -> Json:
    """The named members that are there."""
    return {name: found[name] for name in names if name in found}
