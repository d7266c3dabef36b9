"""Load balancers, listeners, certificates and the firewall, read back."""

from typing import Any

from tests.readback.expected import every, includes, is_, many, present
from tests.readback.reading import ID, Ask, Expected, read

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
WEB_ACL = "AWS::WAFv2::WebACL"
CERTIFICATE = "AWS::CertificateManager::Certificate"
YEAR = 365 * 24 * 60 * 60
MODERN = ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09")


def _balancer(path: str, expected: Expected) -> Ask:
    request = {"LoadBalancerArns": [ID]}
    return Ask(BALANCER, "elbv2 describe_load_balancers", request, f"LoadBalancers[0].{path}", expected)


def _attribute(key: str, expected: Expected) -> Ask:
    request = {"LoadBalancerArn": ID}
    path = f"Attributes[?Key=='{key}'].Value"
    return Ask(BALANCER, "elbv2 describe_load_balancer_attributes", request, path, expected)


def _listener(protocol: str, path: str, expected: Expected) -> Ask:
    only = f"Listeners[?Protocol=='{protocol}']"
    return Ask(LISTENER, "elbv2 describe_listeners", {"ListenerArns": [ID]}, f"Listeners[].{path}", expected, only)


def _header(key: str, expected: Expected) -> Ask:
    """What HTTPS listeners add to answers, or take from them."""
    return Ask(
        LISTENER,
        "elbv2 describe_listener_attributes",
        {"ListenerArn": ID},
        f"Attributes[?Key=='routing.http.response.{key}'].Value",
        expected,
        each=("elbv2 describe_listeners", {"ListenerArns": [ID]}, "Listeners[?Protocol=='HTTPS'].ListenerArn"),
    )


def _acl(path: str, expected: Expected) -> Ask:
    return Ask(WEB_ACL, "wafv2 get_web_acl", {"Name": ID, "Id": "{1}", "Scope": "{2}"}, f"WebACL.{path}", expected)


def _is_a_year(header: Any) -> bool:
    seconds = str(header).partition("max-age=")[2].partition(";")[0]
    return seconds.isdigit() and int(seconds) >= YEAR


READINGS = (
    read("alb-drops-invalid-headers", _attribute("routing.http.drop_invalid_header_fields.enabled", is_("true"))),
    read("alb-refuses-desync", _attribute("routing.http.desync_mitigation_mode", is_("strictest"))),
    read("alb-is-protected-from-deletion", _attribute("deletion_protection.enabled", is_("true"))),
    read(
        "alb-logs-access",
        _attribute("access_logs.s3.enabled", is_("true")),
        _attribute("access_logs.s3.bucket", present()),
    ),
    read("alb-logs-connections", _attribute("connection_logs.s3.enabled", is_("true"))),
    read("alb-can-leave-a-zone", _attribute("zonal_shift.config.enabled", is_("true"))),
    read("alb-spans-zones", _balancer("AvailabilityZones[].ZoneName", many(2))),
    read("alb-speaks-modern-tls", _listener("HTTPS", "SslPolicy", is_(*MODERN))),
    read(
        "alb-has-no-plain-http",
        _listener("HTTP", "DefaultActions[].Type", is_("redirect")),
        _listener("HTTP", "DefaultActions[].RedirectConfig.Protocol[]", is_("HTTPS")),
        _listener("HTTP", "DefaultActions[].RedirectConfig.StatusCode[]", is_("HTTP_301")),
    ),
    read("alb-hides-its-name", _header("server.enabled", is_("false"))),
    read(
        "alb-insists-on-https",
        _header("strict_transport_security.header_value", every("max-age of a year or more", _is_a_year)),
    ),
    read("alb-forbids-sniffing", _header("x_content_type_options.header_value", is_("nosniff"))),
    read("alb-forbids-framing", _header("x_frame_options.header_value", is_("DENY", "SAMEORIGIN"))),
    read(
        "targets-speak-https",
        Ask(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "elbv2 describe_target_groups",
            {"TargetGroupArns": [ID]},
            "TargetGroups[].Protocol",
            is_("HTTPS"),
            only="TargetGroups[?TargetType!='lambda']",
        ),
    ),
    read(
        "alb-has-a-firewall",
        Ask(BALANCER, "wafv2 get_web_acl_for_resource", {"ResourceArn": ID}, "WebACL.ARN", present()),
    ),
    read(
        "firewall-has-managed-rules",
        _acl("Rules[].Statement.keys(@)[]", includes("ManagedRuleGroupStatement", "RateBasedStatement")),
    ),
    read("firewall-rules-are-in-force", _acl("Rules[?OverrideAction].OverrideAction.keys(@)[]", is_("None"))),
    read(
        "firewall-logs",
        Ask(
            WEB_ACL,
            "wafv2 get_logging_configuration",
            {"ResourceArn": ID},
            "LoggingConfiguration.LogDestinationConfigs",
            present(),
            each=("wafv2 get_web_acl", {"Name": ID, "Id": "{1}", "Scope": "{2}"}, "[WebACL.ARN]"),
        ),
    ),
    read(
        "firewall-is-measured",
        _acl("VisibilityConfig.CloudWatchMetricsEnabled", is_(True)),
        _acl("Rules[].VisibilityConfig.CloudWatchMetricsEnabled", is_(True)),
    ),
    read(
        "certificate-renews-itself",
        Ask(
            CERTIFICATE,
            "acm describe_certificate",
            {"CertificateArn": ID},
            "Certificate.DomainValidationOptions[].ValidationMethod",
            is_("DNS"),
        ),
    ),
    read(
        "certificate-expiry-is-watched",
        Ask(
            CERTIFICATE,
            "cloudwatch describe_alarms",
            {},
            "MetricAlarms[?MetricName=='DaysToExpiry' && Dimensions[?Value=='{0}']].AlarmActions[]",
            present(),
        ),
    ),
)

UNREADABLE: dict[str, str] = {}
