"""Killed at any point and called again: one copy for each region, one record, nothing that nobody names."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console.aws import Aws
from infra import images as images_file
from tests.bake.images_aws import BUCKET, ROOT, Tooling, server, tooling, variables
from tests.bake.impatient import leases

pytestmark = pytest.mark.slow

REGIONS = ("eu-central-1", "us-east-1")
WRITES = (
    "CopyImage",
    "ModifyImageAttribute",
    "EnableImageDeprecation",
    "ModifySnapshotAttribute",
    "CreateGrant",
    "EnableImageDeregistrationProtection",
    "PutObject",
    "DeleteObject",
)
LEASE = ("PutObject", "DeleteObject")  # of a command; a record is a PutObject too
# Each write, done and not done, the first time and the second (mostly of the other region), and while copies are made.
TIMES = {**dict.fromkeys(WRITES, 2), "PutObject": 3, "DeleteObject": 1}
POINTS = [
    *((name, when, number) for name in WRITES for number in range(1, TIMES[name] + 1) for when in ("before", "after")),
    ("DescribeSnapshots", "before", 1),
    ("DescribeSnapshots", "after", 3),
]
SHORT = [("CopyImage", "after", 1), ("PutObject", "before", 2), ("DescribeSnapshots", "after", 3)]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as found:
        yield found


@pytest.fixture
def account(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tooling:
    from bake.place import Home

    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    for name, value in variables(url, Home.from_parameter_files(), tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    found = tooling(tmp_path / "images.toml")
    for region in REGIONS:
        found.make_key(region)
    return found


def command(*arguments: str) -> list[str]:
    copy = ["copy", "web", *(word for region in REGIONS for word in ("--to", region)), "--no-accounts-see"]
    return [
        sys.executable,
        str(ROOT / "tests" / "bake" / "copy" / "killed.py"),
        *(arguments or ("none", "before", "1")),
        *copy,
    ]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command(*arguments), capture_output=True, text=True, env=environment, cwd=ROOT, check=False)


def check_whole(account: Tooling, *, grants_once: bool = True) -> None:
    """Exactly one copy in each region, as the record and the images file have it.

    Two commands that grant the same in the same moment make one grant on AWS, which has its name, and two in moto.
    """
    record = account.recorded()
    assert set(record.image_ids) == {account.home.region, *REGIONS}
    assert len(account.store.all()) == 1
    assert images_file.load(account.images).root["web"].image_ids == record.image_ids
    for region in REGIONS:
        (one,) = account.copies(region)
        assert (one["ImageId"], one["State"]) == (record.image_ids[region], "available")
        assert [found["SnapshotId"] for found in account.snapshots(region)] == list(record.snapshot_ids[region])
        kms = Aws(region).client("kms")
        (key,) = {found["KmsKeyId"] for found in account.snapshots(region)}
        grantees = [grant["GranteePrincipal"] for grant in kms.list_grants(KeyId=key)["Grants"]]
        expected = [f"arn:aws:iam::{one}:root" for one in account.home.others]
        assert sorted(grantees if grants_once else set(grantees)) == expected


@pytest.mark.parametrize(
    ("name", "when", "number"),
    [pytest.param(*one, marks=() if one in SHORT else (pytest.mark.long,)) for one in POINTS],
    ids=str,
)
def test_a_killed_copy_is_gone_on_with(account: Tooling, name: str, when: str, number: int) -> None:
    assert call(name, when, str(number)).returncode == -signal.SIGKILL
    left = leases(account.aws, BUCKET)
    none = (name, when, number) in [("PutObject", "before", 1), ("DeleteObject", "after", 1)]
    assert len(left) == (0 if none else 1), "a lease from before the first copy to after the last record"
    done = call()
    assert done.returncode == 0, done.stderr
    check_whole(account)
    assert leases(account.aws, BUCKET) == left, "the dead one, of which nothing counts but its time; the other is gone"


def writes(said: str) -> list[str]:
    return [line.split()[1] for line in said.splitlines() if line.startswith("call ")]


def test_the_points_are_all_the_writes_that_there_are_and_a_second_copy_makes_those_of_its_lease_alone(
    account: Tooling,
) -> None:
    done = call()
    assert done.returncode == 0, done.stderr
    made = Counter(writes(done.stderr))
    assert set(made) == set(WRITES)
    assert all(made[name] >= TIMES[name] for name in LEASE), "a lease is renewed where a copy takes long"
    check_whole(account)
    again = call()
    assert again.returncode == 0
    assert set(writes(again.stderr)) == set(LEASE)
    assert leases(account.aws, BUCKET) == []


def test_two_copies_at_once_are_one(account: Tooling) -> None:
    with ThreadPoolExecutor(2) as threads:
        ended = [one.result() for one in (threads.submit(call), threads.submit(call))]
    assert [one.returncode for one in ended] == [0, 0], [one.stderr for one in ended]
    check_whole(account, grants_once=False)
    assert leases(account.aws, BUCKET) == []


def test_ctrl_c_ends_the_command_and_not_the_copy(account: Tooling) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command(), stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as process:
        assert process.stderr
        limit = time.monotonic() + 60
        while not all(account.copies(region) for region in REGIONS) and time.monotonic() < limit:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    if process.returncode:  # else it was done before the signal came
        assert process.returncode == 130
        assert "copies that are under way go on at AWS" in said
    assert "Traceback" not in said
    assert leases(account.aws, BUCKET) == []
    assert call().returncode == 0
    check_whole(account)
