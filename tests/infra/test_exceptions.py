from datetime import date
from pathlib import Path
from typing import Any

import pytest

from console.errors import BadInput
from infra import exceptions
from infra.exceptions import Entry, Observed, expired, is_lint, is_nag, is_promise, load, open_ones, stale, unknown
from kiln.promises import PROMISES, Environment

ENTRY: dict[str, Any] = {
    "rules": ["vpc-flow-log"],
    "where": ["Tooling/*"],
    "owner": "platform",
    "reason": "builders live there for minutes only",
    "expires": date(2027, 1, 31),
}
FOUND = Observed("vpc-flow-log", "Tooling/Network/Vpc", "Dev", "no flow log")
TOML = """
[[exception]]
rules = ["vpc-flow-log"]
where = ["Tooling/*"]
owner = "platform"
reason = "builders live there for minutes only"
expires = 2027-01-31
"""


def entry(**changes: Any) -> Entry:
    return Entry.model_validate(ENTRY | changes)


def anything(rule: str) -> bool:
    return True


def test_the_ledger_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.toml"
    file.write_text(TOML)
    assert load(file) == (entry(),)


def test_the_tracked_ledger_is_right_and_names_only_promises_that_there_are() -> None:
    entries = load()
    assert entries
    assert not list(unknown(entries, {promise.id for promise in PROMISES}))


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('owner = "platform"\n', "", ("owner", "nothing", "platform, payroll, security")),
        ('"platform"', '"nobody"', ("owner", "'nobody'", "one of platform")),
        ('"builders live there for minutes only"', '"because"', ("reason", "'because'", "20 characters")),
        ("2027-01-31", '"soon"', ("expires", "'soon'", "2027-06-30")),
        ('rules = ["vpc-flow-log"]', "rules = []", ("rules", "[]", "ids of promises")),
        ("reason", "raeson", ("number 1, reason", "nothing")),
        ("[[exception]]", "[[exception]", ("Expected",)),
        ("[[exception]]", "[[exemption]]", ("exemption", "only [[exception]]")),
    ],
)
def test_a_mistake_in_the_ledger_is_named_with_what_is_expected(
    tmp_path: Path, old: str, new: str, parts: tuple[str, ...]
) -> None:
    file = tmp_path / "exceptions.toml"
    file.write_text(TOML.replace(old, new, 1))
    with pytest.raises(BadInput) as error:
        load(file)
    assert "exceptions.toml" in str(error.value)
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("changes", "explains"),
    [
        ({}, True),
        ({"where": ["Tooling/Network/Vpc"]}, True),
        ({"where": ["Network/*", "*/Vpc"]}, True),
        ({"where": ["Network/*"]}, False),
        ({"rules": ["another-one"]}, False),
        ({"environments": ["Dev", "Stage"]}, True),
        ({"environments": ["Stage"]}, False),
    ],
)
def test_an_entry_explains_by_rule_place_and_environment(changes: dict[str, Any], explains: bool) -> None:
    assert (open_ones([entry(**changes)], [FOUND]) == []) is explains


def test_a_rule_with_several_findings_is_explained_as_a_whole_or_one_by_one() -> None:
    one = Observed("AwsSolutions-IAM5[Resource::*]", "Web/Role", "Dev", "a wildcard")
    for rule in ("AwsSolutions-IAM5", "AwsSolutions-IAM5[Resource::*]"):
        assert not open_ones([entry(rules=[rule], where=["Web/*"])], [one])
    assert open_ones([entry(rules=["AwsSolutions-IAM5[Action::*]"], where=["Web/*"])], [one])


def test_an_entry_holds_until_its_last_day() -> None:
    assert not list(expired([entry()], date(2027, 1, 31)))
    [mistake] = expired([entry()], date(2027, 2, 1))
    assert "expired on 2027-01-31, owner platform" in mistake.found


def test_an_entry_that_explains_nothing_is_stale_and_says_where_it_would() -> None:
    assert not list(stale([entry()], [FOUND], anything))
    [mistake] = stale([entry(where=["Tools/*"])], [FOUND], anything)
    assert mistake.key == "vpc-flow-log at Tools/*"
    assert "found is: Tooling/Network/Vpc" in mistake.found


def test_each_rule_and_each_place_of_an_entry_must_be_needed() -> None:
    [mistake] = stale([entry(rules=["vpc-flow-log", "vpc-flow-logs"], where=["Tooling/*", "Web/*"])], [FOUND], anything)
    assert "vpc-flow-logs, Web/*" in mistake.found


def test_a_rule_that_was_not_looked_for_is_not_stale() -> None:
    mixed = entry(rules=["vpc-flow-log", "AwsSolutions-VPC7"])
    assert not list(stale([mixed], [FOUND], is_promise))
    assert list(stale([mixed], [FOUND], is_nag))


def test_an_unknown_promise_is_named() -> None:
    [mistake] = unknown([entry(rules=["vpc-flow-lock", "W3005", "AwsSolutions-EC26"])], ["vpc-flow-log"])
    assert mistake.found == "vpc-flow-lock"


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("W3005", "lint"),
        ("E1001", "lint"),
        ("AwsSolutions-S1", "nag"),
        ("NIST.800.53.R5-LambdaDLQ", "nag"),
        ("PCI.DSS.321-LambdaInsideVPC", "nag"),
        ("queue-is-not-public", "promise"),
    ],
)
def test_every_rule_is_of_one_kind(rule: str, kind: str) -> None:
    assert {"lint": is_lint(rule), "nag": is_nag(rule), "promise": is_promise(rule)}[kind]
    assert [is_lint(rule), is_nag(rule), is_promise(rule)].count(True) == 1


def bucket(*exemptions: dict[str, str], encrypted: bool = False) -> Environment:
    properties = {"VersioningConfiguration": {"Status": "Enabled"}} if encrypted else {}
    metadata = {"aws:cdk:path": "Shop/Bucket/Resource", "kiln:exceptions": list(exemptions)}
    resource = {"Type": "AWS::S3::Bucket", "Properties": properties, "Metadata": metadata}
    return Environment.of("Test", {"Shop": {"Resources": {"Bucket": resource}}})


TODAY = date(2026, 6, 1)
VERSIONS = {"promise": "bucket-keeps-versions", "reason": "it holds what can be made again"}


def mistakes(*environments: Environment) -> list[tuple[str, str]]:
    return [(m.key, m.found) for m in exceptions.exemptions(environments, PROMISES, TODAY)]


def test_an_exemption_of_a_construct_that_is_needed_is_right() -> None:
    assert not mistakes(bucket(VERSIONS))
    assert not mistakes(bucket(VERSIONS | {"expires": "2026-06-01"}))


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (bucket(VERSIONS | {"promise": "bucket-keeps"}), "bucket-keeps"),
        (bucket(VERSIONS, encrypted=True), "the promise holds"),
        (bucket(VERSIONS | {"expires": "2026-05-31"}), "expired on 2026-05-31"),
    ],
)
def test_an_exemption_that_is_unknown_needless_or_expired_is_found(wrong: Environment, found: str) -> None:
    [(where, said)] = mistakes(wrong)
    assert where.startswith("Shop/Bucket/Resource: bucket-keeps")
    assert said == found


def test_an_exemption_that_one_environment_needs_is_right_in_all() -> None:
    assert not mistakes(bucket(VERSIONS), bucket(VERSIONS, encrypted=True))
