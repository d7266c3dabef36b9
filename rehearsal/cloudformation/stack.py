"""A stack: what it was asked to be, the resources it has, and its status."""

import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.cloudformation import template
from rehearsal.cloudformation.events import STACK_TYPE, EventLog, now
from rehearsal.cloudformation.parameters import Parameter
from rehearsal.cloudformation.rollback import NO_TRIGGERS, RollbackConfiguration
from rehearsal.cloudformation.template import Json, Template
from rehearsal.resources.resource import Resource

UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "CREATE_FAILED",
        "UPDATE_FAILED",
    }
)
BEGINNINGS = frozenset(
    {
        "CREATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stack is, or is to become."""

    template: Template = template.NOTHING
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    rollback: RollbackConfiguration = NO_TRIGGERS


@dataclass(slots=True)
class StackResource:
    """A resource of a stack with what the template says around its properties.

    `retired`: an update in place has left it behind (custom resources); a rollback does not go back to it.
    """

    resource: Resource
    declaration: Json
    status: str = ""
    reason: str = ""
    changed: datetime = field(default_factory=now)
    retired: bool = False

    @property
    def logical_id(self) -> str:
        return self.resource.place.logical_id

    @property
    def type(self) -> str:
        return self.resource.type_name

    @property
    def physical_id(self) -> str:
        return self.resource.physical_id


@dataclass(frozen=True, slots=True)
class Output:
    """One output; `export`: the name under which other stacks may import it."""

    key: str
    value: str
    description: str | None = None
    export: str | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """What a failed change has to go back to: the plan and the resources before it, and what it has replaced."""

    plan: Plan
    resources: Mapping[str, StackResource]
    replaced: tuple[StackResource, ...]
    creating: bool


class Stack:
    """One stack of one account and region."""

    def __init__(self, name: str, account: str, region: str) -> None:
        self.name = name
        self.account = account
        self.region = region
        self.id = f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}"
        self.plan = Plan()
        self.resources: dict[str, StackResource] = {}
        self.outputs: tuple[Output, ...] = ()
        self.imports: frozenset[str] = frozenset()
        self.status = "REVIEW_IN_PROGRESS"
        self.reason = ""
        self.protected = False
        self.role: str | None = None
        self.capabilities: list[str] = []
        self.created = now()
        self.updated: datetime | None = None
        self.deleted: datetime | None = None
        self.undo: Undo | None = None
        self.log = EventLog()
        self.cancelled = threading.Event()
        self.cancel_reason = ""
        self.idle = threading.Event()
        self.idle.set()

    @property
    def exists(self) -> bool:
        return self.status != "DELETE_COMPLETE"

    @property
    def pseudo_parameters(self) -> dict[str, Any]:
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.name,
            "AWS::StackId": self.id,
            "AWS::NotificationARNs": [],
        }

    def cancel(self, reason: str) -> None:
        """End the operation that is going on: nothing more is started or waited for, and it is rolled back."""
        self.cancel_reason = reason
        self.cancelled.set()

    def enter(self, status: str, reason: str = "") -> None:
        """Change the status and say so in the history."""
        if status in BEGINNINGS:
            self.log.begin()
        self.log.add(self.name, self.id, STACK_TYPE, status, reason)
        self.status, self.reason = status, self.log.masked(reason)

    def tell(
        self,
        resource: StackResource | None,
        status: str,
        reason: str = "",
        *,
        logical_id: str = "",
        type_name: str = "",
        properties: dict[str, Any] | None = None,
    ) -> None:
        """Write an event of a resource; one that does not exist yet is named by logical id and type."""
        if resource is None:
            self.log.add(logical_id, "", type_name, status, reason, properties)
            return
        time = self.log.add(
            resource.logical_id,
            resource.physical_id,
            resource.type,
            status,
            reason,
            properties,
        )
        resource.status, resource.reason, resource.changed = status, self.log.masked(reason), time


def of_policy(resources: Iterable[StackResource], key: str) -> list[tuple[StackResource, str]]:
    """Resources with what their declaration says should become of them, or what CloudFormation takes for granted."""

    def default(resource: StackResource) -> str:
        return "Snapshot" if key == "DeletionPolicy" and resource.type in template.WITH_SNAPSHOTS else "Delete"

    return [(r, str(r.declaration.get(key, default(r)))) for r in resources]
