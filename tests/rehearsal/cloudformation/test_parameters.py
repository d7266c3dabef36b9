"""Parameters: given, previous, default, and read from SSM."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.parameters import Parameter, read_parameters
from rehearsal.front.service import AwsError


class Store:
    """SSM parameters by name; AMIs that exist begin with ami-1."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def ssm_parameters(self, names: Collection[str]) -> dict[str, str]:
        if missing := sorted(set(names) - set(self.values)):
            raise invalid(f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account.")
        return {name: self.values[name] for name in names}

    def require(self, kind: str, values: Mapping[str, str]) -> None:
        for value, parameter in values.items():
            if kind == "AWS::EC2::Image::Id" and not value.startswith("ami-1"):
                raise invalid(f"parameter value {value} for parameter name {parameter} does not exist")


def read(spec: Any, given: Any = None, previous: Any = None, **store: str) -> Parameter:
    return read_parameters({"P": spec}, given or {}, previous or {}, Store(**store))["P"]


def refused(spec: Any, text: str, **store: str) -> str:
    with pytest.raises(AwsError) as caught:
        read(spec, {"P": text}, **store)
    return caught.value.message


def test_given_goes_before_default() -> None:
    spec = {"Type": "String", "Default": "d"}
    assert read(spec).value == "d"
    assert read(spec, {"P": "g"}).value == "g"


def test_use_previous_value_keeps_what_was_given_even_where_the_default_has_changed() -> None:
    previous = {"P": Parameter("old", "old")}
    assert read({"Type": "String", "Default": "new"}, {"P": None}, previous).value == "old"
    assert read({"Type": "String", "Default": "new"}, {"P": None}).value == "new"


def test_an_ssm_parameter_is_read_anew_though_its_name_stays() -> None:
    spec = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "name"}
    before = read(spec, name="one")
    after = read(spec, {"P": None}, {"P": before}, name="two")
    assert (before.given, before.value, after.given, after.value, after.resolved) == (
        "name",
        "one",
        "name",
        "two",
        "two",
    )


def test_an_ssm_list_is_a_list() -> None:
    spec = {"Type": "AWS::SSM::Parameter::Value<List<String>>"}
    assert read(spec, {"P": "name"}, name="x, y").value == ["x", "y"]


def test_an_image_that_does_not_exist_is_refused_wherever_its_id_comes_from() -> None:
    assert "ami-2 for parameter name P does not exist" in refused({"Type": "AWS::EC2::Image::Id"}, "ami-2")
    spec = {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"}
    assert "ami-2" in refused(spec, "name", name="ami-2")
    assert read(spec, {"P": "name"}, name="ami-1").value == "ami-1"


def test_missing_and_unknown_parameters_are_named() -> None:
    with pytest.raises(AwsError, match=r"Parameters: \[P\] must have values"):
        read({"Type": "String"})
    with pytest.raises(AwsError, match=r"Parameters: \[X\] do not exist in the template"):
        read({"Type": "String", "Default": "d"}, {"X": "1"})
    assert "[name] from parameter store" in refused({"Type": "AWS::SSM::Parameter::Value<String>"}, "name")


@pytest.mark.parametrize(
    ("spec", "text", "said"),
    [
        ({"AllowedValues": ["a", "b"]}, "c", "AllowedValues [a, b]"),
        ({"AllowedPattern": "[a-z]+"}, "A1", "must match pattern"),
        ({"AllowedPattern": "[a-z]+", "ConstraintDescription": "small letters"}, "A1", "small letters"),
        ({"Type": "Number"}, "x", "must be a number"),
        ({"Type": "Number", "MinValue": 2, "MaxValue": 3}, "4", "between 2 and 3"),
        ({"MinLength": 2}, "a", "must contain 2"),
        ({"MaxLength": 2}, "abc", "0 to 2 characters"),
    ],
)
def test_constraints(spec: Any, text: str, said: str) -> None:
    assert said in refused({"Type": "String", **spec}, text)


def test_allowed_values_may_be_numbers_and_booleans() -> None:
    assert read({"Type": "String", "AllowedValues": [True, 1]}, {"P": "true"}).value == "true"
    assert read({"Type": "String", "Default": True}).value == "true"


@given(st.lists(st.text(alphabet="abc0", min_size=1, max_size=4), min_size=1, max_size=5))
def test_every_item_of_a_list_is_checked(items: list[str]) -> None:
    spec = {"Type": "CommaDelimitedList", "AllowedPattern": "[abc]+"}
    text = ", ".join(items)
    if any("0" in item for item in items):
        assert "must match pattern" in refused(spec, text)
    else:
        assert read(spec, {"P": text}).value == items


def test_no_echo_is_kept() -> None:
    assert read({"Type": "String", "NoEcho": True}, {"P": "secret"}).no_echo
    assert not read({"Type": "String"}, {"P": "open"}).no_echo
