"""Intrinsic functions, conditions and rules: pure evaluation."""

import base64
import ipaddress
import json
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.intrinsics import FUNCTIONS, Evaluator
from rehearsal.cloudformation.parameters import Parameter
from rehearsal.cloudformation.template import Template
from rehearsal.front.service import AwsError

TEXTS = st.text(alphabet=st.characters(codec="ascii", exclude_characters="${}"), max_size=12)


class Resources:
    """Two resources, as a lookup."""

    def ref(self, name: str) -> Any:
        return {"Topic": "arn:topic", "Bucket": "bucket-1"}[name]

    def attribute(self, name: str, attribute: str) -> Any:
        return f"{name}.{attribute}"


class Outside:
    """A world of three zones and one export."""

    def zones(self, region: str) -> list[str]:
        return [f"{region}{letter}" for letter in "abc"]

    def import_value(self, name: str) -> Any:
        if name != "shared":
            raise invalid(f"No export named {name} found.")
        return "exported"

    def dynamic(self, text: str) -> str:
        return text.replace("{{resolve:ssm:/a}}", "resolved")


def evaluator(**body: Any) -> Evaluator:
    parameters = {"P": Parameter("p", "p"), "L": Parameter("a,b,c", ["a", "b", "c"])}
    pseudo = {"AWS::Region": "eu-west-1", "AWS::AccountId": "123400000001"}
    template = Template("", {"Resources": {}, **body})
    return Evaluator(template, parameters, pseudo, Resources(), Outside())


def value(node: Any, **body: Any) -> Any:
    return evaluator(**body).resolved(node)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "P"}, "p"),
        ({"Ref": "L"}, ["a", "b", "c"]),
        ({"Ref": "Topic"}, "arn:topic"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "Bucket.Arn"),
        ({"Fn::GetAtt": "Bucket.Endpoint.Port"}, "Bucket.Endpoint.Port"),
        ({"Fn::Sub": "${P}-${AWS::Region}-${Bucket.Arn}-${!literal}"}, "p-eu-west-1-Bucket.Arn-${literal}"),
        ({"Fn::Sub": ["${x}${P}", {"x": {"Fn::Select": [1, {"Ref": "L"}]}}]}, "bp"),
        ({"Fn::Join": ["|", {"Ref": "L"}]}, "a|b|c"),
        ({"Fn::Join": ["", ["a", 1, True]]}, "a1true"),
        ({"Fn::Select": ["2", {"Fn::Split": ["-", "q-r-s"]}]}, "s"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}, "v"),
        ({"Fn::FindInMap": ["M", "nowhere", "k", {"DefaultValue": "d"}]}, "d"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "eu-west-1a"),
        ({"Fn::Select": [2, {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]}, "10.0.2.0/24"),
        ({"Fn::ImportValue": "shared"}, "exported"),
        ({"Fn::ToJsonString": {"a": {"Ref": "P"}}}, '{"a":"p"}'),
        ({"Fn::Length": {"Ref": "L"}}, 3),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", 1, 2]}, 2),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([1, {"Ref": "AWS::NoValue"}, {"Fn::If": ["No", 2, {"Ref": "AWS::NoValue"}]}], [1]),
        ("x{{resolve:ssm:/a}}", "xresolved"),
        ({"Fn::Join": ["", ["{{resolve:", "ssm:/a}}"]]}, "resolved"),
    ],
)
def test_functions_by_example(node: Any, expected: Any) -> None:
    conditions = {"Yes": {"Fn::Equals": [1, "1"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}}
    mappings = {"M": {"eu-west-1": {"k": "v"}}}
    assert value(node, Conditions=conditions, Mappings=mappings) == expected


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_splitting_what_was_joined_gives_the_parts(parts: list[str]) -> None:
    clean = [p.replace("|", "") for p in parts]
    assert value({"Fn::Split": ["|", {"Fn::Join": ["|", clean]}]}) == clean


@given(st.lists(TEXTS, min_size=1, max_size=6), st.data())
def test_select_gives_each_item_and_nothing_beyond(items: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(items) - 1))
    assert value({"Fn::Select": [index, items]}) == items[index]
    for beyond in (len(items), -1, "x"):
        with pytest.raises(AwsError):
            value({"Fn::Select": [beyond, items]})


@given(TEXTS, TEXTS)
def test_sub_is_join(first: str, second: str) -> None:
    assert value({"Fn::Sub": ["${a}-${b}", {"a": first, "b": second}]}) == f"{first}-{second}"


@given(TEXTS)
def test_text_without_placeholders_passes_through_sub(text: str) -> None:
    assert value({"Fn::Sub": text}) == text


@given(st.text(max_size=20))
def test_base64_can_be_read_back(text: str) -> None:
    assert base64.b64decode(value({"Fn::Base64": text})).decode() == text


