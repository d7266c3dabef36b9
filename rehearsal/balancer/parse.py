"""The API's shapes → the model. What the rehearsal's load balancer does not do is refused here, with its name.

The same functions read what is kept in the API's state and what is about to be put there (moto_hooks/elbv2.py), so
that a template that asks for more fails in CloudFormation instead of half working.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rehearsal.balancer.config import ALGORITHMS
from rehearsal.balancer.model import (
    Action,
    Condition,
    FixedResponse,
    Forward,
    Redirect,
    ResponseHeaders,
    Settings,
    Unsupported,
)

Shape = Mapping[str, Any]

# Where each condition keeps its values; host-header and path-pattern may also have them at the top.
CONDITION_CONFIG = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
    "query-string": "QueryStringConfig",
}

# Attributes of a load balancer: kept and described, without any effect on the requests of a rehearsal.
RECORDED_BALANCER_ATTRIBUTES = (
    "access_logs.",
    "connection_logs.",
    "health_check_logs.",
    "client_keep_alive.seconds",
    "deletion_protection.enabled",
    "dns_record.client_routing_policy",
    "ipv6.deny_all_igw_traffic",
    "load_balancing.cross_zone.enabled",  # always on at an Application Load Balancer
    "routing.http.desync_mitigation_mode",  # HAProxy's own parser refuses ambiguous requests in every mode
    "routing.http.preserve_host_header.enabled",  # the header is always passed on as it came
    "waf.fail_open.enabled",
    "zonal_shift.config.enabled",
)

SERVER_ATTRIBUTE = "routing.http.response.server.enabled"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
RESPONSE_HEADERS: Mapping[str, str] = {
    f"routing.http.response.{name.lower().replace('-', '_')}.header_value": name
    for name in (
        "Strict-Transport-Security",
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers",
        "Access-Control-Allow-Credentials",
        "Access-Control-Expose-Headers",
        "Access-Control-Max-Age",
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "X-Frame-Options",
    )
}

MULTI_VALUE = "lambda.multi_value_headers.enabled"
GROUP_ATTRIBUTES: Mapping[str, Callable[[str], bool]] = {
    "deregistration_delay.timeout_seconds": str.isdigit,
    "slow_start.duration_seconds": str.isdigit,
    MULTI_VALUE: ("true", "false").__contains__,
    "load_balancing.algorithm.type": ALGORITHMS.__contains__,
    "load_balancing.algorithm.anomaly_mitigation": "off".__eq__,
    "load_balancing.cross_zone.enabled": ("true", "use_load_balancer_configuration").__contains__,
    "stickiness.enabled": "false".__eq__,
    "target_group_health.dns_failover.minimum_healthy_targets.count": ("1", "off").__contains__,
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off".__eq__,
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1".__eq__,
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off".__eq__,
    "waf.fail_open.enabled": "false".__eq__,
}
# They say how sessions would stick, if stickiness.enabled were true.
DORMANT_GROUP_ATTRIBUTES = ("stickiness.type", "stickiness.lb_cookie.", "stickiness.app_cookie.")


def condition(shape: Shape) -> Condition:
    """A rule's condition. Raises Unsupported."""
    field = shape.get("Field", "")
    key = CONDITION_CONFIG.get(field)
    if key is None:
        raise Unsupported(f"the rule condition {field!r}")
    config = shape.get(key) or {"Values": shape.get("Values", [])}
    only(config, {"Values", "HttpHeaderName"}, f"the rule condition {field!r}")
    values = config.get("Values") or []
    if field == "query-string":
        return Condition(field, pairs=tuple((pair.get("Key"), pair["Value"]) for pair in values))
    return Condition(field, tuple(values), config.get("HttpHeaderName", ""))


def action(shapes: Iterable[Shape]) -> Action:
    """The action of a rule. Raises Unsupported for authentication and everything else that is not emulated."""
    sequence = list(shapes)
    if len(sequence) != 1:
        raise Unsupported(f"a sequence of actions: {', '.join(str(shape.get('Type')) for shape in sequence)}")
    shape = sequence[0]
    match shape.get("Type"):
        case "forward":
            return _forward(shape)
        case "redirect":
            return _redirect(shape["RedirectConfig"])
        case "fixed-response":
            config = shape["FixedResponseConfig"]
            content_type = config.get("ContentType") or "text/plain"
            return FixedResponse(int(config["StatusCode"]), content_type, config.get("MessageBody") or "")
        case other:
            raise Unsupported(f"the action {other!r}")


