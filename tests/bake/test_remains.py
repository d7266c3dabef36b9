"""What killed bakes left, of any build: pure, and against an AWS of this process."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from bake import build_id, remains, sweep
from bake.place import Home
from bake.remains import Known, plan
from bake.sweep import TAG, Found, Kind
from bake.sweep_function import handler
from console.aws import Aws
from console.errors import KilnError
from tests.bake.bakers import DEBIAN
from tests.bake.recorded import BUCKET, deploy_tooling
from tests.bake.said import said

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LIMIT = timedelta(hours=3)
OLD, YOUNG = "web-20260601-080000-aaaaaa", "web-20260601-110000-bbbbbb"


def tags(build: str, application: str = "Payroll") -> dict[str, str]:
    return {TAG: build, "kiln:application": application}


def builder(build: str, number: str, hours: float) -> Found:
    created = NOW - timedelta(hours=hours)
    return Found(Kind.INSTANCE, f"i-{number}", "running", tags=tags(build), created=created)


KNOWN = Known(frozenset(), frozenset(), NOW)


def goes(*observed: Found, known: Known = KNOWN) -> set[str]:
    return {thing.id for one in plan(observed, known, LIMIT) for thing in one.removals}


def test_what_is_old_and_leased_by_nobody_goes_and_the_young_stays() -> None:
    found = plan((builder(OLD, "1", 4), builder(YOUNG, "2", 1)), KNOWN, LIMIT)
    assert [(one.build, len(one.removals), one.reason) for one in found] == [
        (OLD, 1, "nobody holds its lease, and its youngest part is 4 h 0 min old"),
        (YOUNG, 0, "it is 1 h 0 min old, younger than 3 h 0 min"),
    ]


def test_a_build_is_as_young_as_its_youngest_part() -> None:
    group = Found(Kind.SECURITY_GROUP, "sg-1", tags=tags(OLD))
    assert goes(builder(OLD, "1", 4), group) == {"i-1", "sg-1"}
    assert goes(builder(OLD, "1", 1), group) == set(), "what has no time of its own is of a build that is at work"
    assert goes(group) == {"sg-1"}, "alone it is as old as its build's id"


def test_a_build_with_a_lease_stays_however_old() -> None:
    assert goes(builder(OLD, "1", 400), known=replace(KNOWN, live=frozenset({OLD}))) == set()


def test_what_a_record_names_and_what_is_protected_stays_with_its_snapshots() -> None:
    image = Found(Kind.IMAGE, "ami-1", "available", tags=tags(OLD), created=NOW - timedelta(days=1))
    snapshot = Found(Kind.SNAPSHOT, "snap-1", tags=tags(OLD), image="ami-1")
    assert goes(image, snapshot) == {"ami-1", "snap-1"}
    assert goes(image, snapshot, known=replace(KNOWN, named=frozenset({"ami-1"}))) == set()
    assert goes(replace(image, protected=True), snapshot) == set()
    forgotten = replace(builder(OLD, "1", 4))
    assert goes(image, snapshot, forgotten, known=replace(KNOWN, named=frozenset({"ami-1"}))) == {"i-1"}


def test_a_copy_that_ec2_is_making_stays_with_its_snapshots_and_one_that_failed_goes() -> None:
    copied = {**tags(OLD), "kiln:copied-from": "ami-0"}
    copy = Found(Kind.IMAGE, "ami-1", "pending", tags=copied, created=NOW - timedelta(hours=5))
    snapshot = Found(Kind.SNAPSHOT, "snap-1", tags=copied, image="ami-1", created=NOW - timedelta(hours=5))
    assert goes(copy, snapshot) == set()
    assert goes(replace(copy, state="failed"), snapshot) == {"ami-1", "snap-1"}
    assert goes(replace(copy, tags=tags(OLD)), snapshot) == {"ami-1", "snap-1"}, "half-made by a bake"


def test_what_is_not_provably_of_one_of_our_builds_stays() -> None:
    assert goes(builder("nightly", "1", 400)) == set()
    assert goes(replace(builder(OLD, "1", 400), tags=tags(OLD, "Shop"))) == set()
    assert goes(Found(Kind.KEY_PAIR, "packer-mine", name="packer-mine")) == set()
    assert goes(Found(Kind.KEY_PAIR, f"packer-{OLD}", name=f"packer-{OLD}")) == {f"packer-{OLD}"}
    assert goes(Found(Kind.IMAGE, "ami-1", "pending", name=f"payroll-{OLD}")) == {"ami-1"}


def document(build: str, hours: float) -> Found:
    key = f"images/web/{'0' * 64}.{build}.{'1' * 16}.cdx.json"
    return Found(Kind.DOCUMENT, key, name=build, created=NOW - timedelta(hours=hours))


def test_a_document_goes_that_no_record_names_and_is_of_an_old_build_without_a_lease() -> None:
    one = document(OLD, 4)
    assert goes(one) == {one.id}
    assert goes(one, known=replace(KNOWN, named=frozenset({one.id}))) == set()
    assert goes(one, known=replace(KNOWN, live=frozenset({OLD}))) == set()
    assert goes(document(OLD, 1)) == goes(document("sbom", 400)) == set()


texts = st.sampled_from(("", OLD, YOUNG, f"payroll-{OLD}", f"packer-{YOUNG}", "nightly", "Payroll", "Shop"))
things = st.builds(
    Found,
    kind=st.sampled_from(Kind),
    id=st.sampled_from(("ami-1", "snap-1", "i-1", "i-2", "x")),
    state=st.sampled_from(("running", "available", "terminated")),
    name=texts,
    tags=st.dictionaries(st.sampled_from((TAG, "kiln:application")), texts),
    made_from=st.sampled_from(("", "i-1")),
    image=st.sampled_from(("", "ami-1")),
    protected=st.booleans(),
    created=st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(hours=9)).map(lambda age: NOW - age)),
)


@given(st.lists(things), st.sets(st.sampled_from((OLD, YOUNG))), st.sets(st.sampled_from(("ami-1", "snap-1"))))
def test_nothing_goes_that_is_young_leased_named_protected_or_anothers(
    observed: list[Found], live: set[str], named: set[str]
) -> None:
    known = Known(frozenset(named), frozenset(live), NOW)
    for one in plan(observed, known, LIMIT):
        for thing in one.removals:
            assert build_id.began(one.build)
            assert one.build not in live
            assert thing.id not in named
            same = [other for other in observed if (other.kind, other.id) == (thing.kind, thing.id)]
            assert not (thing.kind is Kind.IMAGE and any(other.protected for other in same))
            assert not all("Shop" in other.tags.values() and TAG in other.tags for other in same)
            assert not all(other.created and NOW - other.created < LIMIT for other in same)


# --- what has changed since it was looked at --------------------------------------------------------------------------
COPY = Found(Kind.IMAGE, "ami-1", "available", tags=tags(OLD), created=NOW - timedelta(hours=4))


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that are removed; nothing is."""
    found: list[str] = []
    monkeypatch.setattr(sweep, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(sweep, "_remove", lambda *asked: found.append(asked[-1].id))
    return found


def remove(monkeypatch: pytest.MonkeyPatch, now: tuple[Found, ...], known: Known = KNOWN) -> sweep.Outcome:
    """What becomes of `COPY`, which was to go when it was looked at, where `now` is there."""
    monkeypatch.setattr(sweep, "gather", lambda *_: now)
    (said,) = plan([COPY], KNOWN, LIMIT)
    return remains.remove(Aws("eu-west-1"), said, LIMIT, lambda: known).outcome


def test_what_was_said_to_go_goes_and_is_told_as_left_where_it_is_still_there(
    gone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remove(monkeypatch, (COPY,)) == sweep.Outcome(left=("image ami-1 (still there)",))
    assert set(gone) == {"ami-1"}


def test_what_is_as_old_and_was_not_seen_before_stays(gone: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    remove(monkeypatch, (COPY, replace(COPY, id="ami-2")))
    assert set(gone) == {"ami-1"}


@pytest.mark.parametrize(
    ("now", "known"),
    [
        pytest.param((replace(COPY, protected=True),), KNOWN, id="protected"),
        pytest.param((COPY,), replace(KNOWN, named=frozenset({"ami-1"})), id="recorded"),
        pytest.param((COPY,), replace(KNOWN, live=frozenset({OLD})), id="leased"),
        pytest.param((COPY, replace(COPY, id="ami-2", created=NOW)), KNOWN, id="beside a copy that was begun"),
    ],
)
def test_what_is_protected_recorded_leased_or_copied_since_it_was_looked_at_stays(
    gone: list[str], monkeypatch: pytest.MonkeyPatch, now: tuple[Found, ...], known: Known
) -> None:
    assert remove(monkeypatch, now, known) == sweep.Outcome()
    assert gone == []


# --- the bucket and EC2 -----------------------------------------------------------------------------------------------
@pytest.fixture
def account(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    home = Home("Dev", "dev", "123456789012", aws.region, ())
    monkeypatch.setattr(Home, "from_parameter_files", lambda: home)
    deploy_tooling(aws)
    return aws


def put(aws: Aws, key: str, content: object) -> None:
    body = content if isinstance(content, str) else json.dumps(content)
    aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())


def test_leases_and_records_are_read_as_they_are_whatever_their_format(account: Aws) -> None:
    put(account, "leases/web/1.json", {"build": OLD, "duration_seconds": 60})
    put(account, "leases/web/2.json", {"build": YOUNG, "duration_seconds": 0})
    put(account, "images/web/1.json", {"format": 1, "image_ids": {"eu-west-1": "ami-00000001"}})
    put(account, "images/web/retired/2-x.json", {"snapshot_ids": {"eu-west-1": ["snap-00000002"]}})
    put(account, "images/web/3.json", "half a record: ami-00000003")
    known = remains.ask(account, BUCKET)
    assert OLD in known.live
    assert known.named == {"ami-00000001", "snap-00000002", "ami-00000003"}
    assert abs(known.now - datetime.now(UTC)) < timedelta(minutes=1)


def test_documents_without_a_record_go_and_those_stay_that_a_record_names_of_what_it_is_or_was(
    account: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    def lies(build: str, digest: str = "0", suffix: str = f"{'1' * 16}.cdx.json") -> str:
        put(account, key := f"images/web/{digest * 64}.{build}.{suffix}", f"a bill of {build}")
        return key

    now, before, retired = (lies(f"web-20260101-00000{number}-dddddd") for number in range(3))
    record = {"contents": {"sbom": now}, "replaced": [{"contents": {"sbom": before}}]}
    put(account, f"images/web/{'0' * 64}.json", record)
    put(account, f"images/web/retired/{'0' * 64}-x.json", {"contents": {"sbom": retired}})
    of_others = {lies("nightly"), lies(OLD, suffix="txt"), lies(OLD, digest="x")}
    left = {lies(OLD), lies(OLD, digest="2")}
    there = account.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]

    code, out = call(capsys, "--region", "eu-central-1", "--older-than", "0m", "--apply")
    assert (code, OLD in out) == (0, False), "the bucket is in another region"
    code, out = call(capsys, "--region", account.region)
    assert f"{OLD} in {account.region}: stays, it is 0 min old" in out
    code, out = call(capsys, "--region", account.region, "--older-than", "0m", "--apply", "--json")
    (told,) = json.loads(out)["builds"]
    assert (code, set(told["removed"])) == (0, {f"document {key}" for key in left})
    after = {one["Key"] for one in account.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert after == {one["Key"] for one in there} - left
    assert after >= {now, before, retired, *of_others}


def test_a_lease_that_cannot_be_read_stops_everything(account: Aws) -> None:
    put(account, "leases/web/1.json", "{}")
    with pytest.raises(KilnError, match="nothing is swept: a lease cannot be read"):
        remains.ask(account, BUCKET)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    told = said(capsys, "sweep", *arguments)
    return told.code, told.all


def killed(aws: Aws, build: str) -> dict[str, Any]:
    """What a bake leaves that was killed while EC2 made its image."""
    ec2 = aws.client("ec2")

    def tagged(*kinds: str) -> list[dict[str, Any]]:
        listed = [{"Key": key, "Value": value} for key, value in tags(build).items()]
        return [{"ResourceType": kind, "Tags": listed} for kind in kinds]

    made = ec2.run_instances(ImageId=DEBIAN, MinCount=1, MaxCount=1, TagSpecifications=tagged("instance", "volume"))
    instance = made["Instances"][0]["InstanceId"]
    ec2.create_key_pair(KeyName=f"packer-{build}")
    ec2.create_security_group(GroupName=build, Description="-", TagSpecifications=tagged("security-group"))
    ec2.create_launch_template(
        LaunchTemplateName=build, LaunchTemplateData={"ImageId": DEBIAN}, TagSpecifications=tagged("launch-template")
    )
    image = ec2.create_image(InstanceId=instance, Name=f"payroll-{build}")["ImageId"]
    return {"instance": instance, "image": image}


def listing(aws: Aws) -> dict[str, int]:
    ec2 = aws.client("ec2")
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    return {
        "instances": len(ec2.describe_instances(Filters=running)["Reservations"]),
        "keys": len(ec2.describe_key_pairs()["KeyPairs"]),
        "images": len(ec2.describe_images(Owners=["self"])["Images"]),
        "groups": len(ec2.describe_security_groups()["SecurityGroups"]),
        "snapshots": len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]),
        "volumes": len(ec2.describe_volumes()["Volumes"]),
        "templates": len(ec2.describe_launch_templates()["LaunchTemplates"]),
    }


def test_a_bake_that_begins_while_ec2_is_looked_at_keeps_its_builder(
    account: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gather(*_: object) -> tuple[Found, ...]:
        put(account, "leases/web/1.json", {"build": YOUNG, "duration_seconds": 600})
        return (builder(YOUNG, "1", 1),)

    monkeypatch.setattr(sweep, "gather", gather)
    result = remains.look(account, BUCKET, {account.region: account}, timedelta(0))
    ((one,),) = result.planned.values()
    assert (one.removals, one.reason[:29]) == ((), "somebody holds its lease: it ")


def test_a_region_that_refuses_is_told_and_holds_up_no_other(
    account: Aws, gone: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gather(aws: Aws, *_: str | None) -> tuple[Found, ...]:
        if aws.region == account.region:
            return (COPY,)
        denied = {"Error": {"Code": "UnauthorizedOperation", "Message": "denied by a policy"}}
        raise ClientError(denied, "DescribeInstances")

    monkeypatch.setattr(sweep, "gather", gather)
    there = ("--region", "eu-central-1", "--region", account.region)
    code, out = call(capsys, *there)
    assert code == 1
    assert "error: eu-central-1: AWS refused DescribeInstances" in out
    assert f"{OLD} in {account.region}: goes" in out
    code, out = call(capsys, *there, "--apply", "--json")
    assert (code, set(gone)) == (1, {"ami-1"})
    (refused,) = json.JSONDecoder().raw_decode(out, out.index("{\n"))[0]["refused"]
    assert (refused["region"], refused["error"]["found"]) == (
        "eu-central-1",
        "UnauthorizedOperation: denied by a policy",
    )

    monkeypatch.setenv("AWS_REGION", account.region)
    monkeypatch.setattr(remains, "places", lambda home: {"eu-central-1": Aws("eu-central-1"), home.region: home})
    gone.clear()
    with pytest.raises(RuntimeError, match="eu-central-1: AWS refused DescribeInstances"):
        handler({"bucket": BUCKET, "older_than_hours": 3}, None)
    assert set(gone) == {"ami-1"}


@pytest.mark.slow
def test_the_remains_of_a_killed_build_go_and_a_live_one_a_recorded_one_and_strangers_stay(
    account: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ("--region", account.region, "--older-than", "0m")
    live, recorded = "web-20260101-000000-cccccc", "web-20260101-000000-dddddd"
    killed(account, live)
    put(account, "leases/web/1.json", {"build": live, "duration_seconds": 600})
    kept = killed(account, recorded)
    put(account, "images/web/1.json", {"image_ids": {account.region: kept["image"]}})
    account.client("ec2").create_key_pair(KeyName="packer-of-somebody")
    call(capsys, *here, "--apply")  # the builder of the recorded image goes, the image stays
    before = listing(account)
    killed(account, OLD)

    code, out = call(capsys, *here)
    assert code == 0
    assert f"{OLD} in {account.region}: goes" in out
    assert f"{live} in {account.region}: stays, somebody holds its lease" in out
    assert out.splitlines()[-1] == "nothing was changed: --apply removes it"
    assert listing(account) != before

    code, out = call(capsys, *here, "--apply", "--json")
    assert code == 0, out
    told = {one["build"]: one for one in json.loads(out)["builds"]}
    assert {one.rpartition(" ")[0] for one in told[OLD]["removed"]} >= {"instance", "key pair", "launch template"}
    assert listing(account) == before
    assert account.client("ec2").describe_images(ImageIds=[kept["image"]])["Images"]
    assert told[live]["removed"] == []


@pytest.mark.slow
def test_one_build_is_swept_by_its_id_in_whatever_region_it_left_something(
    account: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Aws("eu-central-1")
    killed(other, YOUNG)
    killed(account, OLD)
    code, out = call(capsys, "--build", YOUNG, "--region", account.region, "--region", "eu-central-1", "--apply")
    assert code == 0, out
    assert f"{YOUNG} in eu-central-1: goes" in out
    assert listing(other)["images"] == 0
    assert listing(account)["images"] == 1
    assert "nothing is left of any bake" in call(capsys, "--build", YOUNG, "--region", "eu-central-1")[1]


@pytest.mark.parametrize("build", ["web-*", "*", "web", f"{OLD}?", ""])
def test_what_is_no_builds_id_is_bad_input_and_looked_for_nowhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, build: str
) -> None:
    monkeypatch.setattr(Home, "from_parameter_files", lambda: pytest.fail("it asks AWS"))
    code, out = call(capsys, "--build", build, "--apply")
    assert code == 2
    assert "this is no build" in out


def test_every_region_of_the_account_is_looked_into(account: Aws) -> None:
    first, *others = remains.places(account)
    assert first == account.region
    assert {"eu-central-1", "us-east-1"} <= set(others)


@pytest.mark.slow
def test_the_function_removes_what_a_killed_build_left_and_fails_where_something_is_still_there(
    account: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = "web-20260101-000000-cccccc"
    killed(account, live)
    put(account, "leases/web/1.json", {"build": live, "duration_seconds": 600})
    before = listing(account)
    killed(account, OLD)
    monkeypatch.setenv("AWS_REGION", account.region)
    monkeypatch.setattr(remains, "places", lambda home: {home.region: home})
    told = handler({"bucket": BUCKET, "older_than_hours": 0}, None)
    assert any(one.startswith("instance i-") and one.endswith(" in eu-west-1") for one in told["removed"])
    assert listing(account) == before

    killed(account, OLD)
    monkeypatch.setattr(remains, "remove", lambda *_: remains.Swept(OLD, "eu-west-1", sweep.Outcome(left=("x",))))
    with pytest.raises(RuntimeError, match="not everything could be removed: x in eu-west-1"):
        handler({"bucket": BUCKET, "older_than_hours": 0}, None)
