"""cdk-nag reads templates as an environment has them: what it finds, where, and that the ledger explains it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra import exceptions, nag, parameters, synthesized

BUCKET: dict[str, Any] = {
    "Type": "AWS::S3::Bucket",
    "Properties": {},
    "Metadata": {"aws:cdk:path": "Shop/Pictures/Resource"},
}
QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Condition": "IsOn", "Properties": {}}
TEMPLATE: dict[str, Any] = {
    "Parameters": {"On": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/on"}},
    "Conditions": {"IsOn": {"Fn::Equals": [{"Ref": "On"}, "true"]}},
    "Resources": {"Pictures": BUCKET, "Queue": QUEUE},
}


def on(value: str) -> dict[str, Any]:
    return {
        "Resources": {
            "On": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/on", "Value": value}}
        }
    }


def test_a_finding_has_its_rule_and_the_path_of_the_construct() -> None:
    found = nag.observe({"Dev": {"Shop": TEMPLATE, "Parameters": on("false")}})
    assert ("AwsSolutions-S1", "Shop/Pictures/Resource", "Dev") in {(o.rule, o.where, o.environment) for o in found}
    assert {o.rule.partition("-")[0] for o in found} == {"AwsSolutions", "NIST.800.53.R5", "PCI.DSS.321"}


def test_what_an_environment_does_not_have_is_not_looked_at() -> None:
    environments = {
        "Dev": {"Shop": TEMPLATE, "Parameters": on("false")},
        "Stage": {"Shop": TEMPLATE, "Parameters": on("true")},
    }
    assert {o.environment for o in nag.observe(environments) if o.where == "Queue"} == {"Stage"}


@pytest.mark.slow
def test_every_finding_in_payroll_is_explained_and_every_explanation_is_needed(
    assembly: Path, environments: tuple[parameters.Environment, ...]
) -> None:
    stacks = synthesized.read(assembly)
    accounts = {e.name: {s.source: s.template for s in stacks if s.account == e.account} for e in environments}
    found = nag.observe(accounts)
    entries = exceptions.load()
    assert not exceptions.open_ones(entries, found)
    assert not list(exceptions.stale(entries, found, exceptions.is_nag))
    assert not list(exceptions.expired(entries, date.today()))
