"""Outputs and exports of a stack."""

import re

from rehearsal.cloudformation.context import Context
from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.intrinsics import Evaluator, text_of
from rehearsal.cloudformation.stack import Output, Plan, Stack

SECURE = re.compile(r"\{\{resolve:(secretsmanager|ssm-secure):")


def outputs(context: Context, stack: Stack, plan: Plan, evaluate: Evaluator) -> tuple[Output, ...]:
    """The outputs of a plan whose resources are there. Raises AwsError for an export that may not be or change."""
    found = []
    for key, declared in plan.template.outputs.items():
        if "Condition" in declared and not evaluate.condition(declared["Condition"]):
            continue
        export = evaluate(declared["Export"]["Name"]) if "Export" in declared else None
        value = text_of(evaluate(declared["Value"]))
        if SECURE.search(value):
            raise invalid(f"Output {key}: a secure dynamic reference is not resolved in outputs: {value}")
        value = text_of(evaluate.dynamic(value))
        found.append(Output(key, value, declared.get("Description"), export))
    _check_exports(context, stack, found)
    return tuple(found)


def _check_exports(context: Context, stack: Stack, found: list[Output]) -> None:
    account, region = stack.account, stack.region
    wanted = {o.export: o.value for o in found if o.export}
    for name in wanted:
        owner = context.exporter(account, region, name)
        if owner is not None and owner is not stack:
            raise invalid(f"Export with name {name} is already exported by stack {owner.name}. ")
    for old in stack.outputs:
        if old.export and wanted.get(old.export) != old.value:
            users = context.importers(account, region, old.export)
            if users:
                what = "updated" if old.export in wanted else "deleted"
                raise invalid(f"Export {old.export} cannot be {what} as it is in use by {', '.join(users)}")


def refuse_deletion(context: Context, stack: Stack) -> None:
    """Raises AwsError where another stack imports what this one exports."""
    for output in stack.outputs:
        users = context.importers(stack.account, stack.region, output.export) if output.export else []
        if others := [u for u in users if u != stack.name]:
            raise invalid(f"Export {output.export} cannot be deleted as it is in use by {', '.join(others)}")
