"""A record is changed as it is now: what others have written into it meanwhile stays."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bake.digest import Closure
from bake.failure import Overtaken
from bake.image import ImageRecord, ImageStore
from console.aws import Aws
from tests.bake.bakers import BUCKET, record_of

CLOSURE = Closure(parent="p", artifact=None, files={}, variables={}, tools={})


@pytest.fixture
def store(aws: Aws) -> ImageStore:
    location = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    found = ImageStore(aws.client("s3"), BUCKET)
    found.put(record_of(CLOSURE))
    return found


def adding(region: str) -> Callable[[ImageRecord], ImageRecord]:
    return lambda record: record.model_copy(update={"image_ids": {**record.image_ids, region: f"ami-{region}"}})


def now(store: ImageStore) -> ImageRecord:
    found = store.get("web", CLOSURE.digest)
    assert found
    return found


def test_a_change_is_written_on_top_of_what_is_there(store: ImageStore) -> None:
    before = now(store)
    store.change(before, adding("a"))
    assert set(store.change(before, adding("b")).image_ids) == {"eu-west-1", "a", "b"}
    assert set(now(store).image_ids) == {"eu-west-1", "a", "b"}


def test_changes_at_once_are_all_kept(store: ImageStore) -> None:
    before = now(store)
    names = [f"region-{number}" for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda name: store.change(before, adding(name)), names))
    assert set(now(store).image_ids) == {"eu-west-1", *names}


def test_what_changes_nothing_is_not_written(store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(*_: Any) -> None:
        raise AssertionError("written")

    monkeypatch.setattr("bake.conditional.put", put)
    assert store.change(now(store), lambda record: record) == now(store)


def test_a_write_whose_answer_was_lost_is_found_to_be_done(store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from bake import conditional

    real = conditional.put

    def put(*arguments: Any) -> None:
        real(*arguments)  # written, and S3 refuses the client's second try of the same

    monkeypatch.setattr("bake.conditional.put", put)
    assert set(store.change(now(store), adding("a")).image_ids) == {"eu-west-1", "a"}


@pytest.mark.parametrize("gone", [True, False])
def test_the_record_of_another_build_is_not_changed(store: ImageStore, gone: bool) -> None:
    before = now(store)
    key = store.key("web", CLOSURE.digest)
    store.client.delete_object(Bucket=BUCKET, Key=key)
    if not gone:
        store.put(before.model_copy(update={"build": "web-build-2"}))
    with pytest.raises(Overtaken) as caught:
        store.change(before, adding("a"))
    assert ("it is gone" if gone else "web-build-2") in (caught.value.found or "")


def test_where_it_was_baked_is_not_where_it_was_copied_to() -> None:
    record = adding("a")(record_of(CLOSURE))
    assert record.baked == {"eu-west-1": "ami-1"}
