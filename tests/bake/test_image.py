import json
from datetime import UTC, datetime

import pytest

from bake.digest import Closure
from bake.failure import Overtaken
from bake.image import ImageRecord, ImageStore, TestResult
from bake.recipe import Layer
from console.aws import Aws
from console.errors import KilnError

CLOSURE = Closure(parent="ami-0", artifact="a", files={"f": "1"}, variables={"n": 1, "b": True, "s": "x"}, tools={})
RECORD = ImageRecord(
    application="Payroll",
    recipe="web",
    layer=Layer.TIER,
    digest=CLOSURE.digest,
    version="1.0.0",
    commit="c",
    build="web-1",
    baked_at=datetime(2026, 1, 1, tzinfo=UTC),
    owner="123456789012",
    image_ids={"eu-west-1": "ami-1"},
    snapshot_ids={"eu-west-1": ("snap-1",)},
    parent="runtime",
    parent_image_ids={"eu-west-1": "ami-0"},
    closure=CLOSURE,
    tests=(TestResult(name="test_it", outcome="passed", seconds=0.1),),
    packages={"python3": "3.11"},
)


@pytest.fixture
def store(aws: Aws) -> ImageStore:
    location = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket="images-of-the-test", CreateBucketConfiguration=location)
    return ImageStore(aws.client("s3"), "images-of-the-test")


def test_a_record_comes_back_as_it_was_put(store: ImageStore) -> None:
    url = store.put(RECORD)
    assert url == f"s3://images-of-the-test/images/web/{CLOSURE.digest.removeprefix('sha256:')}.json"
    found = store.get("web", RECORD.digest)
    assert found == RECORD
    assert found.closure.digest == RECORD.digest, "the types of the variables survive"


def test_a_record_from_before_packages_were_listed_twice_is_read(store: ImageStore) -> None:
    body = json.loads(RECORD.model_dump_json())
    del body["packages_before"]
    store.client.put_object(Bucket=store.bucket, Key=store.key("web", RECORD.digest), Body=json.dumps(body).encode())
    assert store.get("web", RECORD.digest) == RECORD


def test_a_record_that_is_not_there_is_none(store: ImageStore) -> None:
    assert store.get("web", "sha256:" + "0" * 64) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"not json"])
def test_a_record_that_cannot_be_read_names_its_url(store: ImageStore, body: bytes) -> None:
    store.client.put_object(Bucket=store.bucket, Key=store.key("web", RECORD.digest), Body=body)
    with pytest.raises(KilnError, match="cannot be read") as caught:
        store.get("web", RECORD.digest)
    assert caught.value.where == store.url("web", RECORD.digest)


def test_a_record_of_an_earlier_format_counts_as_none(store: ImageStore) -> None:
    body = json.dumps({**json.loads(RECORD.model_dump_json()), "format": 1, "tier": "web"}).encode()
    store.client.put_object(Bucket=store.bucket, Key=store.key("web", RECORD.digest), Body=body)
    assert store.get("web", RECORD.digest) is None


def test_all_that_lies_in_the_bucket_is_read_and_told_apart(store: ImageStore) -> None:
    store.put(RECORD)
    earlier = json.dumps({"format": 1}).encode()
    for recipe, digits, body in (
        ("base", "1" * 64, earlier),
        ("runtime", "2" * 64, b"not json"),
        ("worker", "3" * 64, RECORD.model_dump_json().encode()),
    ):
        store.client.put_object(Bucket=store.bucket, Key=store.key(recipe, f"sha256:{digits}"), Body=body)
    store.client.put_object(Bucket=store.bucket, Key="images/readme.txt", Body=b"no record")
    found = {one.recipe: one for one in store.all()}
    assert set(found) == {"base", "runtime", "web", "worker"}
    assert found["web"].record == RECORD
    assert found["base"].is_earlier and not found["runtime"].is_earlier
    assert "1 mistake" in found["runtime"].problem
    assert found["worker"].problem == f"it is the record of web {RECORD.digest}"


def test_an_empty_bucket_holds_no_records(store: ImageStore) -> None:
    assert store.all() == ()


def test_a_record_is_written_only_in_the_place_of_the_one_that_was_seen(store: ImageStore) -> None:
    newer, newest = (RECORD.model_copy(update={"build": name}) for name in ("web-2", "web-3"))
    store.put(RECORD)
    _, etag = store.look("web", RECORD.digest)
    store.put(newer, over=etag)
    for stale in (None, etag):
        with pytest.raises(Overtaken) as caught:
            store.put(newest, over=stale)
        assert "web-2" in str(caught.value.found)
    assert store.get("web", RECORD.digest) == newer


def test_a_write_whose_answer_was_lost_is_no_conflict(store: ImageStore) -> None:
    store.put(RECORD)
    assert store.put(RECORD) == store.url("web", RECORD.digest), "the client's second attempt meets its first"
