from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.operations.notifications import PUBLISHERS, Notifications
from kiln.refusal import WrongProperty

ADDRESSES = ["night@shop.example", "day@shop.example", "none", "none", "none"]


@pytest.fixture
def notifications(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        key = cdk.CfnParameter(stack, "Key").value_as_string
        addresses = cdk.CfnParameter(stack, "Addresses", type="CommaDelimitedList").value_as_list
        made = Notifications(stack, "Notifications", key_arn=key, addresses=addresses)
        for name in ("urgent_arn", "warning_arn", "info_arn"):
            cdk.CfnOutput(stack, name.replace("_", ""), value=getattr(made.topics, name))

    return template(build)


def statements(notifications: Any) -> list[dict[str, dict[str, Any]]]:
    policies = notifications.find_resources("AWS::SNS::TopicPolicy").values()
    return [{s["Sid"]: s for s in policy["Properties"]["PolicyDocument"]["Statement"]} for policy in policies]


def test_each_severity_has_a_topic_that_is_encrypted_with_the_key(notifications: Any) -> None:
    topics = notifications.find_resources("AWS::SNS::Topic")
    assert {topic["Properties"]["DisplayName"]["Fn::Join"][1][0] for topic in topics.values()} == {
        "Urgent of ",
        "Warning of ",
        "Info of ",
    }
    for topic in topics.values():
        assert topic["Properties"]["KmsMasterKeyId"] == {"Ref": "Key"}
        assert topic["Properties"]["SignatureVersion"] == "2"
    given = {output["Value"]["Ref"] for output in notifications.find_outputs("*").values()}
    assert given == set(topics)


def test_every_topic_has_a_policy_of_its_own(notifications: Any) -> None:
    policies = notifications.find_resources("AWS::SNS::TopicPolicy").values()
    covered = [topic["Ref"] for policy in policies for topic in policy["Properties"]["Topics"]]
    assert sorted(covered) == sorted(notifications.find_resources("AWS::SNS::Topic"))


def test_exactly_these_services_may_publish_and_only_for_this_account(notifications: Any) -> None:
    for found in statements(notifications):
        allowed = [s for s in found.values() if s["Effect"] == "Allow"]
        assert {s["Sid"] for s in allowed} == {"ServicesOfThisAccount", "EventBridge"}
        assert all(s["Action"] == "sns:Publish" for s in allowed)
        services = found["ServicesOfThisAccount"]
        assert services["Principal"] == {"Service": list(PUBLISHERS)}
        assert services["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_event_bridge_may_publish_without_a_condition_because_it_fulfils_none(notifications: Any) -> None:
    for found in statements(notifications):
        assert found["EventBridge"]["Principal"] == {"Service": "events.amazonaws.com"}
        assert "Condition" not in found["EventBridge"]


def test_nobody_may_publish_or_subscribe_without_tls(notifications: Any) -> None:
    for found in statements(notifications):
        denied = found["OnlyWithTls"]
        assert denied["Effect"] == "Deny"
        assert denied["Principal"] == {"AWS": "*"}
        assert denied["Action"] == ["sns:Publish", "sns:Subscribe"]
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_each_place_of_the_list_is_subscribed_to_all_topics_if_it_is_used(notifications: Any) -> None:
    mails = list(notifications.find_resources("AWS::SNS::Subscription").values())
    topics = notifications.find_resources("AWS::SNS::Topic")
    found = {(mail["Properties"]["TopicArn"]["Ref"], mail["Properties"]["Endpoint"]["Fn::Select"][0]) for mail in mails}
    assert found == {(topic, place) for topic in topics for place in range(5)}
    conditions = notifications.to_json()["Conditions"]
    for mail in mails:
        place = mail["Properties"]["Endpoint"]
        assert mail["Properties"]["Protocol"] == "email"
        assert conditions[mail["Condition"]] == {"Fn::Not": [{"Fn::Equals": [place, "none"]}]}


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [(ADDRESSES[:2], "5 places, filled up with 'none'"), (["none"] * 5, "at least one mail address")],
)
def test_topics_that_tell_nobody_are_refused(template: Callable[..., Any], addresses: list[str], expected: str) -> None:
    with pytest.raises(WrongProperty, match=f"Stack/Notifications: addresses is .* expected {expected}"):
        template(lambda stack: Notifications(stack, "Notifications", key_arn="arn:key", addresses=addresses))


def test_addresses_that_are_known_beforehand_need_no_condition(template: Callable[..., Any]) -> None:
    addresses = ["team@shop.example", *["none"] * 4]
    made = template(lambda stack: Notifications(stack, "N", key_arn="arn:key", addresses=addresses)).to_json()
    assert "Conditions" not in made
    mails = [one["Properties"] for one in made["Resources"].values() if one["Type"] == "AWS::SNS::Subscription"]
    assert [mail["Endpoint"] for mail in mails] == ["team@shop.example"] * 3
