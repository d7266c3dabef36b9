"""Promises about Application Load Balancers, their listeners and certificates, and the firewall before them."""

from kiln.promises.checks import Every, both, every
from kiln.promises.controls import asked
from kiln.promises.demands import count_at_least, meets
from kiln.promises.promise import Promise
from kiln.promises.values import Json

ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application"
WAF = "https://docs.aws.amazon.com/waf/latest/developerguide"

BALANCER = every("AWS::ElasticLoadBalancingV2::LoadBalancer").unless("Type", "network", "gateway")
HTTPS = every("AWS::ElasticLoadBalancingV2::Listener").where("Protocol", "HTTPS")
HTTP = every("AWS::ElasticLoadBalancingV2::Listener").where("Protocol", "HTTP")
WEB_ACL = every("AWS::WAFv2::WebACL")

POLICIES = ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09")
KINDS_OF_RULES = {"ManagedRuleGroupStatement", "RateBasedStatement"}
HSTS = "routing.http.response.strict_transport_security.header_value"


def attribute(
    of: Every, key: str, *allowed: Json, weak: Json = "false", group: str = "LoadBalancerAttributes"
) -> Every:
    """Of a list of keys and values, one key has one of these values."""
    return of.one_of(f"{group}[Key={key}].Value", *allowed, weak=weak)


def header(name: str, *allowed: str, weak: str) -> Every:
    """A header that the HTTPS listener sets."""
    return attribute(
        HTTPS, f"routing.http.response.{name}.header_value", *allowed, weak=weak, group="ListenerAttributes"
    )


def _year(value: Json) -> bool:
    seconds = str(value).partition("max-age=")[2].partition(";")[0]
    return seconds.isdigit() and int(seconds) >= 365 * 24 * 60 * 60


