"""Zones and what is in them: hosted_zone, role_name, service_record."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.edge.hosted_zone import PrivateZone, PublicZone, Zone, require_inside
from kiln.edge.role_name import AliasName, RoleName
from kiln.edge.service_record import ServiceRecord
from kiln.promises.template import EXEMPTIONS
from kiln.refusal import WrongProperty

INTERNAL = Zone("Z1", "stage.example.internal")
REASON = "queries go to another region only"
Templates = Callable[..., Any]


def records(template: Any, **of: Any) -> list[Any]:
    found = template.find_resources("AWS::Route53::RecordSet", {"Properties": of} if of else {})
    return [record["Properties"] for record in found.values()]


def test_a_public_zone_outlives_its_stack_and_lets_only_amazon_issue_certificates(template: Templates) -> None:
    made = template(lambda stack: PublicZone(stack, "Zone", domain_name="example.com", no_query_log_reason=REASON))
    [(zone_id, zone)] = made.find_resources("AWS::Route53::HostedZone").items()
    assert zone["DeletionPolicy"] == "Retain"
    assert zone["Metadata"][EXEMPTIONS] == [{"promise": "public-zone-logs-queries", "reason": REASON}]
    [record] = records(made)
    assert record["HostedZoneId"] == {"Ref": zone_id}
    assert (record["Name"], record["Type"], record["ResourceRecords"]) == (
        "example.com",
        "CAA",
        ['0 issue "amazon.com"'],
    )


def test_a_public_zone_logs_queries_where_it_is_told_to(template: Templates) -> None:
    made = template(lambda stack: PublicZone(stack, "Zone", domain_name="example.com", query_log_group_arn="arn:log"))
    [zone] = made.find_resources("AWS::Route53::HostedZone").values()
    assert zone["Properties"]["QueryLoggingConfig"] == {"CloudWatchLogsLogGroupArn": "arn:log"}
    assert EXEMPTIONS not in zone["Metadata"]


@pytest.mark.parametrize(
    ("given", "found"), [({}, "neither"), ({"query_log_group_arn": "a", "no_query_log_reason": REASON}, "both")]
)
def test_a_public_zone_without_a_query_log_wants_a_reason(template: Templates, given: Any, found: str) -> None:
    with pytest.raises(WrongProperty, match=f"Stack/Zone: query_log_group_arn is '{found}'"):
        template(lambda stack: PublicZone(stack, "Zone", domain_name="example.com", **given))


def test_a_private_zone_is_for_one_vpc(template: Templates) -> None:
    made = template(lambda stack: PrivateZone(stack, "Zone", domain_name="a.internal", vpc_id="vpc-1"))
    [zone] = made.find_resources("AWS::Route53::HostedZone").values()
    assert zone["Properties"] == {
        "Name": "a.internal",
        "VPCs": [{"VPCId": "vpc-1", "VPCRegion": {"Ref": "AWS::Region"}}],
    }


def test_a_role_name_stands_for_another_name_for_a_minute(template: Templates) -> None:
    made = template(
        lambda stack: RoleName(stack, "N", zone=INTERNAL, domain_name=f"database.{INTERNAL.name}", target="db.example")
    )
    assert records(made) == [
        {
            "HostedZoneId": "Z1",
            "Name": "database.stage.example.internal",
            "ResourceRecords": ["db.example"],
            "TTL": "60",
            "Type": "CNAME",
        }
    ]


@pytest.mark.parametrize("name", ["database.example.com", "notstage.example.internal", "internal", ""])
def test_a_domain_outside_the_zone_is_refused(template: Templates, name: str) -> None:
    expected = "stage.example.internal or a name that ends in .stage.example.internal"
    for make in (
        lambda stack: RoleName(stack, "N", zone=INTERNAL, domain_name=name, target="a"),
        lambda stack: AliasName(stack, "N", zone=INTERNAL, domain_name=name, target="a", target_zone_id="Z2"),
    ):
        with pytest.raises(WrongProperty, match=f"Stack/N: domain_name is '{name}'; expected {expected}"):
            template(make)


LABELS = st.lists(st.from_regex(r"[a-z]{1,4}", fullmatch=True), min_size=1, max_size=4)


@given(zone=LABELS, name=LABELS)
def test_a_name_is_inside_exactly_when_its_last_labels_are_those_of_the_zone(zone: list[str], name: list[str]) -> None:
    here: Any = SimpleNamespace(node=SimpleNamespace(path="Shop/Name"))
    refused = False
    try:
        require_inside(here, "domain_name", ".".join(name), Zone("Z1", ".".join(zone)))
    except WrongProperty:
        refused = True
    assert refused is (name[-len(zone) :] != zone)


def test_what_only_the_deployment_knows_is_taken(template: Templates) -> None:
    def build(stack: cdk.Stack) -> None:
        name = cdk.CfnParameter(stack, "Name").value_as_string
        RoleName(stack, "A", zone=Zone("Z1", name), domain_name="elsewhere.example", target="a")
        RoleName(stack, "B", zone=INTERNAL, domain_name=name, target="a")

    assert len(records(template(build))) == 2


@pytest.mark.parametrize(("has_ipv6", "types"), [(False, ["A"]), (True, ["A", "AAAA"])])
def test_an_alias_answers_with_addresses_also_for_the_zone_itself(
    template: Templates, has_ipv6: bool, types: list[str]
) -> None:
    zone = Zone("Z1", "example.com")
    made = template(
        lambda stack: AliasName(
            stack, "N", zone=zone, domain_name=zone.name, target="lb.example", target_zone_id="Z2", has_ipv6=has_ipv6
        )
    )
    assert [record["Type"] for record in records(made)] == types
    for record in records(made):
        assert record["AliasTarget"] == {"DNSName": "lb.example", "HostedZoneId": "Z2"}
        assert "TTL" not in record


def test_a_service_record_says_host_and_port(template: Templates) -> None:
    def build(stack: cdk.Stack) -> None:
        port = cdk.Token.as_number(cdk.CfnParameter(stack, "Port").value)
        ServiceRecord(stack, "Known", zone=INTERNAL, service="amqps", target="mq.example", port=5671)
        ServiceRecord(stack, "Later", zone=INTERNAL, service="mysql", target="db.example", port=port)

    known, later = records(template(build), Type="SRV")
    assert known["Name"] == "_amqps._tcp.stage.example.internal"
    assert known["ResourceRecords"] == ["10 10 5671 mq.example"]
    assert later["ResourceRecords"] == [{"Fn::Join": [" ", ["10 10", {"Ref": "Port"}, "db.example"]]}]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"port": 0}, "port is 0; expected 1 to 65535"),
        ({"port": 65536}, "port is 65536; expected 1 to 65535"),
        ({"service": "_amqps"}, "service is '_amqps'"),
        ({"service": "AMQPS"}, "service is 'AMQPS'"),
        ({"service": "a-name-that-is-too-long"}, "service is 'a-name-that-is-too-long'"),
        ({"protocol": "sctp"}, "protocol is 'sctp'; expected one of tcp, udp"),
    ],
)
def test_a_service_that_cannot_be_is_refused(template: Templates, given: Any, text: str) -> None:
    usual = {"zone": INTERNAL, "service": "amqps", "target": "mq.example", "port": 5671}
    with pytest.raises(WrongProperty, match=f"Stack/S: {text}"):
        template(lambda stack: ServiceRecord(stack, "S", **usual | given))
