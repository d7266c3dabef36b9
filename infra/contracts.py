"""What no template can promise alone: contracts between stacks, and between environments.

- What a role may read from SSM, some stack of the environment writes. (That each value that a stack reads has exactly
  one writer, upstream, the synthesis itself makes sure of: `infra.manifest`.)
- Every alarm reaches a topic with a subscriber, or something that acts on it.
- Every opening of a security group towards another has its peer there: one on one side only lets nothing through.
- Every copy of a backup has a vault that takes it: it exists, its lock allows so many days, its policy lets the account
  in, and the key of the source lets the account of the vault read.

Pure: stacks go in, findings come out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from infra.synthesized import Stack
from kiln.promises.policies import allows, listed, statements
from kiln.promises.template import Environment, Resource
from kiln.promises.values import as_text

ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
ACTING = ("AWS::AutoScaling::ScalingPolicy", "AWS::ApplicationAutoScaling::ScalingPolicy")
READING = ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath")
PARAMETER_ARN = re.compile(r":parameter(/.+)$")
VAULT_ARN = re.compile(r"^arn:[^:]+:backup:(?P<region>[^:]+):(?P<account>\d+):backup-vault:(?P<name>.+)$")
ANYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Broken:
    """A contract that does not hold.

    Args:
        contract: its name.
        environment: where.
        where: the resource, by the path of its construct.
        found: what is there.
        expected: what would keep the contract.
    """

    contract: str
    environment: str
    where: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Place:
    """An environment with its account, which copies of backups go by."""

    account: str
    environment: Environment


def check(stacks: Iterable[Stack]) -> tuple[Broken, ...]:
    """Every broken contract of all environments."""
    places = gather(stacks)
    found: list[Broken] = []
    for place in places:
        found += [*_roles(place.environment), *_alarms(place.environment), *_openings(place.environment)]
        found += _copies(place, places)
    return tuple(found)


def gather(stacks: Iterable[Stack]) -> tuple[Place, ...]:
    """The environments of these stacks; a stack of no environment stands for itself."""
    templates: dict[str, dict[str, Any]] = {}
    accounts: dict[str, str] = {}
    for stack in stacks:
        name = stack.environment or stack.name
        templates.setdefault(name, {})[stack.source.partition("-")[0]] = stack.template
        accounts[name] = stack.account
    return tuple(Place(accounts[name], Environment.of(name, found, complete=True)) for name, found in templates.items())


def _roles(environment: Environment) -> Iterator[Broken]:
    written = {as_text(r.properties.get("Name", "")) for r in environment.of_type("AWS::SSM::Parameter")}
    for resource, document in _identity_policies(environment):
        for statement in statements(document):
            if not allows(statement) or not set(listed(statement.get("Action"))) & set(READING):
                continue
            for arn in listed(statement.get("Resource")):
                named = PARAMETER_ARN.search(arn)
                if named and not any(fnmatchcase(name, named.group(1)) for name in written):
                    found = f"may read {named.group(1)}"
                    yield Broken("a role reads what is written", environment.name, resource.path, found, "a writer")


def _identity_policies(environment: Environment) -> Iterator[tuple[Resource, Any]]:
    for resource in (*environment.of_type("AWS::IAM::Policy"), *environment.of_type("AWS::IAM::ManagedPolicy")):
        yield resource, resource.properties.get("PolicyDocument")
    for resource in environment.of_type("AWS::IAM::Role"):
        for policy in resource.properties.get("Policies", ()):
            yield resource, policy.get("PolicyDocument")


def _alarms(environment: Environment) -> Iterator[Broken]:
    heard = [
        topic
        for topic in environment.of_type("AWS::SNS::Topic")
        if any(topic.is_in(s.properties.get("TopicArn")) for s in environment.of_type("AWS::SNS::Subscription"))
    ]
    acting = [resource for kind in ACTING for resource in environment.of_type(kind)]
    composites = environment.of_type("AWS::CloudWatch::CompositeAlarm")
    for kind in ALARMS:
        for alarm in environment.of_type(kind):
            actions = alarm.properties.get("AlarmActions", ())
            if any(target.is_in(actions) for target in (*heard, *acting)):
                continue
            if any(alarm.is_in(other.properties.get("AlarmRule")) for other in composites):
                continue
            yield Broken(
                "an alarm reaches somebody",
                environment.name,
                alarm.path,
                f"actions: {', '.join(listed(actions)) or 'none'}",
                "a topic with a subscriber, a scaling policy, or a composite alarm that asks for it",
            )


@dataclass(frozen=True, slots=True)
class _Rule:
    """One side of an opening: the group that has the rule, and what is at the other end."""

    owner: Resource
    group: str
    peer: str
    blocks: tuple[str, ...]
    low: int
    high: int

    def covers(self, other: "_Rule") -> bool:
        return self.low <= other.low and other.high <= self.high

    @property
    def ports(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


def _openings(environment: Environment) -> Iterator[Broken]:
    ingress = list(_rules(environment, "Ingress", "SourceSecurityGroupId"))
    egress = list(_rules(environment, "Egress", "DestinationSecurityGroupId"))
    for rules, others, way in ((ingress, egress, "to"), (egress, ingress, "from")):
        for rule in rules:
            if rule.peer and not any(_answers(other, rule) for other in others):
                yield Broken(
                    "an opening has its peer",
                    environment.name,
                    rule.owner.path,
                    f"port {rule.ports} of {rule.group}, for {rule.peer}",
                    f"a rule of {rule.peer} that lets the same port {way} {rule.group}",
                )


def _answers(other: _Rule, rule: _Rule) -> bool:
    if not other.covers(rule) or other.group != rule.peer:
        return False
    return other.peer == rule.group or any(block in ANYWHERE for block in other.blocks)


def _rules(environment: Environment, direction: str, peer: str) -> Iterator[_Rule]:
    for group in environment.of_type("AWS::EC2::SecurityGroup"):
        for rule in group.properties.get(f"SecurityGroup{direction}", ()):
            yield _rule(group, f"⟨{group.stack}/{group.logical_id}.GroupId⟩", rule, peer)
    for resource in environment.of_type(f"AWS::EC2::SecurityGroup{direction}"):
        yield _rule(resource, as_text(resource.properties.get("GroupId", "")), resource.properties, peer)


def _rule(owner: Resource, group: str, rule: Mapping[str, Any], peer: str) -> _Rule:
    anything = str(rule.get("IpProtocol")) == "-1"
    blocks = tuple(as_text(rule[key]) for key in ("CidrIp", "CidrIpv6") if key in rule)
    low, high = (0, 65535) if anything else (int(rule.get("FromPort", 0)), int(rule.get("ToPort", 65535)))
    return _Rule(owner, group, as_text(rule.get(peer, "")), blocks, low, high)


def _copies(place: Place, places: Sequence[Place]) -> Iterator[Broken]:
    for plan in place.environment.of_type("AWS::Backup::BackupPlan"):
        for rule in plan.properties["BackupPlan"]["BackupPlanRule"]:
            for action in rule.get("CopyActions", ()):
                for found, expected in _of_copy(place, places, action):
                    yield Broken("a copy has a vault that takes it", place.environment.name, plan.path, found, expected)


def _of_copy(place: Place, places: Sequence[Place], action: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    arn = as_text(action["DestinationBackupVaultArn"]).replace("⟨AWS::Partition⟩", "aws")
    target = VAULT_ARN.match(arn)
    if target is None:
        yield arn, "the ARN of a vault"
        return
    vault = _vault(places, target["account"], target["name"])
    if vault is None:
        yield f"copies to {arn}", f"a vault {target['name']} in the account {target['account']}"
        return
    lock = vault.properties.get("LockConfiguration", {})
    days = int(action.get("Lifecycle", {}).get("DeleteAfterDays", 0))
    low, high = int(lock.get("MinRetentionDays", 1)), int(lock.get("MaxRetentionDays", 36500))
    if not low <= days <= high:
        yield f"kept for {days} days", f"{low} to {high} days, as the lock of {vault.path} asks"
    policy = vault.properties.get("AccessPolicy")
    if not any(_lets_in(statement, place.account, "backup:CopyIntoBackupVault") for statement in statements(policy)):
        yield f"{vault.path} does not let {place.account} in", "an Allow of backup:CopyIntoBackupVault for it"
    keys = place.environment.of_type("AWS::KMS::Key")
    used = [key for key in keys if any(key.is_in(v.properties) for v in _encrypted(place.environment))]
    for key in used:
        document = key.properties.get("KeyPolicy")
        if not any(_lets_in(statement, target["account"], "kms:Decrypt") for statement in statements(document)):
            yield f"{key.path} does not let {target['account']} read", "an Allow of kms:Decrypt for it"


def _encrypted(environment: Environment) -> Iterator[Resource]:
    """What is copied: the vault, and the databases whose snapshots keep the key of the source."""
    for kind in ("AWS::Backup::BackupVault", "AWS::RDS::DBCluster"):
        yield from environment.of_type(kind)


def _vault(places: Sequence[Place], account: str, name: str) -> Resource | None:
    vaults = [v for p in places if p.account == account for v in p.environment.of_type("AWS::Backup::BackupVault")]
    return next((vault for vault in vaults if vault.properties.get("BackupVaultName") == name), None)


def _lets_in(statement: dict[str, Any], account: str, action: str) -> bool:
    principal = statement.get("Principal")
    named = listed(principal.get("AWS")) if isinstance(principal, dict) else []
    actions = [fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement.get("Action"))]
    return allows(statement) and any(actions) and any(account in name for name in named)
