"""What a test does with a stack of resources, each step with its own assertion."""

from typing import Any

from tests.rehearsal.cloudformation.pieces import Json


def of(kind: str, /, **properties: Any) -> Json:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def made(embedded: Any, name: str, /, **resources: Json) -> None:
    stack = embedded.create(name, {"Resources": resources})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])


def changed(embedded: Any, name: str, expected: str = "UPDATE_COMPLETE", /, **resources: Json) -> None:
    stack = embedded.update(name, {"Resources": resources})
    assert stack["StackStatus"] == expected, embedded.reasons(name)


def gone(embedded: Any, name: str) -> None:
    stack = embedded.delete(name)
    assert stack["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])
