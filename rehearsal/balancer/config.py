"""The configuration file of one load balancer: the API's state → text and maps. Pure: nothing is read or run here.

Why it is as it is (docs of the measurements: HAProxy's defaults hide failures that an ALB shows):
- `retries 0`, no redispatch: an ALB does not try a second target.
- A request finds its rule first (txn.rule, the first match in the order of priority), then the rule's action. That
  keeps "first match decides" over all kinds of actions.
- A group is chosen by a random number in a map, so that weights change at once and without a reload.
- Each group has a twin backend of unchecked servers: an ALB that has no healthy target at all uses them all.
- A worker that a reload has left behind gives every client that is idle on it one more answer, but takes no orders
  any more ("Proxy is disabled"). So it passes that request on to the current worker, which knows rules and targets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from rehearsal.balancer import language
from rehearsal.balancer.function_event import MOST_BYTES
from rehearsal.balancer.model import (
    Certificate,
    Forward,
    Listener,
    LoadBalancer,
    Redirect,
    Rule,
    Settings,
    TargetGroup,
    backend_name,
)

MapLines = Mapping[str, str]

ALGORITHMS = {"round_robin": "roundrobin", "least_outstanding_requests": "leastconn", "weighted_random": "random(1)"}
TWIN = ".open"
BRIDGE_HOST = "127.0.0.1"
GROUP_HEADER = "X-Kiln-Target-Group"  # says to the bridge whose function is meant
CHECK_HEADER = "X-Kiln-Health-Check"  # and that nobody but the load balancer asks

GLOBAL = """\
global
  maxconn 2000
  nbthread 1
  hard-stop-after 1h
  max-spread-checks 100
  server-state-file state
  stats socket unix@sock mode 600 level admin expose-fd listeners
  tune.ssl.default-dh-param 2048
defaults
  mode http
  timeout connect 10s
  timeout client {idle}s
  timeout server {idle}s
  timeout http-keep-alive {idle}s
  retries 0
  no option redispatch
  option idle-close-on-response
  http-reuse safe
  load-server-state-from-file global
  source {address}
"""
# A 503 that HAProxy makes itself although a target was tried is a failed connection: 502 on an ALB.
ANSWER = """\
  http-response set-var(txn.answered) bool(true)
  http-after-response set-status 502 if {{ status 503 }} {{ var(txn.tried) -m found }} !{{ var(txn.answered) -m found }}
  use_backend {name}.current if {{ var(txn.rule) -m str {left_behind} }}
  use_backend %[var(txn.group)].open if {{ var(txn.group),nbsrv eq 0 }}
  use_backend %[var(txn.group)]
backend {name}.current
  server current unix@{name} send-proxy-v2
