from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match

from kiln.imported_network import imported_network
from kiln.load_balancer import LoadBalancer


@pytest.fixture
def balancer(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        subnets = cdk.CfnParameter(stack, "Subnets", type="List<AWS::EC2::Subnet::Id>").value_as_list
        vpc = imported_network(stack, "Vpc", vpc_id="vpc-1", public_subnet_ids=subnets)
        protected = cdk.CfnParameter(stack, "Protected").value_as_string
        LoadBalancer(stack, "LoadBalancer", vpc=vpc, certificate_arn="arn:certificate", deletion_protection=protected)

    return template(build)


def attributes(template: Any, resource_type: str, key: str) -> list[dict[str, Any]]:
    resources = template.find_resources(resource_type).values()
    return [{a["Key"]: a["Value"] for a in r["Properties"].get(key, [])} for r in resources]


def test_it_is_public_and_in_the_subnets_it_is_given(balancer: Any) -> None:
    balancer.has_resource_properties(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {"Scheme": "internet-facing", "Subnets": {"Ref": "Subnets"}, "Type": "application"},
    )


def test_its_attributes_are_hardened_and_protection_is_a_value_of_deployment(balancer: Any) -> None:
    [found] = attributes(balancer, "AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes")
    assert found == {
        "deletion_protection.enabled": {"Ref": "Protected"},
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "strictest",
    }


def test_https_has_the_certificate_a_modern_policy_and_answers_404_by_itself(balancer: Any) -> None:
    balancer.has_resource_properties(
        "AWS::ElasticLoadBalancingV2::Listener",
        {
            "Port": 443,
            "Protocol": "HTTPS",
            "Certificates": [{"CertificateArn": "arn:certificate"}],
            "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "DefaultActions": [
                Match.object_like({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}})
            ],
        },
    )


def test_https_answers_with_hardened_headers(balancer: Any) -> None:
    [found] = [a for a in attributes(balancer, "AWS::ElasticLoadBalancingV2::Listener", "ListenerAttributes") if a]
    assert found["routing.http.response.server.enabled"] == "false"
    assert found["routing.http.response.x_content_type_options.header_value"] == "nosniff"
    assert found["routing.http.response.x_frame_options.header_value"] == "DENY"
    assert "max-age=31536000" in found["routing.http.response.strict_transport_security.header_value"]


def test_http_only_redirects_for_good(balancer: Any) -> None:
    redirect = {"Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301"}
    balancer.has_resource_properties(
        "AWS::ElasticLoadBalancingV2::Listener",
        {"Port": 80, "DefaultActions": [{"Type": "redirect", "RedirectConfig": redirect}]},
    )


def test_it_admits_two_ports_and_lets_nothing_out_by_itself(balancer: Any) -> None:
    [group] = balancer.find_resources("AWS::EC2::SecurityGroup").values()
    admitted = {rule["FromPort"] for rule in group["Properties"]["SecurityGroupIngress"]}
    let_out = [rule["CidrIp"] for rule in group["Properties"]["SecurityGroupEgress"]]
    assert admitted == {80, 443}
    assert let_out == ["255.255.255.255/32"]
