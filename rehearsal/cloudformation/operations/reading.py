"""Everything that only reads: stacks, events, resources, templates, exports."""

from rehearsal.cloudformation import descriptions, references
from rehearsal.cloudformation.engine import Engine
from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.operations.registry import Answer, Request, honours
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.template import Template, parse
from rehearsal.front.service import Caller


@honours("StackName")
def describe_stacks(engine: Engine, caller: Caller, q: Request) -> Answer:
    if q.get("StackName"):
        return Answer({"Stacks": [descriptions.stack(engine.find(caller, q["StackName"]))]})
    return Answer({"Stacks": [descriptions.stack(s) for s in engine.all(caller) if s.exists]})


@honours("StackStatusFilter")
def list_stacks(engine: Engine, caller: Caller, q: Request) -> Answer:
    wanted = q.get("StackStatusFilter")
    found = [s for s in engine.all(caller) if not wanted or s.status in wanted]
    return Answer({"StackSummaries": [descriptions.stack_summary(s) for s in found]})


@honours("StackName")
def describe_stack_events(engine: Engine, caller: Caller, q: Request) -> Answer:
    stack = engine.find(caller, q["StackName"])
    return Answer({"StackEvents": [descriptions.event(e, stack) for e in list(stack.log.events)]})


@honours("StackName ChangeSetName OperationId Filters")
def describe_events(engine: Engine, caller: Caller, q: Request) -> Answer:
    """The events of a stack; a change set has none: its StatusReason says all that was found."""
    if q.get("ChangeSetName"):
        engine.find_change_set(caller, q["ChangeSetName"], q.get("StackName"))
        return Answer({"OperationEvents": []})
    stack = engine.find(caller, q["StackName"])
    failed_only = q.get("Filters", {}).get("FailedEvents", False)
    found = [
        descriptions.operation_event(e, stack)
        for e in list(stack.log.events)
        if q.get("OperationId", e.operation) == e.operation and (not failed_only or e.status.endswith("_FAILED"))
    ]
    return Answer({"OperationEvents": found})


@honours("TargetType TargetId")
def list_hook_results(engine: Engine, caller: Caller, q: Request) -> Answer:
    """There are no hooks; the CDK CLI asks for their results when a change set has failed."""
    return Answer({"TargetType": q.get("TargetType"), "TargetId": q.get("TargetId"), "HookResults": []})


def _resources(engine: Engine, caller: Caller, q: Request) -> list[Request]:
    if q.get("PhysicalResourceId"):
        owners = [s for s in engine.all(caller) if s.exists]
    else:
        owners = [engine.find(caller, q["StackName"])]
    return [
        descriptions.resource(r, owner)
        for owner in owners
        for r in list(owner.resources.values())
        if q.get("LogicalResourceId", r.logical_id) == r.logical_id
        and q.get("PhysicalResourceId", r.physical_id) == r.physical_id
    ]


@honours("StackName LogicalResourceId PhysicalResourceId")
def describe_stack_resources(engine: Engine, caller: Caller, q: Request) -> Answer:
    return Answer({"StackResources": _resources(engine, caller, q)})


@honours("StackName LogicalResourceId")
def describe_stack_resource(engine: Engine, caller: Caller, q: Request) -> Answer:
    found = _resources(engine, caller, q)
    if not found:
        raise invalid(f"Resource {q['LogicalResourceId']} does not exist for stack {q['StackName']}")
    return Answer({"StackResourceDetail": found[0]})


@honours("StackName")
def list_stack_resources(engine: Engine, caller: Caller, q: Request) -> Answer:
    return Answer({"StackResourceSummaries": _resources(engine, caller, q)})


@honours("StackName ChangeSetName TemplateStage")
def get_template(engine: Engine, caller: Caller, q: Request) -> Answer:
    """Nothing is ever transformed, so both stages are the same text."""
    if q.get("ChangeSetName"):
        plan = engine.find_change_set(caller, q["ChangeSetName"], q.get("StackName")).plan
    else:
        plan = engine.find(caller, q["StackName"]).plan
    return Answer({"TemplateBody": plan.template.text, "StagesAvailable": ["Original", "Processed"]})


def _template(engine: Engine, caller: Caller, q: Request) -> Template:
    if q.get("StackName"):
        return engine.find(caller, q["StackName"]).plan.template
    if q.get("TemplateBody"):
        return parse(q["TemplateBody"])
    if not q.get("TemplateURL"):
        raise invalid("Either Template URL or Template Body must be specified.")
    world = engine.context.world(Stack("reading", caller.account, caller.region))
    return parse(world.read_template(q["TemplateURL"]))


@honours("TemplateBody TemplateURL StackName")
def get_template_summary(engine: Engine, caller: Caller, q: Request) -> Answer:
    found = _template(engine, caller, q)
    return Answer(
        {
            "Description": found.description,
            "Parameters": descriptions.declared_parameters(found),
            "ResourceTypes": sorted({r["Type"] for r in found.resources.values()}),
            "ResourceIdentifierSummaries": [],
        }
    )


@honours("TemplateBody TemplateURL")
def validate_template(engine: Engine, caller: Caller, q: Request) -> Answer:
    found = _template(engine, caller, q)
    references.check_references(found)
    references.dependencies(found.resources, found.resources)
    return Answer({"Description": found.description, "Parameters": descriptions.declared_parameters(found)})


@honours("")
def list_exports(engine: Engine, caller: Caller, q: Request) -> Answer:
    found = [
        {"ExportingStackId": s.id, "Name": o.export, "Value": o.value}
        for s in engine.all(caller)
        for o in s.outputs
        if s.exists and o.export
    ]
    return Answer({"Exports": found})


@honours("ExportName")
def list_imports(engine: Engine, caller: Caller, q: Request) -> Answer:
    users = engine.context.importers(caller.account, caller.region, q["ExportName"])
    if not users:
        raise invalid(f"Export '{q['ExportName']}' is not imported by any stack.")
    return Answer({"Imports": users})
