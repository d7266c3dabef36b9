from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.promises.values import NOTHING, Resolver, is_known, mark

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Protected": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/protected"},
        "Zones": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/shop/zones"},
        "Foreign": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/elsewhere"},
        "Plain": {"Type": "String", "Default": "seven"},
        "Asked": {"Type": "String"},
    },
    "Conditions": {
        "IsProtected": {"Fn::Equals": [{"Ref": "Protected"}, "true"]},
        "IsOpen": {"Fn::Not": [{"Condition": "IsProtected"}]},
        "Both": {"Fn::And": [{"Condition": "IsProtected"}, {"Condition": "IsOpen"}]},
        "Either": {"Fn::Or": [{"Condition": "IsUnsure"}, {"Condition": "IsProtected"}]},
        "IsUnsure": {"Fn::Equals": [{"Ref": "Asked"}, "yes"]},
        "IsUnsureToo": {"Fn::And": [{"Condition": "IsUnsure"}, {"Condition": "IsProtected"}]},
    },
    "Mappings": {"Sizes": {"large": {"cores": 8}}},
    "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
}
HELD = {"/shop/protected": "true", "/shop/zones": "a,b,c"}


@pytest.fixture
def resolver() -> Resolver:
    return Resolver("Shop", TEMPLATE, HELD.get)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"Ref": "Protected"}, "true"),
        ({"Ref": "Zones"}, ["a", "b", "c"]),
        ({"Ref": "Plain"}, "seven"),
        ({"Ref": "Bucket"}, "⟨Shop/Bucket⟩"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "⟨Shop/Bucket.Arn⟩"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "⟨Shop/Bucket.Arn⟩"),
        ({"Fn::If": ["IsProtected", 1, 2]}, 1),
        ({"Fn::If": ["IsOpen", 1, {"Ref": "Plain"}]}, "seven"),
        ({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b"),
        ({"Fn::Join": ["-", ["x", {"Ref": "Plain"}, {"Ref": "Bucket"}]]}, "x-seven-⟨Shop/Bucket⟩"),
        ({"Fn::Sub": "${Plain} of ${Bucket.Arn}, ${!literal}"}, "seven of ⟨Shop/Bucket.Arn⟩, ${literal}"),
        ({"Fn::Sub": ["${a}${Plain}", {"a": {"Ref": "Protected"}}]}, "trueseven"),
        ({"Fn::Split": [",", "p,q"]}, ["p", "q"]),
        ({"Fn::FindInMap": ["Sizes", "large", "cores"]}, 8),
        ({"Ref": "AWS::Region"}, "⟨AWS::Region⟩"),
    ],
)
def test_a_function_comes_to_its_value(resolver: Resolver, raw: Any, expected: Any) -> None:
    assert resolver.value(raw) == expected


def test_what_is_no_value_is_not_there(resolver: Resolver) -> None:
    absent = {"Fn::If": ["IsOpen", "x", {"Ref": "AWS::NoValue"}]}
    assert resolver.value({"a": absent, "b": [absent, 1]}) == {"b": [1]}
    assert resolver.value(absent) is NOTHING


@pytest.mark.parametrize(
    "raw",
    [
        {"Ref": "Asked"},
        {"Ref": "Foreign"},
        {"Fn::If": ["IsUnsure", 1, 2]},
        {"Fn::GetAZs": ""},
        {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        {"Fn::Cidr": ["10.0.0.0/16", 9, 12]},
        {"Fn::ImportValue": "x"},
        {"Fn::FindInMap": ["Sizes", "small", "cores"]},
    ],
)
def test_what_only_the_deployment_knows_is_marked(resolver: Resolver, raw: Any) -> None:
    assert not is_known(resolver.value(raw))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IsProtected", True),
        ("IsOpen", False),
        ("Both", False),
        ("Either", True),
        ("IsUnsure", None),
        ("IsUnsureToo", None),
        ("NoSuch", None),
    ],
)
def test_a_condition_holds_or_not_or_nobody_knows(resolver: Resolver, name: str, expected: bool | None) -> None:
    assert resolver.condition(name) is expected


def test_a_value_goes_from_stack_to_stack_through_ssm() -> None:
    def reader(name: str) -> Any:
        return {"Parameters": {"In": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name}}}

    def writer(name: str, value: Any) -> Any:
        return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Value": value}}

    templates = {
        "First": {"Resources": {"Key": {"Type": "AWS::KMS::Key"}, "Out": writer("/a", {"Fn::GetAtt": ["Key", "Arn"]})}},
        "Second": reader("/a") | {"Resources": {"Out": writer("/b", {"Fn::Join": [",", ["x", {"Ref": "In"}]]})}},
        "Third": reader("/b"),
    }
    assert Resolver.among(templates)["Third"].value({"Ref": "In"}) == f"x,{mark('First', 'Key', 'Arn')}"


def test_a_value_that_is_made_of_itself_is_known_to_nobody() -> None:
    template = {
        "Parameters": {"In": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"}},
        "Resources": {"Out": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/a", "Value": {"Ref": "In"}}}},
    }
    assert not is_known(Resolver.among({"Only": template})["Only"].value({"Ref": "In"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abc:/", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc", min_size=1), inner, max_size=3),
)


@given(JSON)
def test_what_has_no_function_in_it_stays_as_it_is(value: Any) -> None:
    assert Resolver("Shop", TEMPLATE, HELD.get).value(value) == value
