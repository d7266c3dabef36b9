"""What the docs say of each property is what planning does with it."""

from typing import Any

import pytest

from provider_schemas import schema
from rehearsal.front.clients import Clients
from rehearsal.resources import coverage, listing
from rehearsal.resources.coverage import REFUSED, REPLACEMENT, PropertyStatus
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Kind, Name, op
from rehearsal.resources.planning import plan_creation, refuse_unkept
from rehearsal.resources.resource import Place, Resource
from rehearsal.resources.table import TABLE, describe, own
from rehearsal.resources.waiting import Patience

CLIENTS = Clients("http://localhost:9")  # nothing is sent


def refusal(type_name: str, name: str) -> str:
    """What planning says of a resource that has only this property: "" where it says nothing of it."""
    resource = Resource(TABLE, CLIENTS, Patience(), Place("1", coverage.REGION, "s", "L"), type_name)
    resource.asked = resource.properties = {name: "x"}
    try:
        refuse_unkept(resource)
        plan_creation(resource)
    except ResourceFailed as failure:
        return str(failure) if "nobody would honour it" in str(failure) else ""
    except (KeyError, TypeError, AttributeError, ValueError):  # another property is missing, or "x" is no such value
        return ""
    return ""


# Python that turns properties into arguments may refuse a value for its own reasons: the others are compared.
PLAIN = [name for name, kind in TABLE.items() if not (kind.prepare or kind.recorded or name in own.BY_THE_ENGINE)]


@pytest.mark.parametrize("type_name", PLAIN)
def test_a_property_is_refused_by_planning_exactly_where_the_docs_say_so(type_name: str) -> None:
    for status in coverage.properties(type_name, TABLE[type_name]):
        refused = status.made_by == (REFUSED,)
        assert bool(refusal(type_name, status.name)) == refused, status


@pytest.mark.parametrize("type_name", TABLE)
def test_every_property_that_a_template_may_set_is_listed_once(type_name: str) -> None:
    found = schema(coverage.REGION, type_name)
    assert found is not None
    listed = [status.name for status in coverage.properties(type_name, TABLE[type_name])]
    settable = {n for n in found.properties if not found.is_read_only(n) or n in found.required}
    assert sorted(settable) == listed


def of(kind: Kind, name: str, type_name: str = "AWS::KMS::Key") -> PropertyStatus:
    return next(s for s in coverage.properties(type_name, kind) if s.name == name)


def test_what_a_call_carries_what_it_does_not_and_what_nobody_would_keep() -> None:
    kind = Kind(
        service="kms",
        create=op("create_key"),
        skipped={"PendingWindowInDays": "later"},
        refused={"Origin": "lost"},
    )
    assert of(kind, "Description").made_by == ("create_key",)
    assert of(kind, "Description").changed_by == (REFUSED,)
    assert of(kind, "EnableKeyRotation").made_by == (REFUSED,)
    assert of(kind, "PendingWindowInDays").reason == "later"
    assert of(kind, "Origin") == PropertyStatus("Origin", (REFUSED,), (REFUSED,), "lost")


def test_what_only_a_new_resource_can_change_is_a_replacement() -> None:
    kind = Kind(service="logs", create=op("create_log_group"), name=Name("LogGroupName"))
    assert of(kind, "LogGroupName", "AWS::Logs::LogGroup").changed_by == (REPLACEMENT,)


def test_the_page_has_a_row_for_every_property_and_every_reason() -> None:
    page = listing.markdown(describe())
    rows: Any = [line for line in page.splitlines() if line.startswith("| `")]
    for status in describe():
        for found in status.properties:
            assert any(f"`{found.name}`" in row and found.reason in row for row in rows), (status.type, found)