@given(st.integers(8, 24), st.integers(1, 4), st.integers(2, 6))
def test_cidr_blocks_lie_in_the_block_and_do_not_overlap(prefix: int, count: int, more: int) -> None:
    block = ipaddress.ip_network((0x0A000000, prefix))
    host_bits = 32 - prefix - more
    found = [ipaddress.ip_network(b) for b in value({"Fn::Cidr": [str(block), count, host_bits]})]
    assert len(found) == count
    assert all(b.prefixlen == prefix + more and b.subnet_of(block) for b in found)  # type: ignore[arg-type]
    assert not any(a.overlaps(b) for a in found for b in found if a is not b)


def test_cidr_refuses_more_blocks_than_there_are() -> None:
    with pytest.raises(AwsError, match="no room for 5 blocks of /26"):
        value({"Fn::Cidr": ["10.0.0.0/24", 5, 6]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, min_size=2, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_what_has_no_function_evaluates_to_itself(node: Any) -> None:
    assert value(node) == node


@given(JSON)
def test_to_json_string_can_be_read_back(node: Any) -> None:
    assert json.loads(value({"Fn::ToJsonString": node})) == node


@given(st.lists(st.booleans(), min_size=2, max_size=6))
def test_conditions_are_boolean_algebra(values: list[bool]) -> None:
    conditions: dict[str, Any] = {f"C{i}": {"Fn::Equals": [v, True]} for i, v in enumerate(values)}
    listed = [{"Condition": name} for name in conditions]
    every = {"All": {"Fn::And": listed}, "Any": {"Fn::Or": listed}, "None": {"Fn::Not": [{"Condition": "Any"}]}}
    found = evaluator(Conditions={**conditions, **every})
    assert (found.condition("All"), found.condition("Any"), found.condition("None")) == (
        all(values),
        any(values),
        not any(values),
    )


def test_resources_whose_condition_does_not_hold_take_no_part() -> None:
    body = {
        "Conditions": {"Yes": {"Fn::Equals": ["a", "a"]}, "No": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "A": {"Type": "X", "Condition": "Yes"},
            "B": {"Type": "X", "Condition": "No"},
            "C": {"Type": "X"},
        },
    }
    assert evaluator(**body).live() == ["A", "C"]


def test_conditions_in_a_circle_are_refused() -> None:
    circle = {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}}
    with pytest.raises(AwsError, match="circular"):
        evaluator(Conditions=circle).condition("A")


def test_a_condition_that_two_resources_ask_for_at_once_is_no_circle() -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Resources):
        def ref(self, name: str) -> Any:
            begun.set()
            go_on.wait(10)
            return super().ref(name)

    template = Template("", {"Resources": {}, "Conditions": {"C": {"Fn::Equals": [{"Ref": "Topic"}, "arn:topic"]}}})
    evaluate = Evaluator(template, {}, {}, Slow(), Outside())
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(evaluate.condition, "C")
        assert begun.wait(10)
        second = pool.submit(evaluate.condition, "C")
        wait([second], timeout=0.2)
        go_on.set()
        assert (first.result(10), second.result(10)) == (True, True)


def test_a_condition_that_could_not_be_evaluated_is_tried_again() -> None:
    evaluate = evaluator(Conditions={"C": {"Fn::Equals": [{"Fn::ImportValue": "nothing"}, "x"]}})
    for _ in range(2):
        with pytest.raises(AwsError, match="No export named nothing"):
            evaluate.condition("C")


def test_a_rule_refuses_with_its_own_words() -> None:
    assertion = {"Assert": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "9"]}, "AssertDescription": "not your account"}
    with pytest.raises(AwsError, match="Rule Account failed: not your account"):
        evaluator(Rules={"Account": {"Assertions": [assertion]}}).check_rules()


def test_a_rule_whose_condition_does_not_hold_is_not_asked() -> None:
    never = {"RuleCondition": {"Fn::Equals": ["a", "b"]}, "Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}}]}
    evaluator(Rules={"Never": never}).check_rules()


@pytest.mark.parametrize(
    "assertion",
    [
        {"Fn::Contains": [["a", "b"], "a"]},
        {"Fn::EachMemberIn": [["a"], ["a", "b"]]},
        {"Fn::EachMemberEquals": [["a", "a"], "a"]},
    ],
)
def test_functions_of_rules(assertion: Any) -> None:
    evaluator(Rules={"R": {"Assertions": [{"Assert": assertion}]}}).check_rules()
    with pytest.raises(AwsError):
        evaluator(Rules={"R": {"Assertions": [{"Assert": {"Fn::Not": [assertion]}}]}}).check_rules()


def test_a_function_that_is_not_emulated_is_refused() -> None:
    assert "Fn::Transform" not in FUNCTIONS
    with pytest.raises(AwsError, match="function Fn::Transform is not emulated"):
        value({"Fn::Transform": {}})


@pytest.mark.parametrize("node", [{"Fn::Join": ["", [["a"]]]}, {"Fn::Sub": "${L}"}, {"Fn::Join": ["", "text"]}])
def test_a_list_where_text_belongs_is_refused(node: Any) -> None:
    with pytest.raises(AwsError):
        value(node)
