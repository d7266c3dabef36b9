from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadInput
from infra.contracts import gather
from infra.cost.coverage import BESIDE, BY_USE, FREE
from infra.cost.estimate import Estimate, compare, compare_unpriced, estimate, estimate_all
from infra.cost.prices import Price, PriceTable, Source, load
from infra.cost.pricing import RULES
from infra.synthesized import Stack
from kiln.promises.template import Environment

Json = dict[str, Any]

USD = {
    "ec2/t3.small": "0.02",
    "ec2-spot/t3.small": "0.005",
    "ebs/gp3": "0.1",
    "nat-gateway": "0.05",
    "public-ipv4": "0.005",
    "interface-endpoint": "0.01",
    "load-balancer/application": "0.025",
    "aurora/acu": "0.12",
    "fargate/vcpu": "0.04",
    "fargate/memory": "0.004",
    "kms/key": "1",
    "secret": "0.4",
    "alarm/metric": "0.1",
    "alarm/high-resolution": "0.3",
    "firewall/acl": "5",
    "firewall/rule": "1",
}
MONTHLY = ("kms/key", "secret", "alarm/metric", "alarm/high-resolution", "firewall/acl", "firewall/rule")


def table(**changes: str) -> PriceTable:
    """A table of round prices."""
    return PriceTable(
        region="eu-west-1",
        as_of=date(2026, 1, 1),
        sources={"test": Source(where="this file", date=date(2026, 1, 1))},
        prices={
            name: Price(usd=Decimal(usd), per="month" if name in MONTHLY else "hour", source="test")
            for name, usd in (USD | changes).items()
        },
    )


def resource(kind: str, **properties: Any) -> Json:
    return {"Type": kind, "Properties": properties}


def ref(logical_id: str) -> Json:
    return {"Ref": logical_id}


def group(minimum: int = 2, maximum: int = 4, base: int = 2, percent: int = 100, **more: Any) -> Json:
    return resource(
        "AWS::AutoScaling::AutoScalingGroup",
        MinSize=str(minimum),
        MaxSize=str(maximum),
        MixedInstancesPolicy={
            "InstancesDistribution": {
                "OnDemandBaseCapacity": str(base),
                "OnDemandPercentageAboveBaseCapacity": str(percent),
            },
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": ref("Template")},
                "Overrides": [{"InstanceType": "t3.small"}, {"InstanceType": "t3a.small"}],
            },
        },
        Tags=[{"Key": "kiln:tier", "Value": "web"}],
        **more,
    )


TEMPLATE = resource(
    "AWS::EC2::LaunchTemplate",
    LaunchTemplateData={"BlockDeviceMappings": [{"Ebs": {"VolumeSize": "8", "VolumeType": "gp3"}}]},
)


def action(recurrence: str, size: int) -> Json:
    return resource(
        "AWS::AutoScaling::ScheduledAction",
        AutoScalingGroupName=ref("Group"),
        Recurrence=recurrence,
        MinSize=size,
        MaxSize=size,
    )


def environment(**resources: Json) -> Environment:
    return Environment.of("Stage", {"Shop": {"Resources": resources}}, complete=True)


def costs(one: Estimate) -> dict[str, Decimal]:
    return {line.what: line.usd for line in one.lines}


def test_a_group_costs_its_instances_and_their_volumes() -> None:
    found = estimate(environment(Group=group(), Template=TEMPLATE), table())
    assert costs(found) == {"2 × t3.small": 2 * 730 * Decimal("0.02"), "2 × 8 GiB gp3": Decimal("1.6")}
    assert {line.tier for line in found.lines} == {"web"}
    assert found.savings == ()


def test_at_the_maximum_a_part_is_spot_and_what_it_saves_is_a_line_of_its_own() -> None:
    found = estimate(environment(Group=group(2, 5, 2, 50), Template=TEMPLATE), table(), "maximum")
    assert costs(found)["4 × t3.small"] == 4 * 730 * Decimal("0.02")  # half an instance is a whole one on demand
    assert costs(found)["1 × t3.small (Spot)"] == 730 * Decimal("0.005")
    assert [(s.what, s.usd) for s in found.savings] == [("Spot", 730 * Decimal("0.015"))]


def test_a_schedule_takes_hours_and_volumes_away_and_says_how_much() -> None:
    night = {"Stop": action("0 19 * * 1-5", 0), "Start": action("0 7 * * 1-5", 2)}
    always = estimate(environment(Group=group(), Template=TEMPLATE), table())
    found = estimate(environment(Group=group(), Template=TEMPLATE, **night), table())
    assert found.total < always.total * Decimal("0.36")
    assert found.total + found.saved == always.total
    assert [s.what for s in found.savings] == ["night schedule"]


