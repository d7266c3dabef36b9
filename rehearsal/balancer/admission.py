"""What may be asked of the load balancers' API: what is not emulated is refused before moto keeps it.

Only members that are named here may be set; moto drops what it does not know, for example mutual authentication.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.balancer import language, parse
from rehearsal.balancer.model import FixedResponse, Redirect, Unsupported

Params = Mapping[str, Any]

FUNCTION_ARN = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
LISTENER = {"LoadBalancerArn", "ListenerArn", "Protocol", "Port", "SslPolicy", "Certificates", "DefaultActions", "Tags"}
RULE = {"ListenerArn", "RuleArn", "Conditions", "Priority", "Actions", "Tags"}
BALANCER = {"Name", "Subnets", "SubnetMappings", "SecurityGroups", "Scheme", "Tags", "Type", "IpAddressType"}


def admit(operation: str, params: Params) -> None:
    """Raises Unsupported where the request asks for something that the rehearsal's load balancer does not do.

    Args:
        params: of the request; where it names a target group, that group's TargetType is there too.
    """
    CHECKS[operation](params)


def _balancer(params: Params) -> None:
    parse.only(params, BALANCER, "a load balancer")
    if params.get("Type") not in (None, "application"):
        raise Unsupported(f"a load balancer of type {params['Type']!r}")
    if params.get("IpAddressType") not in (None, "ipv4"):
        raise Unsupported(f"the IP address type {params['IpAddressType']!r}")
    for mapping in params.get("SubnetMappings") or []:
        parse.only(mapping, {"SubnetId"}, "a subnet mapping")


def _listener(params: Params) -> None:
    parse.only(params, LISTENER, "a listener")
    if params.get("DefaultActions"):
        _expressible(params["DefaultActions"])


def _rule(params: Params) -> None:
    parse.only(params, RULE, "a listener rule")
    for shape in params.get("Conditions") or []:
        language.condition(parse.condition(shape))
    if params.get("Actions"):
        _expressible(params["Actions"])


def _expressible(actions: list[Params]) -> None:
    action = parse.action(actions)
    if isinstance(action, Redirect):
        language.redirect(action)
    elif isinstance(action, FixedResponse):
        language.fixed_response(action)


def _group(params: Params) -> None:
    parse.check_group(params.get("TargetType") or "instance", params.get("Protocol"), params.get("ProtocolVersion"))
    if params.get("IpAddressType") not in (None, "ipv4"):
        raise Unsupported(f"the IP address type {params['IpAddressType']!r}")
    _health_check(params)


def _health_check(params: Params) -> None:
    functions = params.get("TargetType") == "lambda"
    if functions and any(params.get(name) is not None for name in ("HealthCheckPort", "HealthCheckProtocol")):
        raise Unsupported("a port or a protocol of the health checks of a function")
    if params.get("HealthCheckProtocol") not in (None, "HTTP", "HTTPS"):
        raise Unsupported(f"the health check protocol {params['HealthCheckProtocol']!r}")
    if params.get("HealthCheckEnabled") in (False, "false") and not functions:
        raise Unsupported("a target group without health checks")
    language.quoted(params.get("HealthCheckPath") or "/")


def _group_attributes(params: Params) -> None:
    _attributes(parse.check_group_attributes)(params)
    keys = {item["Key"]: item.get("Value", "") for item in params.get("Attributes") or []}
    parse.check_own_attributes(keys, params.get("TargetType") or "instance")


def _targets(params: Params) -> None:
    targets = params.get("Targets") or []
    for target in targets:
        parse.only(target, {"Id", "Port", "AvailabilityZone"}, "a target")
    if params.get("TargetType") == "lambda":
        if len(targets) != 1:
            raise Unsupported(f"{len(targets)} functions in one target group; nor does AWS")
        parse.only(targets[0], {"Id", "AvailabilityZone"}, "a target that is a function")
        if targets[0].get("AvailabilityZone") not in (None, "all"):
            raise Unsupported(f"the Availability Zone {targets[0]['AvailabilityZone']!r} of a function, expected 'all'")
        if not FUNCTION_ARN.fullmatch(targets[0]["Id"]):
            raise Unsupported(f"the target {targets[0]['Id']!r}, expected the ARN of a function or of its alias")


def _attributes(check: Callable[[Params], object]) -> Callable[[Params], None]:
    def checked(params: Params) -> None:
        check({item["Key"]: item.get("Value", "") for item in params.get("Attributes") or []})

    return checked


CHECKS: Mapping[str, Callable[[Params], None]] = {
    "CreateLoadBalancer": _balancer,
    "CreateListener": _listener,
    "ModifyListener": _listener,
    "CreateRule": _rule,
    "ModifyRule": _rule,
    "CreateTargetGroup": _group,
    "ModifyTargetGroup": _health_check,
    "ModifyLoadBalancerAttributes": _attributes(parse.settings),
    "ModifyListenerAttributes": _attributes(parse.response_headers),
    "ModifyTargetGroupAttributes": _group_attributes,
    "RegisterTargets": _targets,
}
