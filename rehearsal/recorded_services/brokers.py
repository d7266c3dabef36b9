"""Amazon MQ: brokers of RabbitMQ and their configurations. A broker is RUNNING at once, and nothing listens yet.

What needs a reboot on AWS is pending here too, and in force after RebootBroker:
https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/amazon-mq-rebooting-broker.html. A broker of ActiveMQ is
refused: its configuration and its users are another matter.
"""

import base64
import uuid
from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.recorded_services.behind import Behind
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Kept, Members, Noun
from rehearsal.recorded_services.verbs import (
    Ask,
    constant,
    default,
    get,
    listed,
    make,
    now,
    random_id,
    remove,
    tag,
    tags_of,
    untag,
)

NODES = {"SINGLE_INSTANCE": 1, "CLUSTER_MULTI_AZ": 3}
SHORTEST_PASSWORD = 12  # API_User: 12 to 250 characters, no commas, colons or equal signs
CONFIGURATION = Noun(
    name="configuration",
    key=("ConfigurationId",),
    born={
        "ConfigurationId": random_id("c-", 36),
        "Id": "{ConfigurationId}",
        "Arn": "arn:aws:mq:{Region}:{Account}:configuration:{ConfigurationId}",
        "AuthenticationStrategy": default("AuthenticationStrategy", "SIMPLE"),
        "EngineVersion": default("EngineVersion", "3.13"),
        "Created": now,
        "Revisions": lambda ask, members: [
            {
                "Revision": 1,
                "Created": members["Created"],
                "Description": f"Auto-generated default for {members['Name']} on {members['EngineType']}",
                "Data": "",
            }
        ],
        "LatestRevision": lambda ask, members: _summary(members["Revisions"][-1]),
    },
    arn="Arn",
    missing="NotFoundException",
)
BROKER = Noun(
    name="broker",
    key=("BrokerId",),
    born={
        "BrokerId": lambda ask, members: f"b-{uuid.uuid4()}",
        "BrokerArn": "arn:aws:mq:{Region}:{Account}:broker:{BrokerName}:{BrokerId}",
        "BrokerState": constant("RUNNING"),
        "Created": now,
        "AuthenticationStrategy": default("AuthenticationStrategy", "SIMPLE"),
        "StorageType": default("StorageType", "EBS"),
        "EngineVersion": default("EngineVersion", "3.13"),
        "BrokerInstances": lambda ask, members: _instances(ask, members),
        "Logs": lambda ask, members: _logs(members),
        "Configurations": lambda ask, members: {"Current": members.get("Configuration"), "History": []},
        "Passwords": lambda ask, members: {u["Username"]: u["Password"] for u in members.get("Users", ())},
        "Users": lambda ask, members: [{"Username": u["Username"]} for u in members.get("Users", ())],
    },
    arn="BrokerArn",
    missing="NotFoundException",
    refused=frozenset({"DataReplicationMode", "DataReplicationPrimaryBrokerArn", "LdapServerMetadata"}),
)
# A change of these waits for the next reboot: member → where DescribeBroker shows what waits.
PENDING = {
    "EngineVersion": "PendingEngineVersion",
    "HostInstanceType": "PendingHostInstanceType",
    "StorageSize": "PendingStorageSize",
}
AT_ONCE = ("AutoMinorVersionUpgrade", "MaintenanceWindowStartTime", "SecurityGroups")


def _summary(revision: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in revision.items() if k != "Data"}


def _instances(ask: Ask, members: Members) -> list[dict[str, Any]]:
    """RabbitMQ has one address whatever the number of nodes: AWS puts a load balancer before a cluster."""
    host = f"{members['BrokerId']}.mq.{ask.caller.region}.on.aws"
    return [{"ConsoleURL": f"https://{host}", "Endpoints": [f"amqps://{host}:5671"]}]


def _logs(members: Members) -> dict[str, Any]:
    asked = members.get("Logs", {})
    group = f"/aws/amazonmq/broker/{members['BrokerId']}/general"
    return {"General": False, "Audit": False, **asked, **({"GeneralLogGroup": group} if asked.get("General") else {})}


def _refuse(ask: Ask, broker: Kept) -> None:
    """What Amazon MQ refuses of a broker of RabbitMQ. Raises AwsError."""
    members, passwords = broker.members, broker.members["Passwords"]
    if members["EngineType"].upper() != "RABBITMQ":
        raise bad(f"EngineType: {members['EngineType']} is not emulated, RABBITMQ is")
    if members["DeploymentMode"] not in NODES:
        raise bad(f"Broker engine type [RabbitMQ] does not support deployment mode [{members['DeploymentMode']}].")
    if len(passwords) != 1:
        raise bad(f"A broker of RabbitMQ is made with exactly one user, found {len(passwords)}.")
    for name, password in passwords.items():
        if not SHORTEST_PASSWORD <= len(password) <= 250 or set(password) & set(",:="):
            raise bad(f"The password of the user {name} must have 12 to 250 characters, without , : and =.")
    if members["Logs"].get("Audit"):
        raise bad("Audit logging is not supported for RabbitMQ brokers.")
    if any(other.members["BrokerName"] == members["BrokerName"] for other in ask.shelf.all(BROKER)):
        raise AwsError("ConflictException", f"Broker [{members['BrokerName']}] already exists.", 409)
    _require_configuration(ask, members.get("Configuration"))


