"""What every operation of the engine works with."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation import custom_resources
from rehearsal.cloudformation.custom_resources import Answers, CustomResource
from rehearsal.cloudformation.intrinsics import Evaluator, Lookup
from rehearsal.cloudformation.stack import Plan, Stack
from rehearsal.cloudformation.world import World
from rehearsal.front.clients import Clients
from rehearsal.pace import Pace
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Kind
from rehearsal.resources.resource import Place, Resource
from rehearsal.resources.waiting import Patience

log = logging.getLogger("rehearsal.cloudformation")


@dataclass(frozen=True, slots=True)
class Context:
    """`stacks` gives all stacks of all accounts: exports and imports go by account and region.

    `answers`: where the functions of custom resources answer.
    """

    clients: Clients
    kinds: Mapping[str, Kind]
    patience: Patience
    stacks: Callable[[], Iterable[Stack]]
    answers: Answers
    pace: Pace

    def world(self, stack: Stack) -> World:
        """The world outside the template, as the stack sees it."""
        return World(
            self.clients,
            stack.account,
            stack.region,
            lambda name: self.export(stack.account, stack.region, name),
            stack.log.hide,
        )

    def evaluator(self, stack: Stack, plan: Plan, world: World, lookup: Lookup | None = None) -> Evaluator:
        """Evaluates the plan's template; by default Ref and GetAtt read the stack's resources."""
        return Evaluator(
            plan.template,
            plan.parameters,
            stack.pseudo_parameters,
            lookup or OfStack(stack),
            world,
        )

    def new_resource(self, stack: Stack, logical_id: str, type_name: str) -> Resource:
        """A resource that does not exist yet. Raises ResourceFailed for a type that is not emulated."""
        place = Place(stack.account, stack.region, stack.name, logical_id)
        patience = Patience(self.patience.closing, stack.cancelled)
        if custom_resources.is_custom(type_name) and custom_resources.TYPE in self.kinds:
            kind, hide = self.kinds[custom_resources.TYPE], stack.log.hide
            return CustomResource(kind, self.clients, patience, place, type_name, self.answers, stack.id, hide)
        return Resource(self.kinds, self.clients, patience, place, type_name)

    # exports --------------------------------------------------------------------------------------------------

    def neighbours(self, account: str, region: str) -> list[Stack]:
        """The stacks of one account and region that exist."""
        return [s for s in list(self.stacks()) if (s.account, s.region) == (account, region) and s.exists]

    def exporter(self, account: str, region: str, name: str) -> Stack | None:
        """The stack that exports a name, or None."""
        for stack in self.neighbours(account, region):
            if any(o.export == name for o in stack.outputs):
                return stack
        return None

    def export(self, account: str, region: str, name: str) -> Any:
        """The exported value, or None."""
        stack = self.exporter(account, region, name)
        return next(o.value for o in stack.outputs if o.export == name) if stack else None

    def importers(self, account: str, region: str, name: str) -> list[str]:
        """The names of the stacks that import it."""
        return sorted(s.name for s in self.neighbours(account, region) if name in s.imports)


@dataclass(frozen=True, slots=True)
class OfStack:
    """Ref and GetAtt of the resources that the stack has now."""

    stack: Stack

    def _resource(self, name: str) -> Resource:
        if name not in self.stack.resources:
            raise ResourceFailed(f"Template error: instance of Ref or Fn::GetAtt references undefined resource {name}")
        return self.stack.resources[name].resource

    def ref(self, name: str) -> Any:
        return self._resource(name).physical_id

    def attribute(self, name: str, attribute: str) -> Any:
        return self._resource(name).attribute(attribute)