def test_a_missing_price_of_spot_is_listed_and_no_saving() -> None:
    prices = table()
    del prices.prices["ec2-spot/t3.small"]
    found = estimate(environment(Group=group(1, 4, 1, 0), Template=TEMPLATE), prices, "maximum")
    assert found.savings == ()
    assert "no price in the table: ec2-spot/t3.small" in [one.reason for one in found.not_priced if one.fixed]


def test_what_only_a_deployment_decides_is_listed_by_name() -> None:
    found = estimate(environment(Group=group() | {"Properties": {"MinSize": {"Fn::ImportValue": "x"}}}), table())
    [missing] = [one for one in found.not_priced if one.fixed]
    assert missing.reason.startswith("decided by the deployment: MinSize")
    assert found.lines == ()


def test_a_balancer_has_an_address_in_every_zone_only_where_the_internet_reaches_it() -> None:
    def balancer(scheme: str) -> Json:
        kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
        return resource(kind, Type="application", Scheme=scheme, Subnets=["a", "b", "c"])

    assert estimate(environment(B=balancer("internal")), table()).total == 730 * Decimal("0.025")
    assert estimate(environment(B=balancer("internet-facing")), table()).total == 730 * Decimal("0.04")


def test_an_interface_endpoint_is_paid_by_zone_and_a_gateway_endpoint_not() -> None:
    kind = "AWS::EC2::VPCEndpoint"
    three = resource(kind, VpcEndpointType="Interface", SubnetIds=["a", "b", "c"])
    found = estimate(environment(I=three, G=resource(kind, VpcEndpointType="Gateway")), table())
    assert found.total == 3 * 730 * Decimal("0.01")


def test_an_alarm_is_paid_by_its_metrics_and_more_when_it_looks_often() -> None:
    kind = "AWS::CloudWatch::Alarm"
    two = resource(
        kind, Metrics=[{"MetricStat": {"Period": 60}}, {"MetricStat": {"Period": 60}}, {"Expression": "a/b"}]
    )
    found = estimate(environment(One=resource(kind, Period=60), Two=two, Fast=resource(kind, Period=10)), table())
    assert found.total == Decimal("0.1") + Decimal("0.2") + Decimal("0.3")


def test_a_serverless_database_costs_its_least_capacity() -> None:
    capacity = {"MinCapacity": "0.5", "MaxCapacity": "4"}
    resources = {
        "Cluster": resource("AWS::RDS::DBCluster", ServerlessV2ScalingConfiguration=capacity),
        "Writer": resource(
            "AWS::RDS::DBInstance",
            DBInstanceClass="db.serverless",
            Engine="aurora-mysql",
            DBClusterIdentifier=ref("Cluster"),
        ),
    }
    assert estimate(environment(**resources), table()).total == 365 * Decimal("0.12")
    assert estimate(environment(**resources), table(), "maximum").total == 4 * 730 * Decimal("0.12")


def test_a_service_costs_processors_and_memory_of_its_least_tasks() -> None:
    resources = {
        "Task": resource("AWS::ECS::TaskDefinition", Cpu="512", Memory="2048"),
        "Service": resource("AWS::ECS::Service", TaskDefinition=ref("Task")),
        "Target": resource(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            MinCapacity="3",
            MaxCapacity="9",
            ResourceId={"Fn::Sub": "service/x/${Service.Name}"},
        ),
    }
    found = estimate(environment(**resources), table())
    assert found.total == 3 * 730 * (Decimal("0.5") * Decimal("0.04") + 2 * Decimal("0.004"))


def test_a_type_that_nobody_knows_is_listed_not_left_out() -> None:
    found = estimate(environment(New=resource("AWS::New::Thing")), table())
    assert [(one.type, one.fixed) for one in found.not_priced] == [("AWS::New::Thing", True)]


def test_a_database_without_a_price_is_listed_and_not_guessed() -> None:
    instance = resource("AWS::RDS::DBInstance", DBInstanceClass="db.r7g.large", Engine="aurora-mysql")
    found = estimate(environment(D=instance), table())
    assert found.lines == ()
    assert [one.reason for one in found.not_priced] == ["no price in the table: aurora-mysql/db.r7g.large"]


