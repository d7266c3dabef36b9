"""Change sets: made, looked at, executed."""

from rehearsal.cloudformation import descriptions
from rehearsal.cloudformation.change_set import ChangeSet
from rehearsal.cloudformation.engine import Engine
from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.operations.registry import Answer, Request, honours
from rehearsal.cloudformation.requests import PLAN, note, on_failure, plan_of
from rehearsal.cloudformation.stack import Stack
from rehearsal.front.service import AwsError, Caller


# ImportExistingResources (cdk bootstrap sets it): there is nothing to import in an account that only stacks fill; where
# a resource of that name does exist, its creation fails and says so.
@honours(
    f"{PLAN} StackName ChangeSetName ChangeSetType ClientToken Description IncludeNestedStacks OnStackFailure "
    "ImportExistingResources"
)
def create_change_set(engine: Engine, caller: Caller, q: Request) -> Answer:
    """A mistake in template or parameters is an error of this call; what comes later fails the change set."""
    kind = q.get("ChangeSetType", "UPDATE")
    found = engine.find_existing(caller, q["StackName"])
    if kind not in ("CREATE", "UPDATE"):
        raise invalid(f"change sets of type {kind} are not emulated")
    if kind == "UPDATE":
        if found is None:
            raise invalid(f"Stack [{q['StackName']}] does not exist")
        engine.require_updatable(found)
    elif found is not None and found.status != "REVIEW_IN_PROGRESS":
        raise AwsError("AlreadyExistsException", f"Stack [{found.name}] already exists")
    stack = found or Stack(q["StackName"], caller.account, caller.region)
    if any(c.name == q["ChangeSetName"] for c in engine.change_sets(stack)):
        raise AwsError("AlreadyExistsException", f"ChangeSet {q['ChangeSetName']} already exists")
    plan = plan_of(engine, stack, q)
    note(stack, q)
    made = ChangeSet(
        q["ChangeSetName"], stack, kind, plan, q.get("Description", ""), q.get("OnStackFailure", "ROLLBACK")
    )
    engine.add_change_set(made)
    if found is None:
        engine.add(stack)
        stack.enter("REVIEW_IN_PROGRESS", "User Initiated")
    return Answer({"Id": made.id, "StackId": stack.id})


@honours("ChangeSetName StackName IncludePropertyValues")
def describe_change_set(engine: Engine, caller: Caller, q: Request) -> Answer:
    """Property values are not among the details: the CDK CLI takes them from the templates."""
    found = engine.find_change_set(caller, q["ChangeSetName"], q.get("StackName"))
    return Answer(descriptions.change_set(found))


@honours("StackName")
def list_change_sets(engine: Engine, caller: Caller, q: Request) -> Answer:
    found = engine.change_sets(engine.find(caller, q["StackName"]))
    return Answer({"Summaries": [descriptions.change_set_summary(c) for c in found]})


@honours("ChangeSetName StackName")
def delete_change_set(engine: Engine, caller: Caller, q: Request) -> Answer:
    """Deleting one that is not there is no error, as long as its stack is."""
    stack = engine.find(caller, q["StackName"]) if "StackName" in q else None
    for found in engine.change_sets(stack) if stack else engine.all_change_sets(caller):
        if q["ChangeSetName"] in (found.id, found.name):
            engine.drop_change_set(found)
    return Answer({})


@honours("ChangeSetName StackName ClientRequestToken DisableRollback")
def execute_change_set(engine: Engine, caller: Caller, q: Request) -> Answer:
    found = engine.find_change_set(caller, q["ChangeSetName"], q.get("StackName"))
    if found.execution != "AVAILABLE":
        raise AwsError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{found.id}] cannot be executed in its current status of [{found.status}]",
        )
    if found.kind == "UPDATE":
        engine.require_updatable(found.stack)
    found.stack.log.token = q.get("ClientRequestToken", found.stack.log.token)
    engine.execute(found.stack, found.plan, on_failure(q, found.on_failure))
    return Answer({}, found.stack)
