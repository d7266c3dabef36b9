"""The lock of what holds state: a change that would delete or replace it fails, with the name of what would be lost.

CloudFormation deletes a resource whose logical id is gone from the template, and replaces one whose create-only
property has changed; both look like any other change in a review. So the logical ids of stateful resources stand in a
file, with the create-only properties that decide their fate and the values of the parameter files that these refer to.

Pure: what is locked and what is there go in, findings come out.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from infra.synthesized import Stack
from provider_schemas import schema

LOST: Mapping[str, str] = {
    "AWS::AmazonMQ::Broker": "the messages in its queues",
    "AWS::Backup::BackupVault": "the backups in it",
    "AWS::CloudTrail::Trail": "the record of what is done from then on",
    "AWS::DynamoDB::GlobalTable": "the items in it",
    "AWS::DynamoDB::Table": "the items in it",
    "AWS::EC2::EIP": "the address that others have let in",
    "AWS::EC2::Subnet": "every machine in it",
    "AWS::EC2::VPC": "the network and everything in it",
    "AWS::ECR::Repository": "the images in it",
    "AWS::EFS::FileSystem": "the files in it",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "the name that others send their requests to",
    "AWS::GuardDuty::Detector": "its findings",
    "AWS::KMS::Key": "everything that is encrypted with it",
    "AWS::Logs::LogGroup": "the logs in it",
    "AWS::RDS::DBCluster": "the database",
    "AWS::RDS::DBInstance": "an instance of the database while it is made anew",
    "AWS::Route53::HostedZone": "the name servers that its parent zone delegates to",
    "AWS::S3::Bucket": "the objects in it",
    "AWS::SNS::Topic": "its confirmed subscriptions",
    "AWS::SQS::Queue": "the messages in it",
    "AWS::SecretsManager::Secret": "the secret in it",
}
"""Resource type → what is lost with it."""
READ = "AWS::SSM::Parameter::Value<"


class Locked(BaseModel):
    """One stateful resource.

    Args:
        type: of the resource.
        path: of its construct, for people.
        create_only: create-only property, as a path `A/B` → what the template says.
        values: environment → shared value → the value of its parameter file, of those that `create_only` refers to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    path: str
    create_only: dict[str, Any] = {}
    values: dict[str, dict[str, Any]] = {}


Lock = dict[str, dict[str, Locked]]
"""Template → logical id → what is locked."""


class Finding(BaseModel):
    """What the lock does not allow, or does not know yet.

    Args:
        where: `Database/ClusterEB0386A7`.
        what: what would happen.
        lost: what would be lost; empty where nothing is: then the resource is new.
    """

    model_config = ConfigDict(frozen=True)

    where: str
    what: str
    lost: str = ""


def take(stacks: Iterable[Stack]) -> Lock:
    """The lock of these stacks: every stateful resource of every template, with the values of each environment."""
    stacks = tuple(stacks)
    written = {stack.environment: _written(stack) for stack in stacks if stack.source.startswith("Parameters-")}
    lock: Lock = {}
    for stack in stacks:
        for logical_id, resource in stack.resources(*LOST):
            known = lock.setdefault(stack.source, {}).get(logical_id)
            values = dict(known.values) if known else {}
            known_type = schema(stack.region, resource["Type"])
            create_only = known_type.create_only(resource.get("Properties", {})) if known_type else {}
            if used := {name: written.get(stack.environment, {}).get(name) for name in _reads(stack, create_only)}:
                values[stack.environment] = used
            lock[stack.source][logical_id] = Locked(
                type=resource["Type"],
                path=resource.get("Metadata", {}).get("aws:cdk:path", logical_id),
                create_only=create_only,
                values=values,
            )
    return lock


def compare(locked: Lock, found: Lock) -> tuple[Finding, ...]:
    """What would be lost, and what is new, in the order of the templates."""
    return tuple(_compare(locked, found))


def _compare(locked: Lock, found: Lock) -> Iterator[Finding]:
    for template, logical_id in _ids(locked):
        before, after = locked[template][logical_id], found.get(template, {}).get(logical_id)
        where = f"{template}/{logical_id}"
        if after is None:
            renamed = _renamed(before, found.get(template, {}), locked.get(template, {}))
            what = f"deleted: {before.path} has the new logical id {renamed}" if renamed else f"deleted: {before.path}"
            yield Finding(where=where, what=what, lost=LOST[before.type])
        elif before.type != after.type:
            yield Finding(where=where, what=f"replaced: it becomes a {after.type}", lost=LOST[before.type])
        else:
            for change in _changes(before, after):
                yield Finding(where=where, what=f"replaced: {change}", lost=LOST[before.type])
    for template, logical_id in _ids(found):
        if logical_id not in locked.get(template, {}):
            yield Finding(where=f"{template}/{logical_id}", what=f"new: {found[template][logical_id].path}")


def _ids(lock: Lock) -> Iterator[tuple[str, str]]:
    for template in sorted(lock):
        for logical_id in sorted(lock[template]):
            yield template, logical_id


def _renamed(before: Locked, found: Mapping[str, Locked], locked: Mapping[str, Locked]) -> str | None:
    """The new id of the same construct, where only its logical id has changed."""
    return next((i for i, other in found.items() if i not in locked and other.path == before.path), None)


def _changes(before: Locked, after: Locked) -> Iterator[str]:
    for name in sorted(before.create_only.keys() | after.create_only.keys()):
        if before.create_only.get(name) != after.create_only.get(name):
            yield f"{name} cannot be changed in place"
    for environment, values in before.values.items():
        now = after.values.get(environment, {})
        for name, value in values.items():
            if name in now and now[name] != value:
                yield f"in {environment} the value {name} changes from {value!r} to {now[name]!r}"


def _written(parameters: Stack) -> dict[str, Any]:
    """Shared value → what the stack Parameters of one environment writes."""
    return {r["Properties"]["Name"]: r["Properties"]["Value"] for _, r in parameters.resources("AWS::SSM::Parameter")}


def _reads(stack: Stack, expression: Any) -> list[str]:
    """The shared values that an expression refers to, also through conditions."""
    parameters = stack.template.get("Parameters", {})
    names = set[str]()
    waiting, seen = [expression], set[str]()
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            reference = node.get("Ref")
            if reference in parameters and parameters[reference]["Type"].startswith(READ):
                names.add(parameters[reference]["Default"])
            condition = node["Fn::If"][0] if "Fn::If" in node else node.get("Condition")
            if isinstance(condition, str) and condition not in seen:
                seen.add(condition)
                waiting.append(stack.template.get("Conditions", {}).get(condition))
            waiting += node.values()
    return sorted(names)
