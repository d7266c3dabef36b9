"""What a line of the table can say of a resource type.

A line says only what the provider schema (identifiers, names, create-only) and botocore's service models (argument
names and types) do not. Its expressions, wherever a value is asked for:

    "$Property"            the value of a property
    "$item", "$item.Key"   in Each: the item of the list, or a part of it
    "{name}"               the physical id ("{id}"), "{Account}", "{Region}", "{Stack}", "{Logical}", a property, or a
                           key of the service's answer; also inside text: "arn:aws:logs:{Region}:{Account}:…"
    Computed               a function of the resource and the item
    anything else          itself
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.resources.resource import Resource

Properties = dict[str, Any]
Expression = Any
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression in Python; `uses` are the properties it honours."""

    function: Callable[["Resource", Any], Any]
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the type's service with the arguments that do not follow from properties and schema.

    `whole`: as an update it gets every property, not only those that changed. `replaces`: it gets every property, and
    what it does not get is gone afterwards.
    """

    name: str
    arguments: Mapping[str, Expression] = field(default_factory=dict)
    whole: bool = False
    replaces: bool = False


def op(name: str, /, **arguments: Expression) -> Operation:
    """`Operation` as the table writes it: op("delete_vpc", VpcId="{id}")."""
    return Operation(name, arguments)


def whole(operation: Operation) -> Operation:
    """The operation, sent every property."""
    return replace(operation, whole=True)


def replacing(operation: Operation) -> Operation:
    """The operation, sent every property; what it is not sent is gone afterwards."""
    return replace(operation, replaces=True)


@dataclass(frozen=True, slots=True)
class Call:
    """A further call, made when a property that its arguments mention is set or has changed.

    `at_create`: False where the create operation has carried the value already. `undo`: the call that is made when the
    property is taken away; without one, taking it away fails.
    """

    operation: Operation
    at_create: bool = True
    undo: Operation | None = None

    @property
    def uses(self) -> frozenset[str]:
        return frozenset(mentions(self.operation.arguments))


@dataclass(frozen=True, slots=True)
class Each:
    """One call per item of a list property; `remove` undoes it. `also`: properties whose change repeats every call."""

    prop: str
    add: Operation
    remove: Operation | None = None
    also: tuple[str, ...] = ()
    at_create: bool = True

    @property
    def uses(self) -> frozenset[str]:
        return frozenset({self.prop, *self.also})


@dataclass(frozen=True, slots=True)
class Step:
    """Python after the calls: act(resource, properties before or None at creation); honours the properties `uses`."""

    act: Callable[["Resource", Properties | None], None]
    uses: frozenset[str] = frozenset()


def step(
    *uses: str,
) -> Callable[[Callable[["Resource", Properties | None], None]], Step]:
    """Decorator: the function as a Step that honours the named properties."""
    return lambda act: Step(act, frozenset(uses))


@dataclass(frozen=True, slots=True)
class Prepare:
    """Python before the create and update calls: properties → what is sent; honours the properties `uses`."""

    act: Callable[["Resource", Properties], Properties]
    uses: frozenset[str] = frozenset()


def prepare(
    *uses: str,
) -> Callable[[Callable[["Resource", Properties], Properties]], Prepare]:
    """Decorator: the function as a Prepare that honours the named properties."""
    return lambda act: Prepare(act, frozenset(uses))


@dataclass(frozen=True, slots=True)
class Name:
    """A name that CloudFormation generates when the template gives none: <stack>-<logical id>-<random>.

    `unique`: False where a second resource may have it, as the next revision of a family.
    """

    prop: str
    max_length: int = 128
    lower: bool = False
    unique: bool = True


@dataclass(frozen=True, slots=True)
class Tagging:
    """How tags of an existing resource are changed. `keys`: the argument of `remove` that takes the keys.

    `at_create`: EC2's resource type in TagSpecifications; None where the create operation takes tags like any property.
    """

    add: Operation
    remove: Operation
    tags: str = "Tags"
    keys: str = "TagKeys"
    keys_as_tags: bool = False
    at_create: str | None = None


def ec2_tags(resource_type: str, target: Expression = "{id}") -> Tagging:
    """EC2's tagging; `target`: what is tagged, if not the physical id."""
    add, remove = (
        op("create_tags", Resources=[target]),
        op("delete_tags", Resources=[target]),
    )
    return Tagging(add, remove, keys="Tags", keys_as_tags=True, at_create=resource_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One line of the table: how resources of a type are made, changed and removed.

    Attributes:
        service: botocore's name of the service; empty where none is called.
        create: the operation that makes one; its answer is kept for Ref and GetAtt.
        instead: property → the operation that makes one which has it. What that operation does not take must be
            honoured by a step.
        put: an update repeats the create call with all properties.
        update: operations of an update; each gets the changed properties that its input has a member for.
        delete: the operation that removes one; it gets the physical id.
        ref: what Ref gives, where the schema's primary identifier does not say it.
        attributes: what GetAtt gives, where the schema's name is not the answer's.
        rename: property → member of the service's input.
        skipped: property, or path below one, that is neither passed on nor refused → why.
        refused: property, or path below one, that a call would carry, but that nobody would keep → why.
        defaults: what a property goes back to when it is taken away, where the schema does not say it.
        name: the name that CloudFormation generates.
        tagging: how tags are changed.
        steps: what comes after the create and update calls, in order.
        prepare: what turns properties into what the calls take.
        stabilize: waits until the resource is what it should be, after creation and every update.
        before_delete, until_gone: what comes before the delete operation, and what waits after it.
        snapshot: the operation that removes one and leaves a snapshot, for the deletion policy of that name.
        follows: types of the same template that must exist first, though nothing refers to them.
        update_policies: the entries of UpdatePolicy that are honoured.
        recorded: why no service stands behind it; its properties are only kept.
        remark: what a reader of the docs should know.
    """

    service: str = ""
    create: Operation | None = None
    instead: Mapping[str, Operation] = field(default_factory=dict)
    put: bool = False
    update: tuple[Operation, ...] = ()
    delete: Operation | None = None
    ref: Expression = None
    attributes: Mapping[str, Expression] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    name: Name | None = None
    tagging: Tagging | None = None
    steps: tuple[Call | Each | Step, ...] = ()
    prepare: Prepare | None = None
    stabilize: Callable[["Resource"], None] | None = None
    before_delete: Callable[["Resource"], None] | None = None
    until_gone: Callable[["Resource"], None] | None = None
    snapshot: Operation | None = None
    follows: tuple[str, ...] = ()
    update_policies: frozenset[str] = frozenset()
    recorded: str = ""
    remark: str = ""

    @property
    def used_in_python(self) -> frozenset[str]:
        """The properties that steps and prepare honour."""
        used = [s.uses for s in self.steps]
        return frozenset().union(*used, self.prepare.uses if self.prepare else ())


def mentions(node: Expression) -> Iterator[str]:
    """The properties that an expression takes values from."""
    if isinstance(node, Mapping):
        for value in node.values():
            yield from mentions(value)
    elif isinstance(node, list):
        for value in node:
            yield from mentions(value)
    elif isinstance(node, str) and node.startswith("$") and not node.startswith("$item"):
        yield node[1:]
    elif isinstance(node, Computed):
        yield from node.uses
