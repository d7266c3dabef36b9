"""Stacks: created, updated, rolled back, deleted."""

from rehearsal.cloudformation.engine import Engine
from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.operations.registry import Answer, Request, honours
from rehearsal.cloudformation.requests import PLAN, note, on_failure, plan_of, refuse_express
from rehearsal.cloudformation.stack import Stack
from rehearsal.front.service import AwsError, Caller

FAILED_CHANGES = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})


@honours(f"{PLAN} StackName ClientRequestToken EnableTerminationProtection DisableRollback OnFailure")
def create_stack(engine: Engine, caller: Caller, q: Request) -> Answer:
    if engine.find_existing(caller, q["StackName"]):
        raise AwsError("AlreadyExistsException", f"Stack [{q['StackName']}] already exists")
    stack = Stack(q["StackName"], caller.account, caller.region)
    plan = plan_of(engine, stack, q)
    note(stack, q)
    stack.protected = bool(q.get("EnableTerminationProtection"))
    engine.add(stack)
    engine.execute(stack, plan, on_failure(q, q.get("OnFailure", "ROLLBACK")))
    return Answer({"StackId": stack.id}, stack)


@honours(f"{PLAN} StackName ClientRequestToken DisableRollback")
def update_stack(engine: Engine, caller: Caller, q: Request) -> Answer:
    stack = engine.find(caller, q["StackName"])
    engine.require_updatable(stack)
    plan = plan_of(engine, stack, q)
    if not engine.differs(stack, plan):
        raise invalid("No updates are to be performed.")
    note(stack, q)
    engine.execute(stack, plan, on_failure(q, "ROLLBACK"))
    return Answer({"StackId": stack.id}, stack)


@honours("StackName ClientRequestToken RetainResources RoleARN DeploymentConfig")
def delete_stack(engine: Engine, caller: Caller, q: Request) -> Answer:
    """Deleting a stack that is not there is no error."""
    refuse_express(q)
    stack = engine.find_existing(caller, q["StackName"])
    if stack is None:
        return Answer({})
    stack.log.token = q.get("ClientRequestToken")
    engine.delete(stack, q.get("RetainResources", []))
    return Answer({}, stack)


@honours("StackName ClientRequestToken RoleARN")
def rollback_stack(engine: Engine, caller: Caller, q: Request) -> Answer:
    stack = engine.find(caller, q["StackName"])
    engine.roll_back(stack, FAILED_CHANGES)
    return Answer({"StackId": stack.id}, stack)


@honours("StackName ClientRequestToken RoleARN")
def continue_update_rollback(engine: Engine, caller: Caller, q: Request) -> Answer:
    stack = engine.find(caller, q["StackName"])
    engine.roll_back(stack, frozenset({"UPDATE_ROLLBACK_FAILED"}))
    return Answer({}, stack)


@honours("StackName ClientRequestToken")
def cancel_update_stack(engine: Engine, caller: Caller, q: Request) -> Answer:
    stack = engine.find(caller, q["StackName"])
    engine.cancel_update(stack)
    return Answer({}, stack)


@honours("StackName EnableTerminationProtection")
def update_termination_protection(engine: Engine, caller: Caller, q: Request) -> Answer:
    stack = engine.find(caller, q["StackName"])
    stack.protected = bool(q["EnableTerminationProtection"])
    return Answer({"StackId": stack.id})
