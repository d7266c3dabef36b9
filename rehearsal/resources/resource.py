"""The life of one resource: created, updated and deleted by its line of the table.

After a failed update the resource keeps the attempted properties: a rollback must compare with what the services may
hold by now, not with what was there before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provider_schemas import ProviderSchema, schema
from rehearsal.front.clients import Clients
from rehearsal.resources import identify
from rehearsal.resources.api import Api, failures
from rehearsal.resources.arguments import Request, request
from rehearsal.resources.errors import ResourceFailed, is_gone, is_in_use
from rehearsal.resources.kind import Kind, Properties
from rehearsal.resources.planning import plan_creation, plan_update, refuse_unkept, refuse_update_policies
from rehearsal.resources.steps import remove_items, run_steps
from rehearsal.resources.tags import retag, tag_property
from rehearsal.resources.validation import validate, validate_update_policy
from rehearsal.resources.waiting import Patience

# How long a deletion waits for those that stand on the resource: a guest needs some 10 s to shut down.
DEPENDENTS_GONE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource belongs."""

    account: str
    region: str
    stack_name: str
    logical_id: str


class Resource:
    """One physical resource.

    Attributes:
        physical_id: what Ref gives; empty until something is made.
        asked: the properties as the template gave them, functions evaluated.
        shown: the same, with {{resolve:…}} references as the template has them.
        properties: the same and the generated name.
        previous: the properties before the last update; empty at creation.
        answer: what the service said when it was made and changed.
        tags: the stack's tags.
        update_policy: the template's UpdatePolicy.
        unsure: an update has failed and may have left some of its changes; the next one leaves out no call.
        going_back: its update undoes one that failed.
        tell: shows a line of progress as a stack event.
    """

    def __init__(
        self, kinds: Mapping[str, Kind], clients: Clients, patience: Patience, place: Place, type_name: str
    ) -> None:
        """Nothing is made yet. Raises ResourceFailed for a type that is not emulated."""
        if type_name not in kinds:
            raise ResourceFailed(f"resource type {type_name} is not emulated")
        self.place = place
        self.type_name = type_name
        self.kind = kinds[type_name]
        self.schema: ProviderSchema | None = schema(place.region, type_name)
        self.api = Api(clients, place.account, place.region, self.kind.service)
        self.patience = patience
        self.physical_id = ""
        self.asked: Properties = {}
        self.shown: Properties = {}
        self.properties: Properties = {}
        self.previous: Properties = {}
        self.answer: dict[str, Any] = {}
        self.tags: dict[str, str] = {}
        self.update_policy: Mapping[str, Any] = {}
        self.unsure = False
        self.going_back = False
        self.tell: Callable[[str], None] = lambda text: None

    def attribute(self, name: str) -> Any:
        """What GetAtt gives. Raises ResourceFailed."""
        with failures(self.kind.service):
            return identify.attribute(self, name)

    @property
    def takes_stack_tags(self) -> bool:
        """Whether the stack's tags reach it, so that a change of theirs is an update of the resource."""
        return self.kind.tagging is not None or tag_property(self) in self.kind.used_in_python

    @property
    def own_name(self) -> str | None:
        """The name that the template gave it, which no second one may have; None where it is generated."""
        rule = self.kind.name
        prop = None if rule and not rule.unique else identify.name_property(self)
        return str(self.asked[prop]) if prop and prop in self.asked else None

    def create(self, properties: Properties, tags: Mapping[str, str], update_policy: Mapping[str, Any]) -> None:
        """Make it and wait until it is there. Raises ResourceFailed; with a physical id, something was made."""
        self.asked, self.properties, self.tags, self.update_policy = properties, {**properties}, {**tags}, update_policy
        self._validate()
        name = identify.generated_name(self)
        if name:
            self.properties[name[0]] = name[1]
        with failures(self.kind.service):
            call = plan_creation(self)
            if call:
                self.answer = self.api.call(call.operation, **call.arguments)
            self.physical_id = identify.physical_id(self)
            run_steps(self, None)
            if self.kind.stabilize:
                self.kind.stabilize(self)

    def update(self, properties: Properties, tags: Mapping[str, str], update_policy: Mapping[str, Any]) -> None:
        """Change it in place and wait until it is so. Raises ResourceFailed."""
        before = self.asked, self.properties, self.tags, self.update_policy
        generated = {k: v for k, v in self.properties.items() if k not in self.asked and k not in properties}
        self.asked, self.properties = properties, {**generated, **properties}
        self.previous, self.tags, self.update_policy = before[1], {**tags}, update_policy
        try:
            self._validate()
            with failures(self.kind.service):
                requests = plan_update(self, before[0])
        except ResourceFailed:  # nothing was done
            self.asked, self.properties, self.tags, self.update_policy = before
            raise
        self._carry_out(requests, before[1], before[2])
        self.unsure = False

    def retired(self) -> list["Resource"]:
        """What the last update has left behind, to be deleted once the whole change has worked; told only once."""
        return []

    def _validate(self) -> None:
        validate(self.schema, self.asked)
        refuse_unkept(self)
        refuse_update_policies(self)
        validate_update_policy(self.type_name, self.update_policy)

    def _carry_out(self, requests: list[Request], before: Properties, tags_before: dict[str, str]) -> None:
        try:
            with failures(self.kind.service):
                for call in requests:
                    self.answer = {**self.answer, **self.api.call(call.operation, **call.arguments)}
                retag(self, before, tags_before)
                run_steps(self, before)
                if self.kind.stabilize:
                    self.kind.stabilize(self)
        except BaseException:
            self.unsure = True
            raise

    def delete(self, snapshot: bool = False) -> None:
        """Remove it and wait until it is gone; what is not there any more is no failure. Raises ResourceFailed.

        `snapshot`: its data are kept in one.
        """
        operation = self.kind.snapshot if snapshot else self.kind.delete
        with failures(self.kind.service):
            try:
                if self.kind.before_delete:
                    self.kind.before_delete(self)
                remove_items(self)
                if operation:
                    self._delete_when_free(request(self, operation, {}))
                if self.kind.until_gone:
                    self.kind.until_gone(self)
            except ClientError as error:
                if not is_gone(error):
                    raise

    def _delete_when_free(self, call: Request) -> None:
        """Deletes; a refusal because others stand on it is waited for: machines and interfaces go a little later."""
        refusal: ClientError | None = None

        def deleted() -> bool:
            nonlocal refusal
            try:
                self.api.call(call.operation, **call.arguments)
            except ClientError as error:
                if not is_in_use(error):
                    raise
                refusal = error
                return False
            return True

        self.patience.until(
            deleted,
            DEPENDENTS_GONE_SECONDS,
            lambda: f"{self.physical_id} is still in use after {DEPENDENTS_GONE_SECONDS:.0f} s: {refusal}",
        )
