"""Which stacks there are, what a request asks them to become, and the threads in which they change."""

import threading
from collections.abc import Callable, Mapping

from rehearsal.cloudformation import capabilities, change_set, outputs, references
from rehearsal.cloudformation.change_set import NO_CHANGES, ChangeSet
from rehearsal.cloudformation.context import Context, log
from rehearsal.cloudformation.custom_resources import Answers
from rehearsal.cloudformation.deployment import Deployment
from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.parameters import read_parameters
from rehearsal.cloudformation.removal import delete_stack
from rehearsal.cloudformation.stack import UPDATABLE, Plan, Stack
from rehearsal.cloudformation.template import parse
from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError, Caller
from rehearsal.pace import Pace
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Kind
from rehearsal.resources.waiting import Patience

CLOSE_SECONDS = 5.0


class Engine:
    """All stacks of a rehearsal."""

    def __init__(self, clients: Clients, kinds: Mapping[str, Kind], pace: Pace) -> None:
        self._stacks: dict[str, Stack] = {}
        self._change_sets: dict[str, ChangeSet] = {}
        self._patience = Patience()
        self._threads: list[threading.Thread] = []
        self.answers = Answers(clients.url)
        self.context = Context(clients, kinds, self._patience, lambda: list(self._stacks.values()), self.answers, pace)

    def close(self) -> None:
        """End every wait and give the stacks that are changing a moment to end in a failure."""
        self._patience.closing.set()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)

    # finding --------------------------------------------------------------------------------------------------

    def all(self, caller: Caller) -> list[Stack]:
        """The caller's stacks, those that are deleted among them, oldest first."""
        here = (caller.account, caller.region)
        return [s for s in self._stacks.values() if (s.account, s.region) == here]

    def find(self, caller: Caller, name: str) -> Stack:
        """A stack by its name or id; deleted ones only by id. Raises AwsError."""
        for stack in self.all(caller):
            if stack.id == name or (stack.name == name and stack.exists):
                return stack
        raise invalid(f"Stack with id {name} does not exist")

    def find_existing(self, caller: Caller, name: str) -> Stack | None:
        """A stack that exists, or None."""
        return next((s for s in self.all(caller) if name in (s.id, s.name) and s.exists), None)

    def find_change_set(self, caller: Caller, name: str, stack_name: str | None) -> ChangeSet:
        """A change set by its id, or by its name within a stack. Raises AwsError."""
        stack = self.find(caller, stack_name) if stack_name else None
        for found in self._change_sets.values():
            if (stack is None or found.stack is stack) and name in (
                found.id,
                found.name,
            ):
                return found
        raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)

    def change_sets(self, stack: Stack) -> list[ChangeSet]:
        return [c for c in self._change_sets.values() if c.stack is stack]

    def all_change_sets(self, caller: Caller) -> list[ChangeSet]:
        """Those of all of the caller's stacks."""
        return [c for stack in self.all(caller) for c in self.change_sets(stack)]

    def drop_change_set(self, found: ChangeSet) -> None:
        self._change_sets.pop(found.id, None)

    # planning -------------------------------------------------------------------------------------------------

    def plan(
        self,
        stack: Stack,
        text: str,
        given: Mapping[str, str | None],
        tags: Mapping[str, str],
        acknowledged: frozenset[str],
    ) -> Plan:
        """The plan of a request, with everything checked that needs no change to be known. Raises AwsError.

        `given`: parameter → text, or None for UsePreviousValue.
        """
        world = self.context.world(stack)
        parsed = parse(text)
        parameters = read_parameters(parsed.parameters, given, stack.plan.parameters, world)
        plan = Plan(parsed, parameters, dict(tags))
        evaluate = self.context.evaluator(stack, plan, world)
        evaluate.check_rules()
        references.check_references(parsed)
        references.dependencies(parsed.resources, evaluate.live())
        capabilities.check(parsed, acknowledged)
        return plan

    def add(self, stack: Stack) -> None:
        self._stacks[stack.id] = stack

    def add_change_set(self, made: ChangeSet) -> None:
        """Work out what it would do, and keep it."""
        try:
            made.changes = change_set.changes(self.context, made.stack, made.plan)
            if made.kind == "UPDATE" and not change_set.differs(made.stack, made.plan, made.changes):
                made.fail(NO_CHANGES)
        except (AwsError, ResourceFailed) as error:
            made.fail(str(error))
        self._change_sets[made.id] = made

    def differs(self, stack: Stack, plan: Plan) -> bool:
        """Whether the plan would change anything. Raises AwsError."""
        return change_set.differs(stack, plan, change_set.changes(self.context, stack, plan))

    # changing -------------------------------------------------------------------------------------------------

    def require_updatable(self, stack: Stack) -> None:
        """Raises AwsError for a stack that cannot be updated in its status."""
        if stack.status not in UPDATABLE:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")

    def execute(self, stack: Stack, plan: Plan, on_failure: str) -> None:
        """Bring a stack to a plan, in a thread."""
        for found in self.change_sets(stack):  # CloudFormation drops them once one of them is executed
            self.drop_change_set(found)
        new = stack.status == "REVIEW_IN_PROGRESS" and not stack.resources
        stack.status = "CREATE_IN_PROGRESS" if new else "UPDATE_IN_PROGRESS"
        self._start(stack, lambda: Deployment(self.context, stack).execute(plan, on_failure))

    def cancel_update(self, stack: Stack) -> None:
        """Let an update that is going on be rolled back. Raises AwsError in any other status."""
        if stack.status != "UPDATE_IN_PROGRESS":
            raise invalid(f"CancelUpdateStack cannot be called from current stack status {stack.status}")
        stack.cancel("User Initiated")

    def roll_back(self, stack: Stack, states: frozenset[str]) -> None:
        """Undo a failed change that was left standing, in a thread. Raises AwsError in any other status."""
        undo = stack.undo
        if stack.status not in states or undo is None:
            raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be rolled back.")
        stack.status = "ROLLBACK_IN_PROGRESS" if undo.creating else "UPDATE_ROLLBACK_IN_PROGRESS"
        self._start(
            stack,
            lambda: Deployment(self.context, stack).roll_back(undo, "User Initiated"),
        )

    def delete(self, stack: Stack, retain: list[str]) -> None:
        """Delete a stack, in a thread. Raises AwsError where it is protected, busy or imported from."""
        if stack.protected:
            raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
        outputs.refuse_deletion(self.context, stack)
        for found in self.change_sets(stack):
            self.drop_change_set(found)
        stack.status = "DELETE_IN_PROGRESS"
        self._start(stack, lambda: delete_stack(stack, retain))

    def _start(self, stack: Stack, act: Callable[[], None]) -> None:
        stack.idle.clear()
        stack.cancelled.clear()

        def run() -> None:
            try:
                act()
            except Exception as fault:  # a fault of the engine must end everybody's wait, and be seen
                log.exception("the operation on %s", stack.name)
                verb = stack.status.removesuffix("_IN_PROGRESS").split("_COMPLETE")[0]
                stack.enter(
                    f"{verb}_FAILED",
                    f"fault of the embedded AWS: {type(fault).__name__}: {fault}",
                )
            finally:
                stack.idle.set()

        thread = threading.Thread(target=run, daemon=True, name=f"cloudformation {stack.name}")
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()
