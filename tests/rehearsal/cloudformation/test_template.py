"""Templates: their text, and what is refused in it."""

import pytest

from rehearsal.cloudformation.template import parse
from rehearsal.front.service import AwsError

TOPIC = '"T": {"Type": "AWS::SNS::Topic"}'


def refused(text: str) -> str:
    with pytest.raises(AwsError) as caught:
        parse(text)
    return caught.value.message


def test_json_and_yaml_give_the_same_template() -> None:
    json_text = '{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "P"}}}}}'
    yaml_text = "Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: !Ref P}\n"
    assert parse(json_text).body == parse(yaml_text).body


def test_short_forms_of_functions_become_long_ones() -> None:
    text = """
Resources:
  T:
    Type: AWS::SNS::Topic
    Properties:
      A: !GetAtt Some.Thing.Deep
      B: !Sub "${X}"
      C: !If [Yes, !Ref A, !Ref "AWS::NoValue"]
"""
    assert parse(text).resources["T"]["Properties"] == {
        "A": {"Fn::GetAtt": ["Some", "Thing.Deep"]},
        "B": {"Fn::Sub": "${X}"},
        "C": {"Fn::If": ["Yes", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]},
    }


@pytest.mark.parametrize("word", ["On", "Off", "Yes", "No", "2012-10-17"])
def test_words_that_yaml_takes_for_booleans_or_dates_stay_text(word: str) -> None:
    template = parse(f"Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties: {{Version: {word}}}\n")
    assert template.resources["T"]["Properties"]["Version"] == word


def test_true_and_false_are_booleans() -> None:
    template = parse("Resources:\n  T:\n    Type: X\n    Properties: {A: true, B: false}\n")
    assert template.resources["T"]["Properties"] == {"A": True, "B": False}


def test_what_is_no_template_is_refused_with_its_place() -> None:
    assert "Template format error" in refused("{")
    assert "At least one Resources member" in refused("{}")
    assert "[/Resources/T] Every Resources object must contain a Type" in refused('{"Resources": {"T": {}}}')
    assert "[Colour]" in refused('{"Colour": 1, "Resources": {' + TOPIC + "}}")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('"CreationPolicy": {}', "CreationPolicy is not emulated"),
        ('"DeletionPolicy": "Snapshot"', "DeletionPolicy Snapshot is not emulated"),
        ('"Condition": "Nope"', "unresolved condition dependency Nope"),
        ('"Colour": "red"', "unsupported property Colour"),
    ],
)
def test_what_a_resource_says_and_nobody_would_honour_is_refused(extra: str, said: str) -> None:
    assert said in refused('{"Resources": {"T": {"Type": "AWS::SNS::Topic", ' + extra + "}}}")


def test_transforms_are_refused() -> None:
    assert "Transform AWS::Serverless" in refused('{"Transform": "AWS::Serverless", "Resources": {' + TOPIC + "}}")
