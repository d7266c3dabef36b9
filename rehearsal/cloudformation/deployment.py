"""Carrying out a change: every resource to its wanted state, and on failure back to where it was.

Resources that are replaced or no longer wanted go in the clean-up, after everything else has worked: until then a
rollback can go back to them. A rollback evaluates the OLD plan with its OLD resolved parameters.
"""

from typing import Any

from rehearsal.cloudformation import outputs
from rehearsal.cloudformation.context import Context, log
from rehearsal.cloudformation.events import now
from rehearsal.cloudformation.intrinsics import Evaluator
from rehearsal.cloudformation.references import Graph, dependencies
from rehearsal.cloudformation.removal import remove
from rehearsal.cloudformation.stack import Plan, Stack, StackResource, Undo, of_policy
from rehearsal.cloudformation.template import Json
from rehearsal.cloudformation.walk import walk
from rehearsal.cloudformation.watch import Watch
from rehearsal.front.service import AwsError
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.waiting import CANCELLED


class Deployment:
    """One change of one stack. `replaced` are resources that have a successor, or were left half made."""

    def __init__(self, context: Context, stack: Stack) -> None:
        self._context = context
        self._stack = stack
        self._replaced: list[StackResource] = []
        self._unwanted: list[StackResource] = []
        self._going_back = False

    # forward --------------------------------------------------------------------------------------------------

    def execute(self, plan: Plan, on_failure: str) -> None:
        """Bring the stack to the plan. `on_failure`: ROLLBACK, DELETE or DO_NOTHING."""
        stack = self._stack
        creating = stack.status in ("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS") and not stack.resources
        verb = "CREATE" if creating else "UPDATE"
        stack.enter(f"{verb}_IN_PROGRESS", "User Initiated")
        stack.updated = None if creating else now()
        before = Undo(stack.plan, dict(stack.resources), (), creating)
        if stack.undo is not None:  # a failed change was left standing: a rollback goes back to before that one
            before, stack.undo = stack.undo, None
            self._replaced = list(before.replaced)
        watch = Watch(self._context, stack, plan.rollback)
        try:
            with watch:
                self._reach(plan, verb)
                watch.monitor(creating)
        except (ResourceFailed, AwsError) as error:
            undo = Undo(before.plan, before.resources, tuple(self._replaced), before.creating)
            if stack.cancelled.is_set():  # what was cut short has failed for this reason
                stack.cancelled.clear()
                self.roll_back(undo, stack.cancel_reason, "ROLLBACK" if on_failure == "DO_NOTHING" else on_failure)
            else:
                self._fail(undo, verb, str(error), on_failure)
            return
        stack.cancelled.clear()  # too late: what comes now is not interrupted
        if creating:
            stack.enter("CREATE_COMPLETE")
        else:
            self._clean_up()

    def _reach(self, plan: Plan, verb: str) -> None:
        """Every resource and output of the plan. Raises ResourceFailed or AwsError."""
        stack = self._stack
        world = self._context.world(stack)
        evaluate = self._context.evaluator(stack, plan, world)
        live = evaluate.live()
        graph = self._ordered(dependencies(plan.template.resources, live), plan)
        failures = walk(graph, lambda name: self._one(plan, evaluate, name))
        if failures:
            for name, failure in failures.items():
                if not isinstance(failure, ResourceFailed | AwsError):
                    log.error("%s of %s", name, stack.name, exc_info=failure)
            names = ", ".join(failures)
            raise ResourceFailed(f"The following resource(s) failed to {verb.lower()}: [{names}]. ")
        stack.outputs = outputs.outputs(self._context, stack, plan, evaluate)
        stack.imports = frozenset(world.imported)
        stack.plan = plan
        self._unwanted = [r for n, r in stack.resources.items() if n not in live]
        stack.resources = {n: r for n, r in stack.resources.items() if n in live}

    def _ordered(self, graph: Graph, plan: Plan) -> Graph:
        """The graph with the order that CloudFormation keeps though nothing refers to anything."""
        types = {name: plan.template.resources[name]["Type"] for name in graph}
        for name in graph:
            kind = self._context.kinds.get(types[name])
            graph[name] |= {other for other in graph if kind and types[other] in kind.follows}
        return graph

    def _clean_up(self) -> None:
        stack = self._stack
        stack.enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        current = list(stack.resources.values())
        replaced = [r for r in self._replaced if r not in current and not _is_current(r, current)]
        doomed = of_policy(replaced, "UpdateReplacePolicy") + of_policy(self._unwanted, "DeletionPolicy")
        remove(stack, doomed)  # what resists is left behind with its DELETE_FAILED event, as in CloudFormation
        stack.enter("UPDATE_COMPLETE")

    # one resource ---------------------------------------------------------------------------------------------

    def _one(self, plan: Plan, evaluate: Evaluator, name: str) -> None:
        declaration, old = (
            plan.template.resources[name],
            self._stack.resources.get(name),
        )
        verb = "UPDATE" if old else "CREATE"
        properties: dict[str, Any] = {}
        try:
            if self._stack.cancelled.is_set():
                raise ResourceFailed(CANCELLED if old else "Resource creation cancelled")
            shown = evaluate(declaration.get("Properties", {}))
            # A reference is read anew where the template says something else of the resource, as in CloudFormation.
            same = old is not None and shown == old.resource.shown
            properties = old.resource.asked if old and same else evaluate.dynamic(shown)
            policy = evaluate(declaration.get("UpdatePolicy", {}))
            if old is not None:
                old.resource.shown = shown
                self._update(old, declaration, properties, policy, plan)
            else:
                self._create(name, declaration, properties, policy, plan, old)
            self._stack.resources[name].resource.shown = shown
        except (ResourceFailed, AwsError) as error:
            self._failed(name, declaration, f"{verb}_FAILED", str(error), properties)
            raise
        except Exception as fault:
            reason = f"fault of the embedded AWS: {type(fault).__name__}: {fault}"
            self._failed(name, declaration, f"{verb}_FAILED", reason, properties)
            raise

    def _failed(
        self,
        name: str,
        declaration: Json,
        status: str,
        reason: str,
        properties: dict[str, Any],
    ) -> None:
        resource = self._stack.resources.get(name)
        self._stack.tell(
            resource,
            status,
            reason,
            logical_id=name,
            type_name=declaration["Type"],
            properties=properties,
        )

    def _update(
        self,
        old: StackResource,
        declaration: Json,
        properties: dict[str, Any],
        policy: Json,
        plan: Plan,
    ) -> None:
        stack, resource = self._stack, old.resource
        before = resource.asked
        retag = resource.takes_stack_tags and dict(plan.tags) != resource.tags
        if properties == before and not retag and not resource.unsure:
            resource.update_policy = policy
            old.declaration = declaration
            return
        changed = {k for k in {*properties, *before} if properties.get(k) != before.get(k)}
        found = resource.schema.replacement(changed, before, properties) if resource.schema else None
        if found is not None and found.needed == "True":
            _refuse_second_name(old, properties)
            because = ", ".join(sorted(found.because))
            stack.tell(
                old,
                "UPDATE_IN_PROGRESS",
                f"Requested update requires the creation of a new physical resource; hence creating one. ({because})",
            )
            self._create(old.logical_id, declaration, properties, policy, plan, old)
            return
        stack.tell(old, "UPDATE_IN_PROGRESS", properties=properties)
        resource.tell = lambda text: stack.tell(old, "UPDATE_IN_PROGRESS", text)
        left_behind = old.declaration
        resource.going_back = self._going_back
        resource.update(properties, plan.tags, policy)
        self._replaced += [StackResource(r, left_behind, retired=True) for r in resource.retired()]
        old.declaration = declaration
        stack.tell(old, "UPDATE_COMPLETE", properties=properties)

    def _create(
        self,
        name: str,
        declaration: Json,
        properties: dict[str, Any],
        policy: Json,
        plan: Plan,
        old: StackResource | None,
    ) -> None:
        stack = self._stack
        verb = "UPDATE" if old else "CREATE"
        if old is None:
            stack.tell(
                None,
                "CREATE_IN_PROGRESS",
                logical_id=name,
                type_name=declaration["Type"],
                properties=properties,
            )
        made = StackResource(self._context.new_resource(stack, name, declaration["Type"]), declaration)
        made.resource.tell = lambda text: stack.tell(made, f"{verb}_IN_PROGRESS", text)
        try:
            made.resource.create(properties, plan.tags, policy)
        except BaseException:
            if made.physical_id:
                self._replaced.append(made)
            raise
        if old is not None:
            self._replaced.append(old)
        stack.resources[name] = made
        stack.tell(made, f"{verb}_COMPLETE", properties=properties)

    # back -----------------------------------------------------------------------------------------------------

    def _fail(self, undo: Undo, verb: str, reason: str, on_failure: str) -> None:
        if on_failure == "DO_NOTHING":
            self._stack.undo = undo  # for RollbackStack, or for another change forward
            self._stack.enter(f"{verb}_FAILED", reason)
            return
        self.roll_back(undo, reason, on_failure)

    def roll_back(self, undo: Undo, reason: str, on_failure: str = "ROLLBACK") -> None:
        """Undo a change that has failed."""
        stack = self._stack
        made = [r for n, r in stack.resources.items() if undo.resources.get(n) is not r]
        half_made = [r for r in undo.replaced if not r.retired and r not in undo.resources.values() and r not in made]
        stack.undo = None
        if undo.creating:
            self._undo_creation(made + half_made, reason, on_failure)
        else:
            self._undo_update(undo, made + half_made, reason)

    def _undo_creation(self, made: list[StackResource], reason: str, on_failure: str) -> None:
        stack = self._stack
        stack.enter("ROLLBACK_IN_PROGRESS", reason)
        stack.outputs = ()
        failed = remove(stack, [(r, _at_failed_creation(r)) for r in made])
        stack.resources = {r.logical_id: r for r in made if r.logical_id in failed}
        if failed:
            text = ", ".join(failed)
            stack.enter(
                "ROLLBACK_FAILED",
                f"The following resource(s) failed to delete: [{text}]. ",
            )
        elif on_failure == "DELETE":
            stack.enter("DELETE_COMPLETE")
        else:
            stack.enter("ROLLBACK_COMPLETE")

    def _undo_update(self, undo: Undo, made: list[StackResource], reason: str) -> None:
        stack = self._stack
        stack.enter("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        stack.resources = dict(undo.resources)
        self._replaced = []
        self._going_back = True
        try:
            self._reach(undo.plan, "update")
        except (ResourceFailed, AwsError) as error:
            stack.undo = Undo(undo.plan, undo.resources, tuple(made + self._replaced), creating=False)
            stack.enter("UPDATE_ROLLBACK_FAILED", str(error))
            return
        stack.enter("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        current = list(stack.resources.values())
        doomed = [r for r in made + self._replaced if r not in current and not _is_current(r, current)]
        remove(stack, [(r, _at_failed_creation(r)) for r in doomed])
        stack.enter("UPDATE_ROLLBACK_COMPLETE")


def _refuse_second_name(old: StackResource, properties: dict[str, Any]) -> None:
    """Raises ResourceFailed where the successor would need the name that the template gave the one to be replaced."""
    name = old.resource.own_name
    if name is not None and name in properties.values():
        raise ResourceFailed(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again."
        )


def _is_current(left_behind: StackResource, current: list[StackResource]) -> bool:
    """Whether what an update has left behind is in use again: an update back has given its name once more."""
    names = {(r.logical_id, r.physical_id) for r in current}
    return left_behind.retired and (left_behind.logical_id, left_behind.physical_id) in names


def _at_failed_creation(resource: StackResource) -> str:
    """What becomes of a resource whose creation is rolled back: Retain keeps even that, RetainExceptOnCreate not."""
    policy = str(resource.declaration.get("DeletionPolicy", "Delete"))
    return "Delete" if policy == "RetainExceptOnCreate" else policy
