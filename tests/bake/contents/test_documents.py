"""The document beside a record, in moto's bucket, and `python -m bake show IMAGE` with it, as a user calls it."""

import functools
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bake.contents import documents
from bake.contents.bill import Subject, bill
from bake.contents.listing import Listing, OperatingSystem, Package
from bake.image import ImageRecord
from tests.bake.recorded import Account
from tests.bake.said import Command

SUBJECT = Subject("Payroll", "base", "base", "sha256:" + "d" * 64, None, None, "/aws/service/debian", "ami-1")
SSL = Package("libssl3", "3.0.17-1", "amd64", "openssl", "3.0.17-1")
BODY = bill(SUBJECT, Listing((SSL,), OperatingSystem("debian", "12", "bookworm", "Debian µ")))
TRACKER = {
    "openssl": {
        "CVE-2026-1": {"releases": {"bookworm": {"status": "open", "urgency": "high"}}},
        "CVE-2026-2": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.18-1", "urgency": "low"}}},
        "CVE-2026-3": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.9-1", "urgency": "high"}}},
    }
}


@pytest.fixture
def record(recorded: Account) -> ImageRecord:
    """Of a base, with its document."""
    before = recorded.bake("base", 1)
    recorded.store.client.delete_object(
        Bucket=recorded.store.bucket, Key=recorded.store.key("base", before.digest)
    )  # the same digest once more, with its document
    key = documents.write(recorded.store, before.recipe, before.digest, "base-build-1b", BODY)
    return recorded.bake("base", 1, build="base-build-1b", contents={documents.SBOM: key})


@pytest.fixture
def tracker(tmp_path: Path) -> Path:
    file = tmp_path / "tracker.json"
    file.write_text(json.dumps(TRACKER), encoding="utf-8")
    day = datetime(2026, 11, 1, 8, 30, tzinfo=UTC).timestamp()
    os.utime(file, (day, day))
    return file


def test_a_document_lies_beside_its_record_and_is_no_record(recorded: Account, record: ImageRecord) -> None:
    key = record.contents[documents.SBOM]
    assert key.startswith(recorded.store.key(record.recipe, record.digest).removesuffix(".json"))
    assert key.endswith(".cdx.json")
    assert [one.record for one in recorded.store.all()] == [record]
    written = functools.partial(documents.write, recorded.store, record.recipe, record.digest)
    assert written(record.build, BODY) == key
    assert len({key, written(record.build, BODY + b" "), written("base-build-1c", BODY)}) == 3


@pytest.mark.parametrize("also", [(), ("--json",)])
def test_show_prints_the_bill_of_materials_as_it_lies_there(
    command: Command,
    record: ImageRecord,
    also: tuple[str, ...],
) -> None:
    said = command("show", "base", "--sbom", *also)
    assert (said.code, said.out.encode(), said.err) == (0, BODY, "")


def test_show_names_the_document_and_pythons_distributions(
    command: Command,
    recorded: Account,
) -> None:
    recorded.bake("base", 1, contents={"sbom": "images/base/x.cdx.json"}, distributions={"six": "1.17.0", "boto3": "1"})
    lines = command("show", "base").out.splitlines()
    assert lines[-2:] == ["  python: boto3 1, six 1.17.0", "  sbom: images/base/x.cdx.json"]


def test_an_image_from_before_says_how_to_get_one(command: Command, recorded: Account) -> None:
    recorded.bake("base", 1)
    said = command("show", "base", "--sbom")
    assert (said.code, said.out) == (2, "")
    assert "has no bill of materials" in said.err
    assert "python -m bake base --force" in said.err


def test_one_that_was_changed_or_is_gone_is_not_shown(
    command: Command,
    recorded: Account,
    record: ImageRecord,
) -> None:
    store, key = recorded.store, record.contents[documents.SBOM]
    store.client.put_object(Bucket=store.bucket, Key=key, Body=BODY.replace(b"3.0.17", b"3.0.18"))
    changed = command("show", "base", "--sbom")
    store.client.delete_object(Bucket=store.bucket, Key=key)
    gone = command("show", "base", "--sbom", "--json")
    assert (changed.code, changed.out) == (1, "")
    assert "was changed" in changed.err
    assert key in changed.err
    assert (gone.code, gone.json["error"]["found"]) == (1, "no such object")


def test_known_vulnerabilities_are_listed_with_the_date_of_the_data(
    command: Command,
    record: ImageRecord,
    tracker: Path,
) -> None:
    said = command("show", "base", "--vulnerabilities", str(tracker))
    head, date, _, *lines = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert head == f"base {record.digest}: 2 known vulnerabilities (1 high, 1 low)"
    assert date.startswith("  as of 2026-11-01 08:30 UTC")
    assert [line.split() for line in lines] == [
        ["CVE-2026-1", "high", "openssl", "3.0.17-1", "not", "yet", "libssl3"],
        ["CVE-2026-2", "low", "openssl", "3.0.17-1", "3.0.18-1", "libssl3"],
    ]
    found: dict[str, Any] = command("show", "base", "--vulnerabilities", str(tracker), "--json").json
    assert [one["fixed_in"] for one in found["findings"]] == [None, "3.0.18-1"]
    assert found["database"]["date"].startswith("2026-11-01")


def test_the_exit_code_says_so_only_where_it_was_asked_to(
    command: Command,
    record: ImageRecord,
    tracker: Path,
) -> None:
    data = json.loads(tracker.read_text(encoding="utf-8"))
    del data["openssl"]["CVE-2026-1"]
    tracker.write_text(json.dumps(data), encoding="utf-8")
    codes = {
        limit: command("show", "base", "--vulnerabilities", str(tracker), "--fail-on", limit).code
        for limit in ("low", "medium")
    }
    assert codes == {"low": 1, "medium": 0}


def test_what_makes_no_sense_is_refused_before_anything_is_asked(command: Command) -> None:
    assert command("show", "base", "--fail-on", "high").code == 2
    assert command("show", "base", "--sbom", "--vulnerabilities", "x.json").code == 2