PROMISES = (
    Promise(
        id="alb-drops-invalid-headers",
        title="The load balancer drops headers with invalid names",
        reason="A header that two programs read differently is how a request is smuggled past the first of them.",
        controls=asked("ELB.4"),
        source=f"{ELB}/edit-load-balancer-attributes.html",
        check=attribute(BALANCER, "routing.http.drop_invalid_header_fields.enabled", True),
    ),
    Promise(
        id="alb-refuses-desync",
        title="The load balancer refuses every request that is not strictly HTTP",
        reason="Ambiguous requests are the material of request smuggling; `monitor` only counts them.",
        controls=asked("ELB.12"),
        source=f"{ELB}/edit-load-balancer-attributes.html",
        check=attribute(BALANCER, "routing.http.desync_mitigation_mode", "strictest", weak="monitor"),
    ),
    Promise(
        id="alb-is-protected-from-deletion",
        title="The load balancer of a protected environment cannot be deleted",
        reason="With it goes the address that everybody's DNS knows.",
        controls=asked("ELB.6"),
        source=f"{ELB}/edit-load-balancer-attributes.html",
        check=attribute(BALANCER, "deletion_protection.enabled", True),
        protected_only=True,
    ),
    Promise(
        id="alb-logs-access",
        title="The load balancer writes down every request",
        reason="Who asked for what is the first question after an incident, and the only record of what was refused.",
        controls=asked("ELB.5"),
        source=f"{ELB}/load-balancer-access-logs.html",
        check=attribute(BALANCER, "access_logs.s3.enabled", True).present(
            "LoadBalancerAttributes[Key=access_logs.s3.bucket].Value"
        ),
    ),
    Promise(
        id="alb-logs-connections",
        title="The load balancer writes down every connection, also those that fail in TLS",
        reason="A client that cannot agree on TLS never reaches the access log.",
        controls=(),
        source=f"{ELB}/load-balancer-connection-logs.html",
        check=attribute(BALANCER, "connection_logs.s3.enabled", True),
    ),
    Promise(
        id="alb-can-leave-a-zone",
        title="The load balancer takes part in zonal shifts",
        reason="A zone that answers badly can be left within a minute, by hand or by AWS.",
        controls=(),
        source=f"{ELB}/zonal-shift.html",
        check=attribute(BALANCER, "zonal_shift.config.enabled", True),
    ),
    Promise(
        id="alb-spans-zones",
        title="The load balancer is in several zones",
        reason="One zone that fails must not take the service along.",
        controls=asked("ELB.13"),
        source=f"{ELB}/load-balancer-subnets.html",
        check=BALANCER.asks(count_at_least("Subnets", 2)),
    ),
    Promise(
        id="alb-speaks-modern-tls",
        title="HTTPS listeners speak TLS 1.2 and 1.3 with forward secrecy and a post-quantum exchange of keys",
        reason="What is recorded today must not be readable when somebody has a quantum computer.",
        controls=asked("ELB.17"),
        source=f"{ELB}/describe-ssl-policies.html",
        check=HTTPS.one_of("SslPolicy", *POLICIES, weak="ELBSecurityPolicy-TLS13-1-2-2021-06"),
    ),
    Promise(
        id="alb-has-no-plain-http",
        title="An HTTP listener does nothing but redirect to HTTPS for good",
        reason="One page over HTTP is enough to take a session over.",
        controls=asked("ELB.1"),  # not ELB.18, which asks for no HTTP listener at all
        source=f"{ELB}/create-https-listener.html",
        check=HTTP.has("DefaultActions[].Type", "redirect")
        .has("DefaultActions[].RedirectConfig.Protocol", "HTTPS")
        .has("DefaultActions[].RedirectConfig.StatusCode", "HTTP_301"),
    ),
    Promise(
        id="alb-hides-its-name",
        title="Answers do not say which server gave them",
        reason="A version in a header is a shopping list of known faults.",
        controls=(),
        source=f"{ELB}/header-modification.html",
        check=attribute(HTTPS, "routing.http.response.server.enabled", False, weak="true", group="ListenerAttributes"),
    ),
    Promise(
        id="alb-insists-on-https",
        title="Browsers are told to use HTTPS only, for a year",
        reason="The first visit after a bookmark with http:// is otherwise open to whoever owns the network.",
        controls=(),
        source=f"{ELB}/header-modification.html",
        check=HTTPS.asks(
            meets(
                f"ListenerAttributes[Key={HSTS}].Value", _year, "max-age of at least a year", lambda _: ("max-age=60",)
            )
        ),
    ),
    Promise(
        id="alb-forbids-sniffing",
        title="Browsers are told to believe the type of an answer",
        reason="A text file that a browser takes for a script is one.",
        controls=(),
        source=f"{ELB}/header-modification.html",
        check=header("x_content_type_options", "nosniff", weak="none"),
    ),
    Promise(
        id="alb-forbids-framing",
        title="Browsers are told not to show pages inside others",
        reason="A page in an invisible frame gets clicks that were meant for another.",
        controls=(),
        source=f"{ELB}/header-modification.html",
        check=header("x_frame_options", "DENY", "SAMEORIGIN", weak="ALLOWALL"),
    ),
    Promise(
        id="targets-speak-https",
        title="The load balancer speaks HTTPS with its targets",
        reason="Inside a VPC traffic is not encrypted by itself.",
        controls=asked("ELB.22"),
        source=f"{ELB}/load-balancer-target-groups.html",
        check=every("AWS::ElasticLoadBalancingV2::TargetGroup").unless("TargetType", "lambda").has("Protocol", "HTTPS"),
    ),
    Promise(
        id="alb-has-a-firewall",
        title="A web ACL stands before the load balancer",
        reason="Known attacks and floods are refused before they cost an instance anything.",
        controls=asked("ELB.16"),
        source=f"{WAF}/web-acl-associating-aws-resource.html",
        check=BALANCER.where("Scheme", "internet-facing").beside(
            every("AWS::WAFv2::WebACLAssociation").present("WebACLArn"), via="ResourceArn"
        ),
    ),
    Promise(
        id="firewall-has-managed-rules",
        title="A web ACL has AWS's managed rules and a limit per address",
        reason="An empty web ACL lets everything pass.",
        controls=asked("WAF.10"),
        source=f"{WAF}/aws-managed-rule-groups.html",
        check=WEB_ACL.asks(
            meets(
                "Rules",
                lambda rules: _kinds(rules) >= KINDS_OF_RULES,
                "a managed rule group and a rule by rate",
                lambda rules: [[r for r in rules if kind not in r.get("Statement", {})] for kind in KINDS_OF_RULES],
            )
        ),
    ),
    Promise(
        id="firewall-rules-are-in-force",
        title="Managed rules act and do not only count",
        reason="A rule group that is overridden to Count refuses nothing.",
        controls=(),
        source=f"{WAF}/web-acl-rule-group-override-options.html",
        check=WEB_ACL.asks(
            meets(
                "Rules",
                lambda rules: not any("Count" in r.get("OverrideAction", {}) for r in rules),
                "no rule group overridden to Count",
                lambda rules: [[*rules[:-1], rules[-1] | {"OverrideAction": {"Count": {}}}]],
            )
        ),
    ),
    Promise(
        id="firewall-logs",
        title="A web ACL writes down what it refused",
        reason="Whether a refused request was an attack or a customer can be seen only there.",
        controls=asked("WAF.11"),
        source=f"{WAF}/logging.html",
        check=WEB_ACL.beside(every("AWS::WAFv2::LoggingConfiguration").present("LogDestinationConfigs"), "ResourceArn"),
    ),
    Promise(
        id="firewall-is-measured",
        title="Every rule of a web ACL has metrics",
        reason="A rule that begins to refuse customers shows in its metric first.",
        controls=asked("WAF.12"),
        source=f"{WAF}/monitoring-cloudwatch.html",
        check=both(
            WEB_ACL.has("VisibilityConfig.CloudWatchMetricsEnabled", True),
            WEB_ACL.has("Rules[].VisibilityConfig.CloudWatchMetricsEnabled", True),
        ),
    ),
    Promise(
        id="certificate-renews-itself",
        title="Certificates are validated by DNS",
        reason="ACM renews them by itself as long as the record stays; by mail, somebody has to click in time.",
        controls=(),
        source="https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html",
        check=every("AWS::CertificateManager::Certificate").has("ValidationMethod", "DNS"),
    ),
    Promise(
        id="certificate-expiry-is-watched",
        title="An alarm tells of a certificate that was not renewed",
        reason="A record that somebody removed shows months later, on a Sunday.",
        controls=asked("ACM.1"),
        source="https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html",
        check=every("AWS::CertificateManager::Certificate").beside(
            every("AWS::CloudWatch::Alarm").where("MetricName", "DaysToExpiry").present("AlarmActions"), "Dimensions"
        ),
    ),
)


def _kinds(rules: Json) -> set[str]:
    return {kind for rule in rules if isinstance(rule, dict) for kind in rule.get("Statement", {})}
