from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.network.imported_network import imported_network
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty
from kiln.tiers.function_alias import Traffic
from kiln.tiers.function_route import FunctionRoute
from kiln.tiers.function_tier import Code, FunctionTier

SOURCE = "def handler(event, context):\n    return event\n"
VERSION, ALIAS = "AWS::Lambda::Version", "AWS::Lambda::Alias"


def build(stack: cdk.Stack, **changed: Any) -> None:
    given: dict[str, Any] = {
        "name": "hooks",
        "code": Code(SOURCE, memory_mib=256),
        "traffic": Traffic(),
        "vpc": imported_network(stack, "Vpc", vpc_id="vpc-1", app_subnet_ids=["subnet-1", "subnet-2"]),
        "records": Records("arn:logs-key", 30),
        "topics": Topics("arn:urgent", "arn:warning", "arn:info"),
        "queue_key_arn": "arn:messages-key",
        "route": FunctionRoute("arn:listener", 300, ["/hooks/*"]),
    }
    FunctionTier(stack, "Hooks", **given | changed)


@pytest.fixture
def tier(template: Callable[..., Any]) -> Any:
    return template(build)


def only(template: Any, kind: str) -> dict[str, Any]:
    [resource] = template.find_resources(kind).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def version_of(template: Any) -> str:
    [name] = template.find_resources(VERSION)
    return str(name)


def test_a_function_is_traced_logged_bounded_and_inside_the_network(tier: Any) -> None:
    function = only(tier, "AWS::Lambda::Function")
    [log] = tier.find_resources("AWS::Logs::LogGroup")
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": log}, "LogFormat": "JSON"}
    assert function["ReservedConcurrentExecutions"] == 20
    assert function["VpcConfig"]["SubnetIds"] == ["subnet-1", "subnet-2"]


def test_what_a_function_could_not_do_is_set_aside(tier: Any) -> None:
    [queue] = tier.find_resources("AWS::SQS::Queue")
    arn = {"Fn::GetAtt": [queue, "Arn"]}
    assert only(tier, "AWS::Lambda::Function")["DeadLetterConfig"] == {"TargetArn": arn}
    statements = {s["Sid"]: s for s in only(tier, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]}
    assert (statements["SetAside"]["Action"], statements["SetAside"]["Resource"]) == ("sqs:SendMessage", arn)
    assert {sid for sid, s in statements.items() if s["Resource"] == "*"} == {"Network", "Traces"}


def test_the_newest_version_answers_everything_at_first(tier: Any) -> None:
    alias = only(tier, ALIAS)
    assert (alias["Name"], "RoutingConfig" in alias) == ("live", False)
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [version_of(tier), "Version"]}


def test_a_stable_version_answers_what_the_newest_does_not(template: Callable[..., Any]) -> None:
    found = template(lambda stack: build(stack, traffic=Traffic("3", 0.1)))
    alias = only(found, ALIAS)
    newest = {"Fn::GetAtt": [version_of(found), "Version"]}
    assert alias["FunctionVersion"] == "3"
    assert alias["RoutingConfig"] == {
        "AdditionalVersionWeights": [{"FunctionVersion": newest, "FunctionWeight": 0.1}],
    }


def test_who_answers_may_be_a_value_of_deployment(template: Callable[..., Any]) -> None:
    def with_tokens(stack: cdk.Stack) -> None:
        stable = cdk.CfnParameter(stack, "Stable").value_as_string
        build(stack, traffic=Traffic(stable, cdk.Token.as_number(cdk.CfnParameter(stack, "Weight").value)))

    found = template(with_tokens)
    alias, newest = only(found, ALIAS), {"Fn::GetAtt": [version_of(found), "Version"]}
    condition, *versions = alias["FunctionVersion"]["Fn::If"]
    same, shares, nothing = alias["RoutingConfig"]["Fn::If"]
    assert versions == [{"Ref": "Stable"}, newest]
    assert (same, nothing) == (condition, {"Ref": "AWS::NoValue"})
    [share] = shares["AdditionalVersionWeights"]
    assert share == {"FunctionVersion": newest, "FunctionWeight": {"Ref": "Weight"}}
    assert found.to_json()["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Stable"}, "none"]}]}


def test_other_code_is_another_version_and_the_old_one_stays(tier: Any, template: Callable[..., Any]) -> None:
    other = template(lambda stack: build(stack, code=Code(SOURCE + "# changed\n", memory_mib=256)))
    same = template(lambda stack: build(stack, code=Code(SOURCE, memory_mib=256)))
    assert version_of(other) != version_of(tier) == version_of(same)
    [version] = tier.find_resources(VERSION).values()
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_another_size_is_another_version_also_where_only_the_deployment_knows_it(
    template: Callable[..., Any],
) -> None:
    def with_token(stack: cdk.Stack) -> None:
        build(stack, code=Code(SOURCE, memory_mib=cdk.Token.as_number(cdk.CfnParameter(stack, "Memory").value)))

    # The description of a version is create-only: another one makes another version.
    description = only(template(with_token), VERSION)["Description"]
    assert description == {"Fn::Join": ["", [{"Ref": "Memory"}, " MiB"]]}


def test_the_load_balancer_calls_the_alias_and_may_call_nothing_else(tier: Any) -> None:
    [alias] = tier.find_resources(ALIAS)
    [permission] = tier.find_resources("AWS::Lambda::Permission")
    [targets] = tier.find_resources("AWS::ElasticLoadBalancingV2::TargetGroup").values()
    assert only(tier, "AWS::Lambda::Permission") == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": alias},
        "Principal": "elasticloadbalancing.amazonaws.com",
    }
    assert (targets["Properties"]["TargetType"], targets["Properties"]["Targets"]) == (
        "lambda",
        [{"Id": {"Ref": alias}}],
    )
    assert targets["DependsOn"] == [permission]


def test_without_a_route_nobody_calls_it_but_who_may_by_iam(template: Callable[..., Any]) -> None:
    found = template(lambda stack: build(stack, route=None))
    found.resource_count_is("AWS::Lambda::Permission", 0)
    found.resource_count_is("AWS::ElasticLoadBalancingV2::TargetGroup", 0)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"code": Code("", 256)}, "code.source is 0; expected 1 to 4096 bytes"),
        ({"code": Code(SOURCE + "#" * 4096, 256)}, "expected 1 to 4096 bytes: CloudFormation takes no more inline"),
        ({"code": Code("x = 1\n", 256)}, "code.source is 'no handler'"),
        ({"code": Code(SOURCE, 64)}, "code.memory_mib is 64; expected 128 to 10240 MiB"),
        ({"code": Code(SOURCE, 256, timeout_seconds=901)}, "code.timeout_seconds is 901; expected 1 to 900 seconds"),
        ({"traffic": Traffic("3", 1.5)}, "traffic.new_version_weight is 1.5; expected 0 to 1"),
        ({"traffic": Traffic("newest")}, "traffic.stable_version is 'newest'; expected the number of a version"),
    ],
)
def test_nonsense_is_refused(template: Callable[..., Any], changed: dict[str, Any], expected: str) -> None:
    with pytest.raises(WrongProperty, match=expected):
        template(lambda stack: build(stack, **changed))
