"""What a change would do: decided from the properties as far as they can be known before the change."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from provider_schemas import Replacement
from rehearsal.cloudformation.context import Context
from rehearsal.cloudformation.errors import NotYetKnown, invalid
from rehearsal.cloudformation.events import now
from rehearsal.cloudformation.intrinsics import NO_VALUE, Evaluator
from rehearsal.cloudformation.references import dependencies, order
from rehearsal.cloudformation.stack import Plan, Stack, StackResource

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
RECREATION = {"True": "Always", "Conditional": "Conditionally", "False": "Never"}
# What stands beside the properties: a change of it is a change of the resource, never a replacement.
ASIDE = ("Metadata", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")
UNKNOWN = object()


@dataclass(slots=True)
class ChangeSet:
    """A change that can be looked at before it is executed. `changes` are ResourceChange structures."""

    name: str
    stack: Stack
    kind: Literal["CREATE", "UPDATE"]
    plan: Plan
    description: str = ""
    on_failure: str = "ROLLBACK"
    changes: list[dict[str, Any]] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    execution: str = "AVAILABLE"
    reason: str = ""
    created: datetime = field(default_factory=now)
    id: str = ""

    def __post_init__(self) -> None:
        where = f"{self.stack.region}:{self.stack.account}"
        self.id = f"arn:aws:cloudformation:{where}:changeSet/{self.name}/{uuid.uuid4()}"

    def fail(self, reason: str) -> None:
        """It cannot be executed."""
        self.status, self.execution, self.reason = "FAILED", "UNAVAILABLE", reason


def differs(stack: Stack, plan: Plan, changes: list[dict[str, Any]]) -> bool:
    """Whether the plan would change anything at all: resources, outputs, tags or parameter values.

    A stack whose last change has failed is never as it should be.
    """
    values = {k: p.value for k, p in plan.parameters.items()}
    before = {k: p.value for k, p in stack.plan.parameters.items()}
    return bool(
        changes
        or stack.undo is not None
        or plan.template.outputs != stack.plan.template.outputs
        or dict(plan.tags) != dict(stack.plan.tags)
        or plan.rollback != stack.plan.rollback
        or values != before
    )


@dataclass(slots=True)
class _Foresight:
    """Ref and GetAtt as far as they are known before the change. `touched`: logical id → Add, Modify or Replace."""

    stack: Stack
    touched: dict[str, str]

    def ref(self, name: str) -> Any:
        return self._known(name).physical_id

    def attribute(self, name: str, attribute: str) -> Any:
        found = self._known(name)
        schema = found.resource.schema
        if self.touched.get(name) == "Modify":
            lasting = attribute.endswith(("Arn", "Id"))  # those stay for the life of a resource
            # Without a schema it is a custom resource: its function may say anything.
            if schema is None or (schema.is_read_only(attribute) and not lasting):
                raise NotYetKnown(name)
        return found.resource.attribute(attribute)

    def _known(self, name: str) -> StackResource:
        if name not in self.stack.resources or self.touched.get(name) in (
            "Add",
            "Replace",
        ):
            raise NotYetKnown(name)
        return self.stack.resources[name]


def changes(context: Context, stack: Stack, plan: Plan) -> list[dict[str, Any]]:
    """The ResourceChange structures of a plan, each after those it depends on. Raises AwsError."""
    touched: dict[str, str] = {}
    evaluate = context.evaluator(stack, plan, context.world(stack), _Foresight(stack, touched))
    live = evaluate.live()
    _refuse_other_types(stack, plan, live)
    found = []
    for name in order(dependencies(plan.template.resources, live)):
        declaration, old = plan.template.resources[name], stack.resources.get(name)
        change = _addition(name, declaration) if old is None else _change(stack, plan, evaluate, declaration, old)
        if change:
            replaced = change.get("Replacement") in ("True", "Conditional")
            touched[name] = "Replace" if replaced else str(change["Action"])
            found.append(change)
    return found + [_removal(old) for name, old in stack.resources.items() if name not in live]


def _refuse_other_types(stack: Stack, plan: Plan, live: list[str]) -> None:
    """Raises AwsError where a logical id stands for another type than before, as CloudFormation does."""
    resources = plan.template.resources
    changed = [n for n in live if n in stack.resources and stack.resources[n].type != resources[n]["Type"]]
    if changed:
        raise invalid(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(sorted(changed))}]"
        )


def _addition(name: str, declaration: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Action": "Add",
        "LogicalResourceId": name,
        "ResourceType": declaration["Type"],
        "Scope": [],
        "Details": [],
    }


def _removal(old: StackResource) -> dict[str, Any]:
    policy = old.declaration.get("DeletionPolicy", "Delete")
    return {
        "Action": "Remove",
        "LogicalResourceId": old.logical_id,
        "PhysicalResourceId": old.physical_id,
        "ResourceType": old.type,
        "Scope": [],
        "Details": [],
        "PolicyAction": "Delete" if policy == "Delete" else "Retain",
    }


def _change(
    stack: Stack,
    plan: Plan,
    evaluate: Evaluator,
    declaration: Mapping[str, Any],
    old: StackResource,
) -> dict[str, Any] | None:
    """The change of a resource that is there; None where nothing changes."""
    before = old.resource.shown
    after = _after(evaluate, declaration.get("Properties", {}))
    changed = {k for k in {*after, *before} if after.get(k) is UNKNOWN or after.get(k) != before.get(k)}
    aside = {k for k in ASIDE if declaration.get(k) != old.declaration.get(k)}
    if dict(plan.tags) != dict(stack.plan.tags) and old.resource.takes_stack_tags:
        aside.add("Tags")
    if changed:
        replacement = _replacement(old, changed, before, after)
    elif aside:
        replacement = Replacement("False", frozenset())
    else:
        return None
    details = [_property_detail(old, name, before, after) for name in sorted(changed)]
    details += [_aside_detail(name) for name in sorted(aside)]
    return {
        "Action": "Modify",
        "LogicalResourceId": old.logical_id,
        "PhysicalResourceId": old.physical_id,
        "ResourceType": declaration["Type"],
        "Replacement": replacement.needed,
        "Scope": [*(["Properties"] if changed else []), *sorted(aside)],
        "Details": details,
    }


def _after(evaluate: Evaluator, declared: Mapping[str, Any]) -> dict[str, Any]:
    after = {}
    for name, node in declared.items():
        try:
            value = evaluate(node)  # a {{resolve:…}} reference is read when the change is executed
        except NotYetKnown:
            value = UNKNOWN
        if value is not NO_VALUE:
            after[name] = value
    return after


def _replacement(
    old: StackResource,
    changed: set[str],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Replacement:
    if old.resource.schema is None:
        return Replacement("False", frozenset(changed))
    found = old.resource.schema.replacement(changed, before, after)
    if found.needed == "True" and all(after.get(k) is UNKNOWN for k in found.because):
        return Replacement("Conditional", found.because)
    return found


def _property_detail(
    old: StackResource, name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    schema = old.resource.schema
    needed = schema.replacement({name}, before, after).needed if schema else "False"
    return {
        "Target": {
            "Attribute": "Properties",
            "Name": name,
            "RequiresRecreation": RECREATION[needed],
        },
        "Evaluation": "Dynamic" if after.get(name) is UNKNOWN else "Static",
        "ChangeSource": "DirectModification",
    }


def _aside_detail(name: str) -> dict[str, Any]:
    return {
        "Target": {"Attribute": name, "RequiresRecreation": "Never"},
        "Evaluation": "Static",
        "ChangeSource": "DirectModification",
    }