def bad(message: str) -> AwsError:
    return AwsError("BadRequestException", message)


def _require_configuration(ask: Ask, asked: dict[str, Any] | None) -> None:
    if asked is None:
        return
    kept = ask.shelf.need(CONFIGURATION, (asked["Id"],))
    last = kept.members["Revisions"][-1]["Revision"]
    if not 1 <= asked.get("Revision", last) <= last:
        raise bad(f"The configuration {asked['Id']} has no revision {asked['Revision']}: its last one is {last}.")
    asked.setdefault("Revision", last)


def _create_broker(ask: Ask) -> dict[str, Any]:
    """The names of the networks are not checked: moto's EC2 has them, and the template refers to them."""
    return make(BROKER, also=_refuse)(ask)


def _update_broker(ask: Ask) -> dict[str, Any]:
    kept, request = ask.thing(BROKER), ask.request
    _require_configuration(ask, request.get("Configuration"))
    members = {**kept.members, **{name: request[name] for name in AT_ONCE if name in request}}
    if "Logs" in request:
        members["Logs"] = _logs({**members, "Logs": request["Logs"]})
    for name, shown in PENDING.items():
        if name in request and request[name] != kept.members.get(name):
            members[shown] = request[name]
    if "Configuration" in request and request["Configuration"] != members["Configurations"]["Current"]:
        members["Configurations"] = {**members["Configurations"], "Pending": request["Configuration"]}
    kept.members = members
    ask.told(BROKER).changed(kept)
    return {"BrokerId": kept.key[0], **{k: v for k, v in request.items() if k in ask.output.members}}


def _reboot(ask: Ask) -> dict[str, Any]:
    """What waits comes into force."""
    kept = ask.thing(BROKER)
    for name, shown in PENDING.items():
        if shown in kept.members:
            kept.members[name] = kept.members.pop(shown)
    found = kept.members["Configurations"]
    if "Pending" in found:
        history = [c for c in (found["Current"], *found["History"]) if c]
        kept.members["Configurations"] = {"Current": found["Pending"], "History": history}
    ask.told(BROKER).changed(kept)
    return {}


def _update_configuration(ask: Ask) -> dict[str, Any]:
    kept = ask.thing(CONFIGURATION)
    try:
        base64.b64decode(ask.request["Data"], validate=True).decode()
    except ValueError as error:
        raise bad(f"Data: expected text in base64, found something else: {error}") from None
    revisions = kept.members["Revisions"]
    revision = {
        "Revision": len(revisions) + 1,
        "Created": now(ask, {}),
        "Description": ask.request.get("Description", ""),
        "Data": ask.request["Data"],
    }
    kept.members["Revisions"] = [*revisions, revision]
    kept.members["LatestRevision"] = _summary(revision)
    kept.members["Description"] = revision["Description"]
    return ask.answer(kept)


def _revision(ask: Ask) -> dict[str, Any]:
    kept, number = ask.thing(CONFIGURATION), ask.request["ConfigurationRevision"]
    for revision in kept.members["Revisions"]:
        if str(revision["Revision"]) == number:
            return {"ConfigurationId": kept.key[0], **{k: v for k, v in revision.items() if k != "Revision"}}
    raise AwsError("NotFoundException", f"The configuration {kept.key[0]} has no revision {number}", 404)


def _refuse_used(ask: Ask, configuration: Kept) -> None:
    for broker in ask.shelf.all(BROKER):
        found = broker.members["Configurations"]
        if configuration.key[0] in {(c or {}).get("Id") for c in (found["Current"], found.get("Pending"))}:
            words = f"Configuration {configuration.key[0]} is in use by the broker {broker.members['BrokerName']}."
            raise AwsError("ConflictException", words, 409)


TABLE = {
    "CreateBroker": _create_broker,
    "DescribeBroker": get(BROKER),
    "UpdateBroker": _update_broker,
    "RebootBroker": _reboot,
    "DeleteBroker": remove(BROKER),
    "ListBrokers": listed(BROKER, "BrokerSummaries"),
    "CreateConfiguration": make(CONFIGURATION),
    "UpdateConfiguration": _update_configuration,
    "DescribeConfiguration": get(CONFIGURATION),
    "DescribeConfigurationRevision": _revision,
    "ListConfigurations": listed(CONFIGURATION, "Configurations"),
    "DeleteConfiguration": remove(CONFIGURATION, also=_refuse_used),
    "CreateTags": tag("ResourceArn", "Tags"),
    "DeleteTags": untag("ResourceArn", "TagKeys"),
    "ListTags": tags_of("ResourceArn", "Tags"),
}


def service(behind: Behind) -> RecordedService:
    """`behind`: what stands behind each broker; `kept.members["Passwords"]` has its user's password."""
    return RecordedService("mq", TABLE, behind={BROKER.name: behind})
