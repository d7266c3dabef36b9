"""What the API refuses because the rehearsal's load balancer does not do it, and what moto would get wrong."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.balancer.admission import admit
from rehearsal.balancer.model import Unsupported

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:444444444444:targetgroup/web/0123456789abcdef"
FUNCTION = "arn:aws:lambda:eu-west-1:444444444444:function:greeter"
FORWARD = {"Type": "forward", "TargetGroupArn": GROUP}
FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
COGNITO = {"Type": "authenticate-cognito", "AuthenticateCognitoConfig": {}}


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"Attributes": [{"Key": key, "Value": value}]}


@pytest.mark.parametrize(
    ("operation", "params", "what"),
    [
        ("CreateLoadBalancer", {"Type": "network"}, "'network'"),
        ("CreateLoadBalancer", {"IpAddressType": "dualstack"}, "'dualstack'"),
        ("CreateLoadBalancer", {"SubnetMappings": [{"SubnetId": "s", "AllocationId": "e"}]}, "AllocationId"),
        ("CreateListener", {"DefaultActions": [COGNITO, FORWARD]}, "authenticate-cognito, forward"),
        ("CreateListener", {"DefaultActions": [FORWARD], "MutualAuthentication": {"Mode": "verify"}}, "MutualAuth"),
        ("ModifyListener", {"DefaultActions": [COGNITO]}, "authenticate-cognito"),
        (
            "CreateRule",
            {
                "Actions": [
                    {
                        "Type": "forward",
                        "ForwardConfig": {
                            "TargetGroups": [{"TargetGroupArn": GROUP}],
                            "TargetGroupStickinessConfig": {"Enabled": True},
                        },
                    }
                ]
            },
            "stickiness",
        ),
        ("CreateRule", {"Actions": [FIXED], "Transforms": [{"Type": "url-rewrite"}]}, "Transforms"),
        ("CreateRule", {"Conditions": [{"Field": "other"}]}, "'other'"),
        ("ModifyRule", {"Conditions": [{"Field": "path-pattern", "Values": ["/\n"]}]}, "control characters"),
        (
            "CreateRule",
            {"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["a"]}}]},
            "RegexValues",
        ),
        ("CreateTargetGroup", {"TargetType": "alb", "Protocol": "TCP"}, "'alb'"),
        ("CreateTargetGroup", {"TargetType": "lambda", "HealthCheckPort": "80"}, "health checks of a function"),
        ("RegisterTargets", {"TargetType": "lambda", "Targets": [{"Id": FUNCTION}] * 2}, "2 functions"),
        ("RegisterTargets", {"TargetType": "lambda", "Targets": [{"Id": FUNCTION, "Port": 80}]}, "Port"),
        ("RegisterTargets", {"TargetType": "lambda", "Targets": [{"Id": "i-1"}]}, "'i-1'.*ARN of a function"),
        (
            "RegisterTargets",
            {"TargetType": "lambda", "Targets": [{"Id": FUNCTION, "AvailabilityZone": "eu-west-1a"}]},
            "expected 'all'",
        ),
        ("ModifyTargetGroupAttributes", attribute("lambda.multi_value_headers.enabled", "true"), "type 'instance'"),
        (
            "ModifyTargetGroupAttributes",
            {**attribute("deregistration_delay.timeout_seconds", "1"), "TargetType": "lambda"},
            "type 'lambda'",
        ),
        ("CreateTargetGroup", {"Protocol": "TCP"}, "'TCP'"),
        ("CreateTargetGroup", {"Protocol": "HTTP", "ProtocolVersion": "GRPC"}, "'GRPC'"),
        ("CreateTargetGroup", {"Protocol": "HTTP", "HealthCheckEnabled": False}, "health checks"),
        ("ModifyTargetGroupAttributes", attribute("stickiness.enabled", "true"), "stickiness.enabled = true"),
        ("ModifyTargetGroupAttributes", attribute("new.one", "1"), "new.one"),
        ("ModifyLoadBalancerAttributes", attribute("routing.http.xff_client_port.enabled", "true"), "xff_client_port"),
        ("ModifyListenerAttributes", attribute("new.one", "1"), "new.one"),
    ],
)
def test_refused(operation: str, params: dict[str, Any], what: str) -> None:
    with pytest.raises(Unsupported, match=what):
        admit(operation, params)


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("CreateLoadBalancer", {"Name": "web", "Subnets": ["a", "b"], "Scheme": "internet-facing", "Tags": []}),
        ("CreateListener", {"Port": 443, "Protocol": "HTTPS", "Certificates": [{}], "DefaultActions": [FORWARD]}),
        ("ModifyListener", {"ListenerArn": "arn", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}),
        ("CreateTargetGroup", {"Protocol": "HTTP", "Port": 8080, "HealthCheckPath": "/health"}),
        ("CreateTargetGroup", {"TargetType": "lambda", "HealthCheckEnabled": "false", "HealthCheckPath": "/"}),
        ("ModifyTargetGroup", {"TargetType": "lambda", "HealthCheckEnabled": "false"}),
        ("RegisterTargets", {"TargetType": "lambda", "Targets": [{"Id": f"{FUNCTION}:live"}]}),
        ("RegisterTargets", {"TargetType": "instance", "Targets": [{"Id": "i-1", "Port": 80}, {"Id": "i-2"}]}),
        (
            "ModifyTargetGroupAttributes",
            {**attribute("lambda.multi_value_headers.enabled", "true"), "TargetType": "lambda"},
        ),
        ("ModifyTargetGroupAttributes", attribute("stickiness.type", "lb_cookie")),
        ("ModifyTargetGroupAttributes", attribute("deregistration_delay.timeout_seconds", "10")),
        ("ModifyLoadBalancerAttributes", attribute("routing.http.drop_invalid_header_fields.enabled", "true")),
        ("ModifyLoadBalancerAttributes", attribute("deletion_protection.enabled", "true")),
        ("ModifyListenerAttributes", attribute("routing.http.response.server.enabled", "false")),
    ],
)
def test_admitted(operation: str, params: dict[str, Any]) -> None:
    admit(operation, params)


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_attribute_that_is_not_known_is_admitted_in_silence(key: str, value: str) -> None:
    for operation in ("ModifyTargetGroupAttributes", "ModifyLoadBalancerAttributes", "ModifyListenerAttributes"):
        with pytest.raises(Unsupported):
            admit(operation, attribute(f"kiln.{key}", value))


def test_a_refusal_reaches_the_client_and_nothing_is_kept(world: Any) -> None:
    balancer = world.balancer()
    with pytest.raises(ClientError, match="does not do this: a sequence of actions") as error:
        world.listener(
            balancer,
            {
                "Type": "authenticate-oidc",
                "Order": 1,
                "AuthenticateOidcConfig": {
                    "Issuer": "https://a",
                    "AuthorizationEndpoint": "https://a",
                    "TokenEndpoint": "https://a",
                    "UserInfoEndpoint": "https://a",
                    "ClientId": "a",
                },
            },
            {"Order": 2, **FIXED},
        )
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert world.elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"] == []


def test_a_port_has_one_listener(world: Any) -> None:
    balancer = world.balancer()
    world.listener(balancer, FIXED)
    with pytest.raises(world.elb.exceptions.DuplicateListenerException):
        world.listener(balancer, FIXED)


def test_https_needs_a_certificate_that_exists(world: Any) -> None:
    balancer = world.balancer()
    absent = "arn:aws:acm:eu-west-1:444444444444:certificate/00000000-0000-0000-0000-000000000000"
    for certificates in ([], [{"CertificateArn": absent}]):
        with pytest.raises(world.elb.exceptions.CertificateNotFoundException):
            world.listener(balancer, FIXED, port=8443, Protocol="HTTPS", Certificates=certificates)


def test_deletion_protection_protects(world: Any) -> None:
    balancer = world.balancer()
    for value in ("true", "false"):
        world.elb.modify_load_balancer_attributes(
            LoadBalancerArn=balancer, **attribute("deletion_protection.enabled", value)
        )
        if value == "true":
            with pytest.raises(world.elb.exceptions.OperationNotPermittedException):
                world.elb.delete_load_balancer(LoadBalancerArn=balancer)
    world.elb.delete_load_balancer(LoadBalancerArn=balancer)
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []


def test_load_balancers_of_one_name_have_their_own_dns_names(world: Any) -> None:
    subnets = [s["SubnetId"] for s in world.ec2.describe_subnets()["Subnets"]][:2]
    made = [world.elb.create_load_balancer(Name="twin", Subnets=subnets)["LoadBalancers"][0] for _ in range(2)]
    assert len({balancer["DNSName"] for balancer in made}) == 2
    assert made[0]["DNSName"].endswith(".eu-west-1.elb.amazonaws.com")
