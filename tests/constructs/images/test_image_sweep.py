import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiln.images.image_sweep import LOOKING, REMOVING, ImageSweep, Schedule
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

Build = Callable[..., Any]


@pytest.fixture
def sweep(template: Build, tmp_path: Path) -> Callable[..., Any]:
    (tmp_path / "module.py").write_text("def handler(event, context): ...\n")

    def build(**changes: Any) -> Any:
        schedule = Schedule(**{"expression": "rate(1 hour)", "older_than_hours": 3, **changes})
        return template(
            lambda stack: ImageSweep(
                stack,
                "S",
                application="Shop",
                code=tmp_path,
                handler="module.handler",
                bucket_name="images",
                key_arn="arn:aws:kms:eu-west-1:111111111111:key/k",
                schedule=schedule,
                records=Records("arn:aws:kms:eu-west-1:111111111111:key/k", 14),
                topics=Topics("urgent", "warning", "info"),
            )
        )

    return build


def statements(template: Any) -> dict[str, Any]:
    [policy] = template.find_resources("AWS::IAM::Policy").values()
    return {one["Sid"]: one for one in policy["Properties"]["PolicyDocument"]["Statement"]}


def test_it_may_look_at_everything_and_remove_only_what_carries_a_builds_tag_or_a_builders_name(sweep: Any) -> None:
    found = statements(sweep())
    removing = found["RemoveWhatIsOfABuild"]
    assert set(removing["Action"]) == set(REMOVING)
    assert removing["Condition"] == {
        "Null": {"aws:ResourceTag/kiln:build": "false"},
        "StringEqualsIfExists": {"aws:ResourceTag/kiln:application": "Shop"},
    }
    assert "key-pair/packer-*" in json.dumps(found["RemoveKeyPairs"]["Resource"])
    everywhere = [action for one in found.values() if one["Resource"] == "*" for action in one["Action"]]
    assert {one for one in everywhere if not one.startswith("xray:")} == set(LOOKING)
    assert not any("Put" in str(one["Action"]) for one in found.values() if "s3:" in str(one["Action"]))


def test_the_rule_tells_it_where_the_records_are_and_how_old_remains_must_be(sweep: Any) -> None:
    built = sweep(expression="cron(0 * ? * * *)", older_than_hours=8)
    [rule] = built.find_resources("AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "cron(0 * ? * * *)"
    [target] = rule["Properties"]["Targets"]
    assert json.loads(target["Input"]) == {"bucket": "images", "older_than_hours": 8}
    [permission] = built.find_resources("AWS::Lambda::Permission").values()
    assert permission["Properties"]["Principal"] == "events.amazonaws.com"
    assert "SourceArn" in permission["Properties"]


def test_it_reserves_nothing_of_the_accounts_concurrency_and_tells_of_its_failures(sweep: Any) -> None:
    built = sweep()
    [function] = built.find_resources("AWS::Lambda::Function").values()
    assert "ReservedConcurrentExecutions" not in function["Properties"]
    [alarm] = built.find_resources("AWS::CloudWatch::Alarm").values()
    assert alarm["Properties"]["AlarmActions"] == ["warning"]


@pytest.mark.parametrize("hours", [2, 721])
def test_an_age_that_makes_no_sense_is_refused(sweep: Any, hours: int) -> None:
    with pytest.raises(WrongProperty):
        sweep(older_than_hours=hours)
