"""The API's state as HAProxy's configuration: whole files by example, and HAProxy's own verdict on them."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.balancer.config import Server, configuration
from rehearsal.balancer.model import (
    Certificate,
    Condition,
    FixedResponse,
    Forward,
    HealthCheck,
    Listener,
    LoadBalancer,
    Redirect,
    ResponseHeaders,
    Rule,
    Settings,
    TargetGroup,
)
from rehearsal.certificates import CertificateAuthority

GROUP_ARN = "arn:aws:elasticloadbalancing:eu-west-1:444444444444:targetgroup/web/0123456789abcdef"
CHECK = HealthCheck("HTTP", "/health", None, 5, 2, 3, 2, "200-299,404")
GROUP = TargetGroup(GROUP_ARN, "HTTP", CHECK, "round_robin", 300, 0)
TO_HTTPS = Redirect(301, "HTTPS", "#{host}", "443", "/#{path}", "#{query}")
FORWARD = Rule("default", (), Forward(((GROUP_ARN, 1),)))
PLAIN = Listener(80, "HTTP", (), (), (FORWARD,))
BALANCER = LoadBalancer(Settings(), (PLAIN,), (GROUP,))
SERVER = Server("i-1_8080_1", "10.94.0.4", 8080)

EXPECTED = """\
frontend listener-80
  bind 10.94.0.254:80
  bind unix@listener-80 accept-proxy mode 600
  http-request set-var(txn.protocol) str(http)
  http-request set-var-fmt(txn.query) ?%[query] if { query -m len gt 0 }
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port 80
  unique-id-format "%{+X}o Root=1-%Ts-%[uuid,regsub(-,,g),bytes(0,24)]"
  http-request set-header X-Amzn-Trace-Id %[unique-id] unless { req.hdr(X-Amzn-Trace-Id) -m found }
  http-request set-var(txn.rule) str(left-behind) if { stopping }
  http-request set-var(txn.rule) str(7) if !{ var(txn.rule) -m found } { path -m reg '^(/old/.*)$' }
  http-request set-var(txn.rule) str(default) if !{ var(txn.rule) -m found }
  http-request return status 410 content-type 'text/plain' string "gone" if { var(txn.rule) -m str 7 }
  http-request set-var(txn.group) rand(1000000),map_int(80-default.map,none) if { var(txn.rule) -m str default }
"""
EXPECTED_GROUP = """\
backend web-0123456789abcdef
  balance roundrobin
  option forwardfor
  http-request set-var(txn.tried) bool(true) if { nbsrv gt 0 }
  http-error status 503 content-type text/html string '<html><head><title>502 Bad Gateway</title></head><body>\
<h1>502 Bad Gateway</h1></body></html>'
  option httpchk
  http-check connect default linger
  http-check send meth GET uri '/health' ver HTTP/1.1 hdr Host target hdr User-Agent ELB-HealthChecker/2.0
  http-check expect status 200-299,404
  timeout check 2s
  server i-1_8080_1 10.94.0.4:8080 weight 100 pool-purge-delay 1s check inter 5s rise 3 fall 2
backend web-0123456789abcdef.open
  balance roundrobin
  option forwardfor
  http-request set-var(txn.tried) bool(true) if { nbsrv gt 0 }
  server i-1_8080_1 10.94.0.4:8080 weight 100 pool-purge-delay 1s
