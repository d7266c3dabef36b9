"""Which images cannot be booted, and what is said of a boot test."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bake.boot.command import check, report
from bake.boot.instance import Trial
from bake.boot.trial import Verdict
from bake.digest import Closure
from bake.image import BootTest, ImageRecord, TestResult
from bake.looks.report import boot_test
from bake.place import Home
from console.errors import BadInput
from tests.bake.bakers import record_of

HOME = Home("Dev", "dev", "123456789012", "eu-west-1", ())
AVAILABLE = {"State": "available"}
RESULT = BootTest(
    passed=False,
    at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    seconds=12.34,
    tests=(
        TestResult(name="test_a", outcome="passed", seconds=1),
        TestResult(name="test_b", outcome="failed", seconds=2),
        TestResult(name="test_c", outcome="skipped", seconds=0),
    ),
    instance_type="t3.small",
    healthy_after=4.5,
)


@pytest.fixture
def record() -> ImageRecord:
    closure = Closure(parent="p", artifact=None, files={}, variables={"instance_type": "t3.small"}, tools={})
    return record_of(closure, image_ids={"eu-west-1": "ami-1", "us-east-1": "ami-2"})


@pytest.mark.parametrize("word", ["web", "ami-1", "web-build-1"])
def test_an_available_image_of_linux_is_booted_where_it_was_baked(record: ImageRecord, word: str) -> None:
    check(word, record, AVAILABLE, HOME)


@pytest.mark.parametrize(
    ("word", "description", "text"),
    [
        ("ami-2", AVAILABLE, "python -m bake verify ami-1"),
        ("web", None, "it is gone"),
        ("web", {"State": "disabled"}, "it is disabled"),
        ("web", {**AVAILABLE, "Platform": "windows"}, "an image of Windows"),
    ],
)
def test_another_image_is_bad_input(record: ImageRecord, word: str, description: Any, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        check(word, record, description, HOME)
    assert text in str(caught.value)


def test_an_image_that_is_not_where_images_are_baked_is_bad_input(record: ImageRecord) -> None:
    elsewhere = record.model_copy(update={"image_ids": {"us-east-1": "ami-2"}})
    with pytest.raises(BadInput) as caught:
        check("web", elsewhere, AVAILABLE, HOME)
    assert "no image in eu-west-1" in str(caught.value)


def test_an_image_of_a_recipe_that_names_no_instance_type_is_bad_input(record: ImageRecord) -> None:
    own = record.model_copy(update={"closure": record.closure.model_copy(update={"variables": {"size": "1"}})})
    with pytest.raises(BadInput) as caught:
        check("web", own, AVAILABLE, HOME)
    assert "the variables size" in str(caught.value)


def test_a_boot_test_is_told_as_the_record_has_it() -> None:
    assert list(boot_test(RESULT)) == [
        "  boot test: failed at 2026-01-02 03:04, healthy after 4.5 s, 12.3 s, t3.small",
        "  boot tests: 1 passed, 1 failed, 1 skipped; 3.0 s",
        "    failed: test_b",
        "    skipped: test_c",
    ]
    never = RESULT.model_copy(update={"tests": (), "healthy_after": None, "problem": "SSH does not answer"})
    assert list(boot_test(never))[1:] == ["    SSH does not answer"]
    assert list(boot_test(None)) == ["  boot test: none yet"]


def test_the_report_is_one_object_or_lines_with_what_failed(
    record: ImageRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = Verdict(Trial.of(record, "eu-west-1"), RESULT, "because")
    report(record, verdict, "s3://b/k", as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert (said["image"], said["passed"], said["failed"], said["said"]) == ("ami-1", False, ["test_b"], "because")
    report(record, verdict, "s3://b/k", as_json=False)
    out, err = capsys.readouterr()
    assert out.startswith("web ami-1: FAILED\n") and out.endswith("  record: s3://b/k\n")
    assert "because" in err


def test_a_record_with_a_boot_test_is_read_as_it_was_written(record: ImageRecord) -> None:
    tested = record.model_copy(update={"boot_test": RESULT})
    assert ImageRecord.model_validate_json(tested.model_dump_json()) == tested
    earlier = json.loads(record.model_dump_json())
    del earlier["boot_test"]
    assert ImageRecord.model_validate(earlier) == record
