"""The table against what it stands on: botocore's service models and CloudFormation's schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from provider_schemas import schema
from rehearsal.resources import listing
from rehearsal.resources.cast import member_for
from rehearsal.resources.kind import Call, Each, Kind, Operation, mentions
from rehearsal.resources.table import TABLE, describe

SESSION = botocore.session.get_session()
REGION = "eu-west-1"


def input_shape(service: str, operation: str) -> Any:
    """The input of an operation by its Python name; fails where there is no such operation."""
    model = SESSION.get_service_model(service)
    names = {xform_name(n): n for n in model.operation_names}
    assert operation in names, f"{service} has no operation {operation}"
    return model.operation_model(names[operation]).input_shape


def operations(kind: Kind) -> Iterator[Operation]:
    yield from (o for o in (kind.create, kind.delete, *kind.update) if o)
    for step in kind.steps:
        if isinstance(step, Call):
            yield from (o for o in (step.operation, step.undo) if o)
        if isinstance(step, Each):
            yield from (o for o in (step.add, step.remove) if o)
    if kind.tagging:
        yield from (kind.tagging.add, kind.tagging.remove)


def properties(type_name: str) -> set[str]:
    found = schema(REGION, type_name)
    return set(found.properties) if found else set()


@pytest.mark.parametrize("type_name", TABLE)
def test_every_type_has_a_provider_schema(type_name: str) -> None:
    assert schema(REGION, type_name) is not None


@pytest.mark.parametrize("type_name", TABLE)
def test_every_operation_and_every_argument_of_a_line_exists(type_name: str) -> None:
    kind = TABLE[type_name]
    for operation in operations(kind):
        shape = input_shape(kind.service, operation.name)
        unknown = [a for a in operation.arguments if member_for(shape, a) is None]
        assert unknown == [], operation


@pytest.mark.parametrize("type_name", TABLE)
def test_every_property_that_a_line_names_exists(type_name: str) -> None:
    kind = TABLE[type_name]
    named = {p.split(".")[0] for p in (*kind.skipped, *kind.refused, *kind.rename, *kind.defaults)}
    named |= kind.used_in_python
    for operation in operations(kind):
        named |= set(mentions(operation.arguments))
    if kind.name:
        named.add(kind.name.prop)
    assert named - properties(type_name) == set()


@pytest.mark.parametrize("type_name", TABLE)
def test_tags_can_be_changed_wherever_the_stacks_tags_arrive(type_name: str) -> None:
    kind, found = TABLE[type_name], schema(REGION, type_name)
    if kind.recorded or found is None or found.tag_property is None:
        return
    assert kind.tagging or found.tag_property in kind.used_in_python
    if kind.tagging:
        assert member_for(input_shape(kind.service, kind.tagging.add.name), kind.tagging.tags)
        assert member_for(input_shape(kind.service, kind.tagging.remove.name), kind.tagging.keys)


@pytest.mark.parametrize("type_name", TABLE)
def test_every_line_either_calls_a_service_or_says_why_not(type_name: str) -> None:
    kind = TABLE[type_name]
    assert bool(kind.recorded) != bool(kind.create or kind.steps)
    assert all(kind.skipped.values())


def test_the_description_for_the_docs_has_every_type_once_in_order() -> None:
    found = describe()
    assert [s.type for s in found] == sorted(TABLE)
    assert all(s.remark for s in found if s.status == "recorded")


def test_the_page_of_the_docs_is_the_one_that_the_table_makes() -> None:
    page = (Path(__file__).parents[3] / "docs" / "resource-types.md").read_text()
    assert page == listing.markdown(describe())


def test_the_plain_list_has_every_type_and_every_reason() -> None:
    text = listing.plain(describe())
    for status in describe():
        assert f"{status.status:9} {status.type}" in text.splitlines()
        assert all(reason in text for reason in status.skipped.values())
