"""Reads the API's state from moto's records, several times a second and without an API call; changes nothing there but
one thing: a target whose instance has ended leaves its target group.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import AWS_ROOT_CA, acm_backends
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.elbv2.models import elbv2_backends
from moto.elbv2.ssl_policies import SSL_POLICIES

from rehearsal.balancer import parse
from rehearsal.balancer.config import BRIDGE_HOST
from rehearsal.balancer.model import (
    Certificate,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Rule,
    Target,
    TargetGroup,
    Unsupported,
)
from rehearsal.balancer.permission import may_invoke

# States in which a guest may still answer; the others have no address to send requests to.
ANSWERING = frozenset({"running", "stopping", "shutting-down"})


@dataclass(frozen=True, slots=True)
class Found:
    """A load balancer of some account and region, with moto's record of it."""

    account: str
    region: str
    record: Any

    @property
    def arn(self) -> str:
        return str(self.record.arn)


def load_balancers() -> Iterator[Found]:
    """Every Application Load Balancer of every account and region."""
    for account, regions in list(elbv2_backends.items()):
        for region, backend in list(regions.items()):
            for record in list(backend.load_balancers.values()):
                if record.type == "application":
                    yield Found(str(account), str(region), record)


def structure(found: Found) -> LoadBalancer:
    """The load balancer's structure. Raises Unsupported."""
    listeners = tuple(_listener(found, record) for record in list(found.record.listeners.values()))
    backend = elbv2_backends[found.account][found.region]
    actions = [rule.action for listener in listeners for rule in listener.rules]
    arns = sorted({arn for action in actions if isinstance(action, Forward) for arn, _ in action.weights})
    groups = tuple(_group(backend.target_groups[arn]) for arn in arns if arn in backend.target_groups)
    return LoadBalancer(parse.settings(found.record.attrs), tuple(sorted(listeners, key=_by_port)), groups)


def _by_port(listener: Listener) -> int:
    return listener.port


def _listener(found: Found, record: Any) -> Listener:
    headers = parse.response_headers(record.attributes)
    protocol = str(record.protocol)
    certificates: tuple[Certificate, ...] = ()
    versions: tuple[str, ...] = ()
    if protocol == "HTTPS":
        arns = dict.fromkeys([record.certificate, *record.certificates])
        certificates = tuple(certificate_of(found.account, found.region, arn) for arn in arns if arn)
        if not certificates:
            raise Unsupported(f"a listener on port {record.port} with HTTPS and without a certificate")
        policy = SSL_POLICIES[record.ssl_policy or "ELBSecurityPolicy-2016-08"]
        versions = tuple("TLSv1.0" if version == "TLSv1" else version for version in policy["ssl_protocols"])
    rules = list(record.rules.values())
    numbered = sorted((rule for rule in rules if not rule.is_default), key=_priority)
    ordered = [*numbered, *(rule for rule in rules if rule.is_default)]
    rules_in_order = tuple(_rule(rule) for rule in ordered)
    return Listener(int(record.port), protocol, versions, certificates, rules_in_order, headers)


def certificate_of(account: str, region: str, arn: str) -> Certificate:
    """A certificate with its key and chain. Raises Unsupported where ACM does not have it, for example one of IAM's."""
    try:
        bundle = acm_backends[account][region].get_certificate(arn)
    except CertificateNotFound:
        raise Unsupported(f"the certificate {arn}, which is not in ACM") from None
    # moto ends the chain of every imported certificate with a root of Amazon's that has nothing to do with it.
    chain = (bundle.chain or b"").replace(AWS_ROOT_CA, b"")
    parts = [bundle.cert.strip(), bundle.key.strip(), chain.strip()]
    pem = b"\n".join(part for part in parts if part).decode() + "\n"
    names = dict.fromkeys([bundle.common_name, *bundle.sans])
    return Certificate(arn, pem, tuple(name for name in names if name and "*" not in name))


def _priority(record: Any) -> int:
    return int(record.priority)


def _rule(record: Any) -> Rule:
    conditions = tuple(parse.condition(shape) for shape in record.conditions)
    # ModifyListener leaves plain dictionaries where CreateListener leaves moto's objects.
    shapes = [item.data if hasattr(item, "data") else item for item in record.actions]
    return Rule(str(record.priority), conditions, parse.action(shapes))