"""


def test_a_listener_with_a_rule_and_a_group() -> None:
    gone = Rule("7", (Condition("path-pattern", ("/old/*",)),), FixedResponse(410, "text/plain", "gone"))
    balancer = replace(BALANCER, listeners=(replace(PLAIN, rules=(gone, FORWARD)),))
    made = configuration(balancer, "10.94.0.254")
    text = made.text({GROUP.name: [SERVER]})
    assert EXPECTED in text
    assert text.endswith(EXPECTED_GROUP)
    assert made.maps == {"80-default.map": {"0:999999": "web-0123456789abcdef"}}


def test_a_group_of_functions_tells_the_bridge_whose_they_are() -> None:
    unchecked = replace(GROUP, functions=True, check=replace(CHECK, enabled=False))
    text = configuration(replace(BALANCER, groups=(unchecked,)), "10.94.0.254").text({GROUP.name: [SERVER]})
    backend, _, twin = text.partition(f"backend {GROUP.name}\n")[2].partition(f"backend {GROUP.name}.open\n")
    for part in (backend, twin):
        assert f"  http-request set-header X-Kiln-Target-Group {GROUP_ARN}\n" in part
        assert "deny_status 413 if { req.hdr_val(content-length) gt 1048576 }" in part
        assert " check" not in part
    checked = replace(unchecked, check=CHECK)
    text = configuration(replace(BALANCER, groups=(checked,)), "10.94.0.254").text({GROUP.name: [SERVER]})
    assert f"hdr X-Kiln-Target-Group {GROUP_ARN} hdr X-Kiln-Health-Check yes\n" in text
    assert "check inter 5s" in text


@pytest.mark.parametrize(
    "line", ["  retries 0", "  no option redispatch", "  source 10.94.0.254", "  timeout client 60s"]
)
def test_what_haproxy_would_do_otherwise_by_default(line: str) -> None:
    assert f"\n{line}\n" in configuration(BALANCER, "10.94.0.254").text({})


def test_weights_are_no_part_of_the_structure() -> None:
    other = replace(GROUP, arn=GROUP_ARN.replace("web", "green"))

    def weighted(blue: int, green: int) -> LoadBalancer:
        rule = Rule("default", (), Forward(((GROUP_ARN, blue), (other.arn, green))))
        return LoadBalancer(Settings(), (replace(PLAIN, rules=(rule,)),), (GROUP, other))

    before, after = (configuration(weighted(*weights), "127.0.0.1") for weights in ((100, 0), (95, 5)))
    assert before.structure == after.structure
    assert before.maps != after.maps
    assert after.maps["80-default.map"] == {
        "0:949999": "web-0123456789abcdef",
        "950000:999999": "green-0123456789abcdef",
    }


@pytest.mark.parametrize(
    "changed",
    [
        replace(BALANCER, settings=Settings(idle_timeout=61)),
        replace(BALANCER, settings=Settings(drop_invalid_headers=True)),
        replace(BALANCER, settings=Settings(forwarded_for="preserve")),
        replace(BALANCER, listeners=(replace(PLAIN, port=81),)),
        replace(BALANCER, listeners=(replace(PLAIN, rules=(Rule("default", (), TO_HTTPS),)),)),
        replace(BALANCER, listeners=(replace(PLAIN, response_headers=ResponseHeaders(server=False)),)),
        replace(BALANCER, groups=(replace(GROUP, check=replace(CHECK, interval=6)),)),
        replace(BALANCER, groups=(replace(GROUP, slow_start=30),)),
        replace(BALANCER, groups=(replace(GROUP, deregistration_delay=30),)),
        replace(BALANCER, groups=()),
    ],
)
def test_everything_else_is(changed: LoadBalancer) -> None:
    assert configuration(changed, "127.0.0.1").structure != configuration(BALANCER, "127.0.0.1").structure


def test_haproxy_takes_everything_that_can_be_said(tmp_path: Path) -> None:
    issued = CertificateAuthority(tmp_path / "ca").issue(["payroll.test"])
    pem = (issued.certificate + issued.private_key).decode()
    conditions = (
        Condition("path-pattern", ("/a b/*", "/it's", '/"quoted"', "/ä?")),
        Condition("host-header", ("*.payroll.test", "payroll.test")),
        Condition("http-header", ("a b*", "'"), header="X-Kiln_Test"),
        Condition("http-request-method", ("GET", "M-SEARCH")),
        Condition("source-ip", ("10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32")),
        Condition("query-string", pairs=((None, "x*"), ("key", r"val\*ue'"))),
    )
    rules = (
        Rule("1", conditions, Forward(((GROUP_ARN, 0),))),
        Rule(
            "2", conditions[:1], Redirect(302, "#{protocol}", "other.test", "#{port}", '/%20#{path}"$x', "a=b&#{query}")
        ),
        Rule(
            "3",
            conditions[1:2],
            FixedResponse(503, "application/json", '{"what": "$HOME \\"100 %\\"",\r\n\t"it\'s": 1}'),
        ),
        Rule("4", conditions[2:3], FixedResponse(200, "text/plain", "")),
        FORWARD,
    )
    secure = Listener(
        443,
        "HTTPS",
        ("TLSv1.2", "TLSv1.3"),
        (Certificate("arn", pem, ("payroll.test",)),),
        rules,
        ResponseHeaders((("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),), server=False),
    )
    settings = Settings(30, http2=False, drop_invalid_headers=True, forwarded_for="remove", tls_headers=True)
    encrypted = replace(GROUP, protocol="HTTPS", check=replace(CHECK, protocol="HTTPS", port=8443), slow_start=30)
    made = configuration(LoadBalancer(settings, (PLAIN, secure), (encrypted,)), "127.0.0.1")
    (tmp_path / "haproxy.cfg").write_text(made.text({encrypted.name: [SERVER]}))
    (tmp_path / "state").write_text("1\n")
    for name, lines in made.maps.items():
        (tmp_path / name).write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
    for name, contents in made.certificates.items():
        (tmp_path / name).write_text(contents)
    checked = subprocess.run(
        ["haproxy", "-c", "-V", "-f", "haproxy.cfg"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert "[WARNING]" not in checked.stderr, checked.stderr