SIMPLE = st.dictionaries(
    st.from_regex(r"[A-Z][a-z]{1,6}", fullmatch=True),
    st.sampled_from(
        [
            resource("AWS::KMS::Key"),
            resource("AWS::EC2::NatGateway"),
            resource("AWS::CloudWatch::Alarm", Period=60),
            resource("AWS::EC2::EIP"),
            resource("AWS::IAM::Role"),
            resource("AWS::S3::Bucket"),
        ]
    ),
)


@given(SIMPLE, SIMPLE)
def test_two_environments_together_cost_what_they_cost_apart(one: dict[str, Json], other: dict[str, Json]) -> None:
    other = {f"{name}2": body for name, body in other.items()}
    apart = estimate(environment(**one), table()).total + estimate(environment(**other), table()).total
    together = estimate(environment(**one, **other), table())
    assert together.total == apart == sum((line.usd for line in together.lines), Decimal(0))


@given(SIMPLE, st.sampled_from(["kms/key", "nat-gateway", "alarm/metric", "public-ipv4"]), st.integers(1, 10**6))
def test_a_change_of_a_price_changes_exactly_its_lines(resources: dict[str, Json], name: str, more: int) -> None:
    dearer = table(**{name: str(Decimal(USD[name]) + Decimal(more) / 10**5)})
    before = estimate(environment(**resources), table()).lines
    after = estimate(environment(**resources), dearer).lines
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert (old.usd != new.usd) == (old.price == name)
        assert new.usd - old.usd == (new.quantity * Decimal(more) / 10**5 if new.price == name else 0)


def test_a_comparison_has_what_came_went_and_changed_and_nothing_else() -> None:
    shared = {"Key": resource("AWS::KMS::Key"), "Template": TEMPLATE}
    before = estimate(environment(**shared, Group=group(1, 4, 1), Nat=resource("AWS::EC2::NatGateway")), table())
    after = estimate(environment(**shared, Group=group(2), Secret=resource("AWS::SecretsManager::Secret")), table())
    found = {(one.resource, one.price): one.usd for one in compare([before], [after])}
    assert found == {
        ("Shop/Group", "ec2/t3.small"): 730 * Decimal("0.02"),
        ("Shop/Group", "ebs/gp3"): Decimal("0.8"),
        ("Shop/Nat", "nat-gateway"): -730 * Decimal("0.05"),
        ("Shop/Secret", "secret"): Decimal("0.4"),
    }
    assert sum(found.values()) == after.total - before.total
    assert compare([after], [after]) == ()


def test_what_has_no_price_is_not_lost_in_a_comparison() -> None:
    instance = resource("AWS::RDS::DBInstance", DBInstanceClass="db.r7g.large", Engine="aurora-mysql")
    before, after = estimate(environment(), table()), estimate(environment(D=instance), table())
    assert compare([before], [after]) == ()
    [unpriced] = compare_unpriced([before], [after])
    assert (unpriced.type, unpriced.before, unpriced.after) == ("AWS::RDS::DBInstance", 0, 1)


def test_another_region_is_refused() -> None:
    stack = Stack("Payroll-Stage-Web", "Web", "Stage", "111111111111", "us-east-1", {"Resources": {}})
    with pytest.raises(BadInput, match="no prices for the region of Stage"):
        estimate_all([stack], table())


def test_every_type_of_payroll_is_priced_free_or_listed(application: Sequence[Stack]) -> None:
    types = {resource.type for place in gather(application) for resource in place.environment}
    known = [set(FREE), set(BY_USE), set(RULES)]
    assert types - set().union(*known) == set()
    assert sum(map(len, known)) == len(set().union(*known)), "a type is in two tables"
    assert set(BESIDE) <= set(RULES)


def test_nothing_of_payroll_is_left_to_the_deployment(application: Sequence[Stack]) -> None:
    estimates = estimate_all(application, load())
    reasons = {one.reason for found in estimates for one in found.not_priced if one.fixed}
    assert not [reason for reason in reasons if not reason.startswith("no price in the table")]
    assert all(found.total > 0 for found in estimates)


def test_every_price_of_the_table_is_used_by_payroll(application: Sequence[Stack]) -> None:
    used = {
        line.price
        for size in ("minimum", "maximum")
        for found in estimate_all(application, load(), size)
        for line in found.lines
    }
    assert set(load().prices) - used <= {"alarm/high-resolution"}


def test_dev_saves_by_its_nights_and_production_runs_always(application: Sequence[Stack]) -> None:
    found = {one.environment: one for one in estimate_all(application, load())}
    assert {saving.what for saving in found["Dev"].savings} == {"night schedule"}
    assert found["Production"].savings == ()
    assert found["Production"].total > found["Dev"].total
