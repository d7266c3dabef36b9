"""Amazon MQ: brokers restart for most of their changes, and a configuration's text is a revision of it."""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.resources.errors import ResourceFailed, is_gone
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import pick

UPPER = ("AuthenticationStrategy", "EngineType", "StorageType")
AFTER_REBOOT = ("Configuration", "EngineVersion", "HostInstanceType", "StorageSize")
FREE_SECONDS = 60.0


@prepare()
def in_capitals(resource: Resource, properties: Properties) -> Properties:
    """Templates say RabbitMQ, ebs and simple; the API's own words are in capitals."""
    return {k: str(v).upper() if k in UPPER else v for k, v in properties.items()}


@step()
def reboot(resource: Resource, before: Properties | None) -> None:
    """What waits for a reboot is in force when the update is complete, as CloudFormation leaves it."""
    if before is not None and any(before.get(n) != resource.properties.get(n) for n in AFTER_REBOOT):
        resource.api.call("reboot_broker", BrokerId=resource.physical_id)


@step("Data", "Description")
def revision(resource: Resource, before: Properties | None) -> None:
    """The text and its description are one revision; without a text there is nothing to describe."""
    now, old = resource.properties, before or {}
    if "Data" not in now:
        if "Description" in now or "Data" in old:
            raise ResourceFailed("a configuration without Data is not emulated: it has nothing to say")
        return
    if before is None or resource.unsure or any(now.get(n) != old.get(n) for n in ("Data", "Description")):
        sent = {"ConfigurationId": resource.physical_id, **pick(now, "Data", "Description")}
        made = resource.api.send("update_configuration", sent)
        resource.answer = {**resource.answer, "LatestRevision": made["LatestRevision"]}


@prepare("Broker", "Configuration")
def association(resource: Resource, properties: Properties) -> Properties:
    return {"BrokerId": properties["Broker"], "Configuration": properties["Configuration"]}


@step()
def associated(resource: Resource, before: Properties | None) -> None:
    resource.api.call("reboot_broker", BrokerId=resource.properties["Broker"])


def unused(resource: Resource) -> None:
    """A configuration goes after the broker that has it, whoever is deleted first."""
    resource.patience.until(
        lambda: not _users(resource),
        FREE_SECONDS,
        lambda: f"the configuration {resource.physical_id} is in use by {', '.join(_users(resource))}",
    )


def _users(resource: Resource) -> list[str]:
    found = []
    for summary in resource.api.call("list_brokers")["BrokerSummaries"]:
        try:
            broker = resource.api.call("describe_broker", BrokerId=summary["BrokerId"])
        except ClientError as error:
            if not is_gone(error):
                raise
            continue  # it went in between
        if broker["Configurations"].get("Current", {}).get("Id") == resource.physical_id:
            found.append(str(broker["BrokerName"]))
    return found


def of_broker(*path: str) -> Computed:
    """GetAtt from the broker as it is now."""

    def value(resource: Resource, _: Any) -> Any:
        found: Any = resource.api.call("describe_broker", BrokerId=resource.physical_id)
        for name in path:
            found = found.get(name)
            if found is None:
                raise ResourceFailed(f"the broker {resource.physical_id} has no {'.'.join(path)}")
        return found

    return Computed(value)


def _of_instances(name: str) -> Computed:
    def value(resource: Resource, _: Any) -> list[str]:
        broker = resource.api.call("describe_broker", BrokerId=resource.physical_id)
        values = (i.get(name, []) for i in broker["BrokerInstances"])
        return [v for given in values for v in (given if isinstance(given, list) else [given])]

    return Computed(value)


endpoints, consoles = _of_instances("Endpoints"), _of_instances("ConsoleURL")
