"""What the members of CloudFormation's requests mean."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rehearsal.cloudformation import rollback
from rehearsal.cloudformation.engine import Engine
from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.stack import Plan, Stack

Request = Mapping[str, Any]
# The members that say what a stack should become.
PLAN = (
    "TemplateBody TemplateURL UsePreviousTemplate Parameters Tags Capabilities RoleARN DeploymentConfig "
    "RollbackConfiguration"
)


def plan_of(engine: Engine, stack: Stack, q: Request) -> Plan:
    """The plan that a request describes. Raises AwsError."""
    refuse_express(q)
    if "TemplateBody" in q:
        text = str(q["TemplateBody"])
    elif "TemplateURL" in q:
        text = engine.context.world(stack).read_template(q["TemplateURL"])
    elif q.get("UsePreviousTemplate"):
        text = stack.plan.template.text
    else:
        raise invalid("Either Template URL or Template Body must be specified.")
    given = {
        p["ParameterKey"]: None if p.get("UsePreviousValue") else p.get("ParameterValue", "")
        for p in q.get("Parameters", [])
    }
    tags = {t["Key"]: t["Value"] for t in q["Tags"]} if "Tags" in q else stack.plan.tags
    plan = engine.plan(stack, text, given, tags, frozenset(q.get("Capabilities", [])))
    return replace(plan, rollback=rollback.read(q.get("RollbackConfiguration"), stack.plan.rollback))


def note(stack: Stack, q: Request) -> None:
    """What the stack remembers of a request. The role is shown, not assumed: nothing checks permissions here."""
    stack.log.token = q.get("ClientToken") or q.get("ClientRequestToken")
    stack.role = q.get("RoleARN", stack.role)
    stack.capabilities = q.get("Capabilities", stack.capabilities)


def on_failure(q: Request, otherwise: str) -> str:
    """ROLLBACK, DELETE or DO_NOTHING."""
    return "DO_NOTHING" if q.get("DisableRollback") else otherwise


def refuse_express(q: Request) -> None:
    """Raises AwsError for the deployment mode in which CloudFormation does not wait for resources."""
    mode = q.get("DeploymentConfig", {}).get("Mode", "STANDARD")
    if mode != "STANDARD":
        raise invalid(f"deployment mode {mode} is not emulated")