def _group(record: Any) -> TargetGroup:
    parse.check_group(record.target_type, record.protocol, record.protocol_version)
    parse.check_group_attributes(record.attributes)
    functions = record.target_type == "lambda"
    check = HealthCheck(
        protocol=str(record.health_check_protocol or record.protocol or "HTTP"),
        path=str(record.health_check_path or "/"),
        port=None if record.health_check_port in (None, "traffic-port") else int(record.health_check_port),
        interval=int(record.health_check_interval_seconds),
        timeout=int(record.health_check_timeout_seconds),
        healthy=int(record.healthy_threshold_count),
        unhealthy=int(record.unhealthy_threshold_count),
        codes=str((record.matcher or {}).get("HttpCode", "200")),
        enabled=str(record.health_check_enabled).lower() == "true",
    )
    return TargetGroup(
        arn=str(record.arn),
        protocol="HTTP" if functions else str(record.protocol),
        check=check,
        algorithm=str(record.attributes["load_balancing.algorithm.type"]),
        deregistration_delay=int(record.attributes["deregistration_delay.timeout_seconds"]),
        slow_start=int(record.attributes["slow_start.duration_seconds"]),
        functions=functions,
    )


def targets(account: str, region: str, group_arn: str) -> tuple[Target, ...] | None:
    """The registered targets of a group, then those whose instance has ended; None where there is no such group."""
    record = elbv2_backends[account][region].target_groups.get(group_arn)
    if record is None:
        return None
    registered = {t["Id"]: t for t in list(record.targets.values())}
    if record.target_type == "lambda":
        return tuple(Target(arn, 0, BRIDGE_HOST) for arn in registered)
    states = {id: _instance(record, id) for id in registered}
    record.deregister_terminated_instances([id for id, (state, _) in states.items() if state == "terminated"])
    here = [Target(id, int(t["Port"]), states[id][1]) for id, t in registered.items() if states[id][0] != "terminated"]
    ended = [
        Target(t["Id"], int(t["Port"]), _instance(record, t["Id"])[1], ended=True)
        for t in list(record.terminated_targets.values())
    ]
    return (*here, *ended)


def _instance(record: Any, target_id: str) -> tuple[str, str | None]:
    """The state of the instance behind a target, and the address to reach it at; other targets are always there."""
    if not target_id.startswith("i-"):
        return "running", str(ipaddress.ip_address(target_id))
    instance = record.ec2_backend.get_instance_by_id(target_id)
    if instance is None:
        return "terminated", None
    return str(instance.state), str(instance.private_ip) if instance.state in ANSWERING else None


@dataclass(frozen=True, slots=True)
class FunctionTarget:
    """The function behind a target group: its ARN as registered, the group's attribute, and what its policy says."""

    arn: str
    multi_value: bool
    permitted: bool


def function_of(group_arn: str) -> FunctionTarget | None:
    """The function that is the target of a group; None where there is no such group, or nothing is registered."""
    _, _, _, region, account, *_ = group_arn.split(":")
    record = elbv2_backends[account][region].target_groups.get(group_arn)
    registered = list(record.targets) if record else []
    if not registered:
        return None
    multi_value = str(record.attributes.get(parse.MULTI_VALUE)) == "true"
    return FunctionTarget(registered[0], multi_value, bool(permitted(registered[0], group_arn)))


def permitted(function_arn: str, group_arn: str) -> bool | None:
    """Whether load balancers may invoke a function from a target group; None where there is no such function."""
    _, _, _, region, account, *_ = function_arn.split(":")
    try:
        record = lambda_backends[account][region].get_function(function_arn)
    except UnknownFunctionException:
        return None
    return may_invoke(record.policy.statements, function_arn, group_arn)


def forget_ended(account: str, region: str, group_arn: str, target_id: str) -> None:
    """The health check has noticed that the instance of this target is gone."""
    record = elbv2_backends[account][region].target_groups.get(group_arn)
    if record is not None:
        record.terminated_targets.pop(target_id, None)


def group_ports(account: str, region: str, group_arn: str) -> tuple[int, str]:
    """The port of a group's traffic, and that of its health checks: a number or "traffic-port"."""
    record = elbv2_backends[account][region].target_groups[group_arn]
    return int(record.port or 0), str(record.health_check_port or "traffic-port")