def _forward(shape: Shape) -> Forward:
    config = shape.get("ForwardConfig") or {}
    if (config.get("TargetGroupStickinessConfig") or {}).get("Enabled") in (True, "true"):
        raise Unsupported("stickiness between target groups")
    groups = config.get("TargetGroups") or [{"TargetGroupArn": shape["TargetGroupArn"]}]
    return Forward(tuple((group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups))


def _redirect(config: Shape) -> Redirect:
    return Redirect(
        status=int(str(config["StatusCode"]).removeprefix("HTTP_")),
        protocol=config.get("Protocol") or "#{protocol}",
        host=config.get("Host") or "#{host}",
        port=str(config.get("Port") or "#{port}"),
        path=config.get("Path") or "/#{path}",
        query=config.get("Query", "#{query}"),
    )


def settings(attributes: Shape) -> Settings:
    """The load balancer's attributes; defaults as an Application Load Balancer has them. Raises Unsupported."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        text = str(value)
        match key:
            case "idle_timeout.timeout_seconds":
                found["idle_timeout"] = int(text)
            case "routing.http2.enabled":
                found["http2"] = text == "true"
            case "routing.http.drop_invalid_header_fields.enabled":
                found["drop_invalid_headers"] = text == "true"
            case "routing.http.xff_header_processing.mode":
                found["forwarded_for"] = text
            case "routing.http.x_amzn_tls_version_and_cipher_suite.enabled":
                found["tls_headers"] = text == "true"
            case "routing.http.xff_client_port.enabled" | "secondary_ips.auto_assigned.per_subnet":
                if text not in ("false", "0"):
                    raise Unsupported(f"the load balancer attribute {key} = {text}")
            case _ if not key.startswith(RECORDED_BALANCER_ATTRIBUTES):
                raise Unsupported(f"the load balancer attribute {key} = {text}")
    return Settings(**found)


def check_group_attributes(attributes: Shape) -> None:
    """Raises Unsupported for the first attribute of a target group that is not emulated."""
    for key, value in attributes.items():
        fine = GROUP_ATTRIBUTES.get(key)
        if not (fine(str(value)) if fine else key.startswith(DORMANT_GROUP_ATTRIBUTES)):
            raise Unsupported(f"the target group attribute {key} = {value}")


def check_own_attributes(attributes: Shape, target_type: str) -> None:
    """Raises Unsupported for what a target group of this type does not have: functions have an attribute of their own.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
    """
    for key in attributes:
        if (key == MULTI_VALUE) != (target_type == "lambda"):
            raise Unsupported(f"the target group attribute {key} for targets of type {target_type!r}; nor does AWS")


def check_group(target_type: str, protocol: str | None, version: str | None) -> None:
    """Raises Unsupported for target groups of other kinds than functions, and HTTP(S) to instances or addresses."""
    if target_type == "lambda":
        return  # it has no protocol; AWS and moto refuse one
    if target_type not in ("instance", "ip"):
        raise Unsupported(f"a target group of type {target_type!r}")
    if protocol not in ("HTTP", "HTTPS"):
        raise Unsupported(f"a target group of protocol {protocol!r}")
    if version not in (None, "HTTP1"):
        raise Unsupported(f"the protocol version {version!r} of a target group")


def response_headers(attributes: Shape) -> ResponseHeaders:
    """What a listener does to the headers of its responses. Raises Unsupported for every other attribute."""
    added = []
    for key, value in attributes.items():
        if key in RESPONSE_HEADERS:
            added += [(RESPONSE_HEADERS[key], str(value))] if value else []
        elif key not in ("tcp.idle_timeout.seconds", SERVER_ATTRIBUTE):  # the first: moto's default, for other types
            raise Unsupported(f"the listener attribute {key} = {value}")
    return ResponseHeaders(tuple(sorted(added)), str(attributes.get(SERVER_ATTRIBUTE, "true")) == "true")


def only(shape: Shape, known: set[str], where: str) -> None:
    """Raises Unsupported where the shape has a member with a value that is not known here."""
    extra = sorted(key for key in shape if key not in known and shape[key] not in (None, [], {}))
    if extra:
        raise Unsupported(f"{', '.join(extra)} in {where}")