"""
LEFT_BEHIND = "left-behind"  # stands where a rule's priority stands in a worker that is no longer the current one
BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Server:
    """A line for one server in the file; those that are added at run time are written into it at the next reload."""

    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """What HAProxy is to do: the structure without servers, the weights, and the certificate files by name.

    Two of the same structure differ at most in what the runtime socket can change.
    """

    head: str
    settings: Settings
    groups: tuple[TargetGroup, ...]
    maps: Mapping[str, MapLines]
    certificates: Mapping[str, str]

    @property
    def structure(self) -> tuple[object, ...]:
        """What only a reload can change."""
        return self.head, self.settings, self.groups, tuple(sorted(self.maps))

    def text(self, servers: Mapping[str, Iterable[Server]]) -> str:
        """The whole file, with the servers of each backend by name."""
        groups = (backend(group, self.settings, servers.get(group.name, ())) for group in self.groups)
        return self.head + "".join(groups)


def configuration(balancer: LoadBalancer, address: str) -> Configuration:
    """The configuration of a load balancer that listens on `address`. Raises Unsupported."""
    maps: dict[str, MapLines] = {}
    head = GLOBAL.format(idle=balancer.settings.idle_timeout, address=address)
    for listener in balancer.listeners:
        head += frontend(listener, balancer.settings, address, maps)
    files = {pem_file(c): c.pem for listener in balancer.listeners for c in listener.certificates}
    return Configuration(head, balancer.settings, balancer.groups, maps, files)


def pem_file(certificate: Certificate) -> str:
    """The name changes with the contents, so that a renewed certificate is a change of structure."""
    return f"{sha256(certificate.pem.encode()).hexdigest()[:16]}.pem"


def frontend(listener: Listener, settings: Settings, address: str, maps: dict[str, MapLines]) -> str:
    """One listener with its rules; the weights go into `maps`."""
    name = f"listener-{listener.port}"
    lines = [
        f"frontend {name}",
        f"  bind {address}:{listener.port}{_tls(listener, settings)}",
        f"  bind unix@{name} accept-proxy mode 600",
        f"  http-request set-var(txn.protocol) str({listener.protocol.lower()})",
        "  http-request set-var-fmt(txn.query) ?%[query] if { query -m len gt 0 }",
        *_headers(listener, settings),
        f"  http-request set-var(txn.rule) str({LEFT_BEHIND}) if {{ stopping }}",
        *(_chosen(rule) for rule in listener.rules),
        *(_acted(rule, f"{listener.port}-{rule.priority}.map", maps) for rule in listener.rules),
        *_response_headers(listener),
    ]
    return "\n".join(lines) + "\n" + ANSWER.format(name=name, left_behind=LEFT_BEHIND)


def _response_headers(listener: Listener) -> Iterable[str]:
    """What an ALB does to every response, its own ones too; it replaces what the target has set."""
    for name, value in listener.response_headers.added:
        yield f"  http-after-response set-header {name} {language.quoted(value)}"
    if listener.response_headers.server:
        yield "  http-after-response set-header Server awselb/2.0 if !{ var(txn.answered) -m found }"
    else:
        yield "  http-after-response del-header Server"


def _tls(listener: Listener, settings: Settings) -> str:
    if listener.protocol != "HTTPS":
        return ""
    versions = sorted(listener.tls_versions)
    certificates = "".join(f" crt {pem_file(certificate)}" for certificate in listener.certificates)
    protocols = "h2,http/1.1" if settings.http2 else "http/1.1"
    return f" ssl{certificates} alpn {protocols} ssl-min-ver {versions[0]} ssl-max-ver {versions[-1]}"


def _headers(listener: Listener, settings: Settings) -> Iterable[str]:
    """What an ALB adds to a request, and what it takes out of it."""
    if settings.drop_invalid_headers:
        yield "  http-request del-header '[^-A-Za-z0-9]' -m reg"
    if settings.forwarded_for == "remove":
        yield "  http-request del-header X-Forwarded-For"
    yield f"  http-request set-header X-Forwarded-Proto {listener.protocol.lower()}"
    yield f"  http-request set-header X-Forwarded-Port {listener.port}"
    yield '  unique-id-format "%{+X}o Root=1-%Ts-%[uuid,regsub(-,,g),bytes(0,24)]"'
    yield "  http-request set-header X-Amzn-Trace-Id %[unique-id] unless { req.hdr(X-Amzn-Trace-Id) -m found }"
    if settings.tls_headers and listener.protocol == "HTTPS":
        yield "  http-request set-header X-Amzn-Tls-Version %[ssl_fc_protocol]"
        yield "  http-request set-header X-Amzn-Tls-Cipher-Suite %[ssl_fc_cipher]"


def _chosen(rule: Rule) -> str:
    tests = "".join(f" {language.condition(condition)}" for condition in rule.conditions)
    return f"  http-request set-var(txn.rule) str({rule.priority}) if !{{ var(txn.rule) -m found }}{tests}"


def _acted(rule: Rule, file: str, maps: dict[str, MapLines]) -> str:
    chosen = f"if {{ var(txn.rule) -m str {rule.priority} }}"
    if isinstance(rule.action, Forward):
        names = tuple((backend_name(arn), weight) for arn, weight in rule.action.weights)
        maps[file] = language.thresholds(names)
        return f"  http-request set-var(txn.group) rand({language.RANDOM_RANGE}),map_int({file},none) {chosen}"
    if isinstance(rule.action, Redirect):
        return f"  {language.redirect(rule.action)} {chosen}"
    return f"  {language.fixed_response(rule.action)} {chosen}"


def backend(group: TargetGroup, settings: Settings, servers: Iterable[Server]) -> str:
    """The two backends of a target group."""
    servers = tuple(servers)
    # Here and not in the frontend, which a request may pass twice.
    source = ["  option forwardfor"] if settings.forwarded_for == "append" else []
    tried = "  http-request set-var(txn.tried) bool(true) if { nbsrv gt 0 }"
    common = [
        f"  balance {ALGORITHMS[group.algorithm]}",
        *source,
        tried,
        *(_to_bridge(group) if group.functions else ()),
    ]
    lines = [
        f"backend {group.name}",
        *common,
        f"  http-error status 503 content-type text/html string '{BAD_GATEWAY}'",  # it becomes a 502
        *(_check(group) if group.check.enabled else ()),
        *(f"  server {server_line(group, server)}" for server in servers),
        f"backend {group.name}{TWIN}",
        *common,
        *(f"  server {twin_line(group, server)}" for server in servers),
    ]
    return "\n".join(lines) + "\n"


def _check(group: TargetGroup) -> Iterable[str]:
    request = f"meth GET uri {language.quoted(group.check.path)} ver HTTP/1.1"
    mark = f" hdr {GROUP_HEADER} {group.arn} hdr {CHECK_HEADER} yes" if group.functions else ""
    yield "  option httpchk"
    yield "  http-check connect default linger"  # ends a check like any connection; its own way is a reset
    yield f"  http-check send {request} hdr Host target hdr User-Agent ELB-HealthChecker/2.0{mark}"
    yield f"  http-check expect status {group.check.codes}"
    yield f"  timeout check {group.check.timeout}s"


def _to_bridge(group: TargetGroup) -> Iterable[str]:
    """What the bridge has to know, and what no function is asked:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html, "Limits".
    """
    yield "  http-request deny deny_status 400 if { req.hdr(Upgrade) -i websocket }"
    yield f"  http-request deny deny_status 413 if {{ req.hdr_val(content-length) gt {MOST_BYTES} }}"
    yield f"  http-request del-header {CHECK_HEADER}"
    yield f"  http-request set-header {GROUP_HEADER} {group.arn}"


def server_line(group: TargetGroup, server: Server) -> str:
    """A server with its health check, as in the file and in `add server`."""
    check = group.check
    if not check.enabled:
        return twin_line(group, server)
    port = f" port {check.port}" if check.port else ""
    tls = " check-ssl" if check.protocol == "HTTPS" else " no-check-ssl" if group.protocol == "HTTPS" else ""
    slow = f" slowstart {group.slow_start}s" if group.slow_start else ""
    thresholds = f"inter {check.interval}s rise {check.healthy} fall {check.unhealthy}"
    return f"{twin_line(group, server)} check{port}{tls} {thresholds}{slow}"


def twin_line(group: TargetGroup, server: Server) -> str:
    """The same server without a check. An ALB does not verify the certificates of its targets either."""
    tls = " ssl verify none" if group.protocol == "HTTPS" else " verify none" if group.check.protocol == "HTTPS" else ""
    return f"{server.name} {server.address}:{server.port} weight 100 pool-purge-delay 1s{tls}"
