from collections.abc import Callable
from typing import Any

from kiln.account.account_guard import AccountGuard


def test_the_rule_asks_for_account_and_region_and_names_the_environment(template: Callable[..., Any]) -> None:
    guarded = template(
        lambda stack: AccountGuard(stack, "Guard", environment="Stage", account="444444444444", region="eu-west-1")
    )
    [assertion] = guarded.to_json()["Rules"]["RightAccount"]["Assertions"]
    assert assertion["Assert"] == {
        "Fn::And": [
            {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "444444444444"]},
            {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
        ]
    }
    assert "Stage" in assertion["AssertDescription"]
    assert "444444444444" in assertion["AssertDescription"]
