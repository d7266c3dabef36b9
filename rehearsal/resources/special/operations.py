"""Systems Manager, Budgets, Resource Groups and EventBridge: what their templates say otherwise than their APIs."""

import json
from typing import Any

from rehearsal.resources.cast import text_of
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.identify import random_tail
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import is_true, only, without

# --- Systems Manager --------------------------------------------------------------------------------------------------


@prepare("UpdateMethod")
def document(resource: Resource, properties: Properties) -> Properties:
    return without(properties, "UpdateMethod")


VERSION = ("Content", "VersionName", "Attachments", "TargetType", "DocumentFormat", "Requires")


@step(*VERSION)
def new_version(resource: Resource, before: Properties | None) -> None:
    """Another content is another version, and the default one. CloudFormation's own way, a new document, is refused."""
    now, name = resource.properties, resource.physical_id
    same = before is None or all(before.get(n) == now.get(n) for n in VERSION)
    if same and not resource.unsure:
        return
    versions = _versions(resource)
    content = text_of(now["Content"])
    if versions.get(_default(resource)) == content:
        return
    if now.get("UpdateMethod", "Replace") != "NewVersion":
        raise ResourceFailed("another content replaces the document: say UpdateMethod: NewVersion to make a version")
    number = next((n for n, found in versions.items() if found == content), None)
    if number is None:  # Systems Manager takes no content that a version has already
        arguments = {n: now[n] for n in VERSION if n in now and n != "Requires"}
        sent = {**arguments, "Name": name, "DocumentVersion": "$LATEST"}
        number = resource.api.send("update_document", sent)["DocumentDescription"]["DocumentVersion"]
    resource.api.call("update_document_default_version", Name=name, DocumentVersion=number)


def _default(resource: Resource) -> str:
    found = resource.api.call("describe_document", Name=resource.physical_id)["Document"]
    return str(found["DefaultVersion"])


def _versions(resource: Resource) -> dict[str, str]:
    """The content of each version."""
    name = resource.physical_id
    last = resource.api.call("describe_document", Name=name)["Document"]["LatestVersion"]
    numbers = [str(n + 1) for n in range(int(last))]
    return {n: resource.api.call("get_document", Name=name, DocumentVersion=n)["Content"] for n in numbers}


@prepare("DefaultBaseline", "PatchGroups")
def baseline(resource: Resource, properties: Properties) -> Properties:
    """The patch groups, and being the default, are calls of their own."""
    return without(properties, "DefaultBaseline", "PatchGroups")


@step("DefaultBaseline")
def default_baseline(resource: Resource, before: Properties | None) -> None:
    now, old = (is_true((p or {}).get("DefaultBaseline", False)) for p in (resource.properties, before))
    if now and (not old or resource.unsure):
        resource.api.call("register_default_patch_baseline", BaselineId=resource.physical_id)
    elif old and not now:
        raise ResourceFailed("a default patch baseline stays it until another one is: make that one the default")


LOGGING = {"S3Bucket": "S3BucketName", "S3Prefix": "S3KeyPrefix", "Region": "S3Region"}
INVOCATIONS = {
    "MaintenanceWindowAutomationParameters": "Automation",
    "MaintenanceWindowLambdaParameters": "Lambda",
    "MaintenanceWindowRunCommandParameters": "RunCommand",
    "MaintenanceWindowStepFunctionsParameters": "StepFunctions",
}


@prepare()
def window_task(resource: Resource, properties: Properties) -> Properties:
    """Structures under the names of the API."""
    out = dict(properties)
    for name, names in (("LoggingInfo", LOGGING), ("TaskInvocationParameters", INVOCATIONS)):
        if name in out:
            out[name] = {names[k]: v for k, v in only(out[name], name, *names).items()}
    return out


# --- Budgets ----------------------------------------------------------------------------------------------------------


@prepare("Budget")
def budget(resource: Resource, properties: Properties) -> Properties:
    """A budget has a name, if only a generated one."""
    place = resource.place
    name = resource.physical_id or f"{place.stack_name}-{place.logical_id}-{random_tail()}"
    return {**properties, "Budget": {"BudgetName": name, **properties["Budget"]}}


budget_name = Computed(lambda resource, _: resource.properties["Budget"].get("BudgetName") or _made(resource))


def _made(resource: Resource) -> str:
    """The generated name: the service has one budget of this stack and logical id."""
    found = resource.api.call("describe_budgets", AccountId=resource.place.account).get("Budgets", [])
    head = f"{resource.place.stack_name}-{resource.place.logical_id}-"
    return str(next(b["BudgetName"] for b in reversed(found) if b["BudgetName"].startswith(head)))


@step("Budget")
def change_budget(resource: Resource, before: Properties | None) -> None:
    if before is None or (before["Budget"] == resource.properties["Budget"] and not resource.unsure):
        return
    wanted = {"BudgetName": resource.physical_id, **resource.properties["Budget"]}
    resource.api.send("update_budget", {"AccountId": resource.place.account, "NewBudget": wanted})


# --- Resource Groups --------------------------------------------------------------------------------------------------


@prepare("ResourceQuery")
def group(resource: Resource, properties: Properties) -> Properties:
    """The query is a text in the API."""
    if "ResourceQuery" not in properties:
        return properties
    given = only(properties["ResourceQuery"], "ResourceQuery", "Type", "Query")
    query = given.get("Query", {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": []})
    return {**properties, "ResourceQuery": {"Type": given["Type"], "Query": text_of(query)}}


# --- EventBridge ------------------------------------------------------------------------------------------------------


@prepare("EventPattern", "Targets", "Tags")
def rule(resource: Resource, properties: Properties) -> Properties:
    """The pattern is a text in the API; tags go with the first call only, targets are calls of their own."""
    out = without(properties, "Targets", *(("Tags",) if resource.physical_id else ()))
    if isinstance(out.get("EventPattern"), dict):
        out["EventPattern"] = json.dumps(out["EventPattern"])
    return out


def event_bus(resource: Resource, _: Any) -> Any:
    return resource.properties.get("EventBusName", "default")
