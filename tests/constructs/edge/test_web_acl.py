from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.edge.web_acl import MANAGED_RULES, WebAcl
from kiln.operations.log_group import Records
from kiln.refusal import WrongProperty

RECORDS = Records(key_arn="arn:aws:kms:eu-west-1:111111111111:key/1", days=30)


@pytest.fixture
def acl(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        limit = cdk.Token.as_number(cdk.CfnParameter(stack, "Limit").value)
        WebAcl(stack, "Acl", resource_arn="arn:balancer", requests_per_address=limit, records=RECORDS)

    return template(build)


def properties(template: Any, resource_type: str) -> Any:
    [resource] = template.find_resources(resource_type).values()
    return resource["Properties"]


def test_whoever_asks_too_often_is_refused_and_the_limit_is_a_value_of_deployment(acl: Any) -> None:
    first, *_ = properties(acl, "AWS::WAFv2::WebACL")["Rules"]
    assert first["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": {"Ref": "Limit"},
    }
    assert (first["Action"], first["Priority"]) == ({"Block": {}}, 0)


def test_managed_rules_refuse_and_do_not_only_count(acl: Any) -> None:
    _, *managed = properties(acl, "AWS::WAFv2::WebACL")["Rules"]
    assert [r["Statement"]["ManagedRuleGroupStatement"]["Name"] for r in managed] == list(MANAGED_RULES)
    assert [r["OverrideAction"] for r in managed] == [{"None": {}}] * len(MANAGED_RULES)
    assert [r["Priority"] for r in managed] == [1, 2, 3, 4]


def test_it_and_every_rule_can_be_measured_and_sampled(acl: Any) -> None:
    found = properties(acl, "AWS::WAFv2::WebACL")
    for visible in (found["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in found["Rules"])):
        assert visible["CloudWatchMetricsEnabled"] is visible["SampledRequestsEnabled"] is True


def test_requests_are_written_down_encrypted_and_without_secrets(acl: Any) -> None:
    log = properties(acl, "AWS::Logs::LogGroup")
    assert log["LogGroupName"]["Fn::Join"][1][0] == "aws-waf-logs-"
    assert (log["KmsKeyId"], log["RetentionInDays"]) == (RECORDS.key_arn, 30)
    logging = properties(acl, "AWS::WAFv2::LoggingConfiguration")
    assert logging["RedactedFields"] == [{"SingleHeader": {"Name": name}} for name in ("authorization", "cookie")]
    [destination] = logging["LogDestinationConfigs"]
    [log_id] = acl.find_resources("AWS::Logs::LogGroup")
    assert destination["Fn::Join"][1][-1] == {"Ref": log_id}


@pytest.mark.parametrize("limit", [0, 9, 2_000_000_001])
def test_a_limit_that_waf_does_not_take_is_refused(template: Callable[..., Any], limit: int) -> None:
    with pytest.raises(WrongProperty, match=f"Stack/Acl: requests_per_address is {limit}; expected 10 to 2000000000"):
        template(lambda stack: WebAcl(stack, "Acl", resource_arn="a", requests_per_address=limit, records=RECORDS))
