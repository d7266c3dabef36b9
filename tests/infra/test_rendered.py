from typing import Any

from infra.rendered import rendered

TEMPLATES: dict[str, Any] = {
    "Parameters": {
        "Resources": {
            "Size": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/size", "Value": "8"}},
            "Zones": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/zones", "Value": "a,none"}},
        }
    },
    "Shop": {
        "Parameters": {
            "Size": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/size"},
            "Zones": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/zones"},
            "Later": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/later"},
        },
        "Conditions": {
            "IsSecond": {"Fn::Not": [{"Fn::Equals": [{"Fn::Select": [1, {"Ref": "Zones"}]}, "none"]}]},
            "IsLate": {"Fn::Equals": [{"Ref": "Later"}, "x"]},
        },
        "Rules": {"Here": {}},
        "Outputs": {"Name": {"Value": {"Ref": "Disk"}}},
        "Resources": {
            "Disk": {
                "Type": "Disk",
                "Properties": {
                    "Size": {"Ref": "Size"},
                    "Zones": [
                        {"Fn::Select": [0, {"Ref": "Zones"}]},
                        {"Fn::If": ["IsSecond", {"Fn::Select": [1, {"Ref": "Zones"}]}, {"Ref": "AWS::NoValue"}]},
                    ],
                    "Key": {"Fn::GetAtt": ["Key", "Arn"]},
                    "Late": {"Fn::If": ["IsLate", {"Ref": "Later"}, "never"]},
                },
            },
            "Second": {"Type": "Disk", "Condition": "IsSecond", "Properties": {}},
            "Key": {"Type": "Key", "Condition": "IsLate"},
        },
    },
}


def test_values_and_conditions_are_put_in_place_and_references_stay() -> None:
    template = rendered("Shop", TEMPLATES)
    assert template["Resources"]["Disk"]["Properties"] == {
        "Size": "8",
        "Zones": ["a"],
        "Key": {"Fn::GetAtt": ["Key", "Arn"]},
        "Late": {"Ref": "Later"},
    }


def test_what_the_environment_does_not_have_is_left_out_and_what_nobody_knows_is_there() -> None:
    template = rendered("Shop", TEMPLATES)
    assert list(template["Resources"]) == ["Disk", "Key"]
    assert "Condition" not in template["Resources"]["Key"]


def test_conditions_rules_and_outputs_are_gone_and_parameters_are_plain() -> None:
    template = rendered("Shop", TEMPLATES)
    assert set(template) == {"Resources", "Parameters"}
    assert template["Parameters"]["Zones"] == {"Type": "CommaDelimitedList", "Default": "unknown"}
