from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match

from kiln.edge.load_balancer import Firewall, LoadBalancer
from kiln.network.imported_network import imported_network
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")


@pytest.fixture
def balancer(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        subnets = cdk.CfnParameter(stack, "Subnets", type="List<AWS::EC2::Subnet::Id>").value_as_list
        vpc = imported_network(stack, "Vpc", vpc_id="vpc-1", public_subnet_ids=subnets)
        protected = cdk.CfnParameter(stack, "Protected").value_as_string
        days = cdk.Token.as_number(cdk.CfnParameter(stack, "Days").value)
        LoadBalancer(
            stack,
            "LoadBalancer",
            vpc=vpc,
            certificate_arn="arn:certificate",
            deletion_protection=protected,
            access_log_days=days,
            firewall=Firewall(requests_per_address=2000, records=Records(key_arn=KEY, days=30)),
            topics=TOPICS,
        )

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
    [bucket] = balancer.find_resources("AWS::S3::Bucket")
    assert found == {
        "access_logs.s3.bucket": {"Ref": bucket},
        "access_logs.s3.enabled": "true",
        "access_logs.s3.prefix": "access",
        "connection_logs.s3.bucket": {"Ref": bucket},
        "connection_logs.s3.enabled": "true",
        "connection_logs.s3.prefix": "connections",
        "zonal_shift.config.enabled": "true",
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


def test_what_it_logs_goes_to_a_bucket_of_its_own_that_it_may_write_to_and_expires(balancer: Any) -> None:
    [(bucket_id, bucket)] = balancer.find_resources("AWS::S3::Bucket").items()
    [policy_id] = balancer.find_resources("AWS::S3::BucketPolicy")
    assert bucket["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == {"Ref": "Days"}
    [made] = balancer.find_resources("AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    assert policy_id in made["DependsOn"]
    statements = balancer.find_resources("AWS::S3::BucketPolicy")[policy_id]["Properties"]["PolicyDocument"][
        "Statement"
    ]
    writing = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert len(writing) == 2
    for statement in writing:
        assert statement["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
        assert statement["Action"] == "s3:PutObject"
        assert {"Ref": "AWS::AccountId"} in statement["Resource"]["Fn::Join"][1]
    assert {"Fn::GetAtt": [bucket_id, "Arn"]} == writing[0]["Resource"]["Fn::Join"][1][0]


def test_a_firewall_stands_before_it(balancer: Any) -> None:
    [made] = balancer.find_resources("AWS::ElasticLoadBalancingV2::LoadBalancer")
    [acl] = balancer.find_resources("AWS::WAFv2::WebACL")
    balancer.has_resource_properties(
        "AWS::WAFv2::WebACLAssociation",
        {"ResourceArn": {"Ref": made}, "WebACLArn": {"Fn::GetAtt": [acl, "Arn"]}},
    )


def test_its_own_errors_wake_somebody_and_the_rest_does_not(balancer: Any) -> None:
    found = {
        alarm["Properties"]["MetricName"]: alarm["Properties"]["AlarmActions"]
        for alarm in balancer.find_resources("AWS::CloudWatch::Alarm").values()
    }
    assert found == {
        "HTTPCode_ELB_5XX_Count": ["arn:urgent"],
        "RejectedConnectionCount": ["arn:warning"],
        "BlockedRequests": ["arn:info"],
    }
