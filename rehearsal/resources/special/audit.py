"""CloudTrail, Config and Access Analyzer: what is switched on and off, and what depends on each other."""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.resources.errors import is_gone
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import is_true, without


@step("IsLogging")
def logging(resource: Resource, before: Properties | None) -> None:
    """A trail is born silent."""
    now = is_true(resource.properties["IsLogging"])
    if now != is_true((before or {}).get("IsLogging", False)) or resource.unsure:
        resource.api.call("start_logging" if now else "stop_logging", Name=resource.physical_id)


# --- Config -----------------------------------------------------------------------------------------------------------


@step()
def start_recorder(resource: Resource, before: Properties | None) -> None:
    """Recorder and channel need each other: whichever comes second, the recorder starts then, as in CloudFormation."""
    channels = resource.api.call("describe_delivery_channels")["DeliveryChannels"]
    recorders = resource.api.call("describe_configuration_recorders")["ConfigurationRecorders"]
    if channels and recorders:
        resource.api.call("start_configuration_recorder", ConfigurationRecorderName=recorders[0]["name"])


def stop_recorder(resource: Resource) -> None:
    """A channel cannot go while something is recorded. The recorder may have gone before it."""
    for recorder in resource.api.call("describe_configuration_recorders")["ConfigurationRecorders"]:
        try:
            resource.api.call("stop_configuration_recorder", ConfigurationRecorderName=recorder["name"])
        except ClientError as error:
            if not is_gone(error):
                raise


def config_rule(*path: str) -> Computed:
    """GetAtt from the rule as it is now."""

    def value(resource: Resource, _: Any) -> Any:
        found: Any = resource.api.call("describe_config_rules", ConfigRuleNames=[resource.physical_id])
        found = found["ConfigRules"][0]
        for name in path:
            found = found[name]
        return found

    return Computed(value)


# --- Access Analyzer --------------------------------------------------------------------------------------------------


def criteria(listed: list[Properties]) -> Properties:
    """CloudFormation lists conditions, the API has a map: {Property, Eq, …} → {property: {eq, …}}."""
    return {item["Property"]: without(item, "Property") for item in listed}


@prepare("ArchiveRules")
def analyzer(resource: Resource, properties: Properties) -> Properties:
    out = without(properties, "ArchiveRules")
    if resource.physical_id or "ArchiveRules" not in properties:
        return out
    rules = [{"RuleName": r["RuleName"], "Filter": criteria(r["Filter"])} for r in properties["ArchiveRules"]]
    return {**out, "ArchiveRules": rules}


archive_filter = Computed(lambda resource, item: criteria(item["Filter"]))


# --- Security Hub -----------------------------------------------------------------------------------------------------


@prepare("StandardsArn")
def standard(resource: Resource, properties: Properties) -> Properties:
    asked = {"StandardsArn": properties["StandardsArn"]}
    return {**without(properties, "StandardsArn"), "StandardsSubscriptionRequests": [asked]}


subscribed_at = Computed(lambda resource, _: resource.api.call("describe_hub")["SubscribedAt"])
