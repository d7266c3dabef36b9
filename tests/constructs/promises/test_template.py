from typing import Any

from kiln.promises.checks import every
from kiln.promises.promise import Promise, findings
from kiln.promises.template import Environment

TEMPLATE: dict[str, Any] = {
    "Parameters": {"On": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/on"}},
    "Conditions": {"IsOn": {"Fn::Equals": [{"Ref": "On"}, "true"]}},
    "Resources": {
        "Disk": {
            "Type": "Disk",
            "Condition": "IsOn",
            "Properties": {"Encrypted": {"Ref": "On"}},
            "Metadata": {
                "aws:cdk:path": "Shop/Disk/Resource",
                "kiln:exceptions": [{"promise": "small", "reason": "it is a test disk"}],
            },
        }
    },
}


def parameters(value: str) -> dict[str, Any]:
    return {"Resources": {"On": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/on", "Value": value}}}}


def test_a_resource_is_there_or_not_as_its_condition_says() -> None:
    for value, expected in (("true", 1), ("false", 0)):
        environment = Environment.of("Test", {"Shop": TEMPLATE, "Parameters": parameters(value)})
        assert len(environment.of_type("Disk")) == expected


def test_a_resource_whose_condition_nobody_knows_is_there() -> None:
    [disk] = Environment.of("Test", {"Shop": TEMPLATE}).of_type("Disk")
    assert disk.path == "Shop/Disk/Resource"
    assert "Encrypted" in disk.properties


def test_types_can_be_asked_for_by_their_beginning() -> None:
    environment = Environment.of("Test", {"Shop": TEMPLATE, "Parameters": parameters("true")})
    assert {resource.type for resource in environment.of_type("AWS::*")} == {"AWS::SSM::Parameter"}


def test_a_finding_says_what_where_found_expected_why_and_how_to_opt_out() -> None:
    environment = Environment.of("Stage", {"Shop": TEMPLATE, "Parameters": parameters("true")})
    promise = Promise(
        "large", "Disks are large", "Small ones fill up.", (), "https://aws.example/", every("Disk").at_least("Size", 8)
    )
    [finding] = findings(environment, [promise])
    said = str(finding)
    for part in (
        "large: Disks are large",
        "Shop/Disk/Resource (Shop: Disk), Properties.Size; in Stage",
        "nothing",
        "at least 8",
        "Small ones fill up.",
        'exempt(resource, "large", reason="…")',
    ):
        assert part in said
    assert not finding.exempted


def test_a_finding_knows_the_reason_that_the_resource_gives() -> None:
    environment = Environment.of("Stage", {"Shop": TEMPLATE, "Parameters": parameters("true")})
    promise = Promise("small", "Disks are small", "", (), "https://aws.example/", every("Disk").at_most("Size", 8))
    [finding] = findings(environment, [promise])
    assert finding.exempted == "it is a test disk"


def test_what_is_asked_of_protected_environments_is_not_asked_of_others() -> None:
    promise = Promise("x", "", "", (), "https://aws.example/", every("Disk").present("Backup"), protected_only=True)
    templates = {"Shop": TEMPLATE}
    assert list(findings(Environment.of("Production", templates, protected=True), [promise]))
    assert not list(findings(Environment.of("Dev", templates, protected=False), [promise]))
