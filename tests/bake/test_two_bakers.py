"""Two machines that bake the same at once. Packer's own run is played here; AWS is moto's, everything else is real."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from bake import agreement, recipe, sweep
from bake.build import Build, Made
from bake.contents.listing import Listing
from bake.failure import BakeFailed, Overtaken
from bake.flow import Baker, Options
from bake.image import ImageRecord, ImageStore
from bake.lease import Lease
from bake.outcome import Outcome
from bake.side_by_side import Cancellation, Cancelled
from console.aws import Aws
from console.errors import KilnError, NotReady
from console.progress import Progress
from infra import images as images_file
from tests.bake.bakers import DEBIAN, bake_before

Ran = tuple[dict[str, Outcome], dict[str, KilnError]]


@dataclass
class Played:
    """In the place of Packer: launches a builder, takes its time, makes an image with the build's tags."""

    seconds: float = 0.3
    builds: list[Build] = field(default_factory=list)
    during: dict[str, Callable[[Build], None]] = field(default_factory=dict)  # recipe → what happens meanwhile, once

    def run(self, build: Build, ec2: Any, meanwhile: Callable[[], None]) -> Made:
        self.builds.append(build)
        tags = [{"Key": key, "Value": value} for key, value in build.tags.items()]
        instance = ec2.run_instances(ImageId=DEBIAN, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        ec2.create_tags(Resources=[instance], Tags=tags)
        if happens := self.during.pop(build.recipe, None):
            happens(build)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            meanwhile()
            time.sleep(0.02)
        image = ec2.create_image(InstanceId=instance, Name=build.image_name)["ImageId"]
        ec2.create_tags(Resources=[image], Tags=tags)
        ec2.terminate_instances(InstanceIds=[instance])
        return Made(image, (), Listing(), None, {"provision": self.seconds})

    def of(self, recipe: str) -> list[str]:
        return [build.id for build in self.builds if build.recipe == recipe]


@pytest.fixture
def packer(baker: Baker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Played:
    played, ec2 = Played(), baker.aws.client("ec2")

    def run(build: Build, *rest: Any) -> Made:
        return played.run(build, ec2, rest[-1])

    monkeypatch.setattr(Build, "run", run)
    monkeypatch.setattr("bake.oven.protect", lambda aws, image: None)  # moto does not know the call
    monkeypatch.setattr(sweep, "PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return played


def another(baker: Baker, name: str, **options: Any) -> Baker:
    """Another machine: its own files, threads and progress."""
    images = baker.images.parent / name / "images.toml"
    images.parent.mkdir()
    return replace(baker, images=images, options=Options(**options), progress=Progress(), cancellation=Cancellation())


def start(pool: ThreadPoolExecutor, baker: Baker) -> "Future[Ran]":
    return pool.submit(lambda: baker.run(baker.plan()))


def left(baker: Baker, build: Build) -> tuple[str, ...]:
    """What is there of a build, as the sweep would say it."""
    return tuple(f"{one.kind} {one.id}" for one in sweep.plan(build.id, sweep.gather(baker.aws, build.id)))


def test_two_that_bake_at_once_make_one_image_of_each_layer_and_both_have_it(
    baker: Baker,
    packer: Played,
) -> None:
    with ThreadPoolExecutor(2) as pool:
        ran = [start(pool, another(baker, name)) for name in ("one", "two")]
    (first, failed), (second, failed_too) = (one.result() for one in ran)
    assert (failed, failed_too) == ({}, {})
    assert sorted(build.recipe for build in packer.builds) == ["base", "runtime", "web"]
    for name in ("base", "runtime", "web"):
        assert first[name].image_ids == second[name].image_ids
        assert {first[name].action, second[name].action} == {"baked", "reused"}
        assert baker.leases.get(name, first[name].digest) is None
    assert "nothing changed since build" in {o.action: o for o in (first["web"], second["web"])}["reused"].reason


def test_where_the_one_fails_the_other_bakes(baker: Baker, packer: Played) -> None:
    bake_all_but_web_before(baker)
    begun = threading.Event()

    def fail(build: Build) -> None:
        begun.set()
        time.sleep(0.3)
        raise BakeFailed("no image of web")

    packer.during["web"] = fail
    with ThreadPoolExecutor(2) as pool:
        one = start(pool, another(baker, "one"))
        assert begun.wait(10)
        two = start(pool, another(baker, "two"))
    assert "web" in one.result()[1]
    assert two.result()[0]["web"].action == "baked"
    assert len(packer.of("web")) == 2
    assert left(baker, packer.builds[0]) == ()


def test_force_waits_too_and_then_bakes(baker: Baker, packer: Played) -> None:
    bake_all_but_web_before(baker)
    begun = threading.Event()
    packer.during["web"] = lambda build: begun.set()
    with ThreadPoolExecutor(2) as pool:
        one = start(pool, another(baker, "one"))
        assert begun.wait(10)
        two = start(pool, another(baker, "two", force=True))
    assert (one.result()[1], two.result()[1]) == ({}, {})
    web, again = one.result()[0]["web"], two.result()[0]["web"]
    assert (web.action, again.action) == ("baked", "baked")
    assert web.image_ids != again.image_ids
    record = baker.store.get("web", web.digest)
    assert record
    assert record.build == packer.of("web")[1]


def test_who_waits_for_another_machine_takes_no_place_of_those_who_bake_at_once(baker: Baker, packer: Played) -> None:
    bake_all_but_web_before(baker)
    recipes = {one.name: one for one in recipe.with_parents(["web", "worker"])}
    both = replace(another(baker, "both", jobs=1), recipes=recipes, asked=("web", "worker"))
    other = another(baker, "other")
    begun, end = threading.Event(), threading.Event()

    def first(build: Build) -> None:
        begun.set()
        assert end.wait(20), "web of the other machine ends after the worker of this one"

    packer.during["web"] = first
    packer.during["worker"] = lambda build: end.set()
    with ThreadPoolExecutor(2) as pool:
        one = start(pool, other)
        assert begun.wait(10)
        two = start(pool, both)
    assert one.result()[0]["web"].action == "baked"
    assert {name: done.action for name, done in two.result()[0].items() if name.startswith("w")} == {
        "web": "reused",
        "worker": "baked",
    }


def test_what_a_record_named_before_force_stays_known_as_ours(baker: Baker, packer: Played) -> None:
    earlier = bake_before(baker)["web"]
    _, failed = (forced := another(baker, "forced", force=True)).run(forced.plan())
    assert failed == {}
    once = baker.store.get("web", earlier.digest)
    assert once
    assert [(one.build, one.image_ids) for one in once.replaced] == [("web-earlier", earlier.image_ids)]
    (known,) = once.earlier
    assert (known.tags, known.closure, known.replaced_by) == (earlier.tags, earlier.closure, once.build)
    assert (known.parent_image_ids, known.shared_with) == (earlier.parent_image_ids, earlier.shared_with)
    again = another(baker, "again", force=True)
    again.run(again.plan())
    twice = baker.store.get("web", earlier.digest)
    assert twice
    assert [one.build for one in twice.replaced] == [once.build, "web-earlier"]
    assert earlier.resources | once.resources < twice.resources


def unreadable(baker: Baker, records: dict[str, ImageRecord], name: str) -> str:
    """Let what lies at the place of a record be none; its key."""
    key = baker.store.key(name, records[name].digest)
    baker.store.client.put_object(Bucket=baker.store.bucket, Key=key, Body=b'{"format": 2, "recipe": 7}')
    return key


def test_a_record_that_cannot_be_read_refuses_and_with_force_is_written_over(baker: Baker, packer: Played) -> None:
    records = bake_before(baker)
    key = unreadable(baker, records, "web")
    done, failed = baker.run(baker.plan())
    assert set(done) == {"base", "runtime"}
    said = failed["web"].details()
    assert key in said["where"]
    assert "its record cannot be read: " in said["found"]
    assert "python -m bake web --force" in said["next step"]
    assert packer.builds == []

    done, failed = (forced := another(baker, "forced", force=True)).run(forced.plan())
    assert failed == {}
    record = baker.store.get("web", records["web"].digest)
    assert record
    assert (record.image_ids, record.replaced) == (done["web"].image_ids, ())


def test_a_record_of_the_image_in_force_that_cannot_be_read_stops_nobody_and_is_told(
    baker: Baker, packer: Played
) -> None:
    records = bake_before(baker)
    images_file.record(baker.images, "web", records["web"].digest, dict(records["web"].image_ids))
    unreadable(baker, records, "web")
    one = replace(baker, versions=baker.versions.model_copy(update={"packer": "9.9.9"}))
    step = one.plan().steps["base"]
    assert (step.action, "cannot be read" in step.reason) == ("bake", True)


@pytest.fixture
def unprotected(monkeypatch: pytest.MonkeyPatch, packer: Played) -> None:
    """The network goes down between the record and the protection of the image."""

    def fail(aws: Aws, image: str) -> None:
        raise NotReady("AWS cannot be reached")

    monkeypatch.setattr("bake.oven.protect", fail)


@pytest.mark.usefixtures("unprotected")
def test_an_image_that_is_recorded_already_is_not_swept(baker: Baker, packer: Played) -> None:
    bake_all_but_web_before(baker)
    _, failed = baker.run(baker.plan())
    assert str(failed["web"]) == "AWS cannot be reached"
    (build,) = packer.builds
    record = baker.store.get("web", build.digest)
    assert record
    assert record.build == build.id
    (image,) = record.image_ids.values()
    assert agreement.describe(baker.aws, [image])[image]["State"] == "available"
    assert set(left(baker, build)) <= {f"image {image}"} | {f"snapshot {one}" for one in record.resources}


@pytest.mark.usefixtures("unprotected")
def test_where_the_record_cannot_be_asked_for_nothing_is_swept(
    baker: Baker, packer: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    bake_all_but_web_before(baker)
    look = ImageStore.look

    def unanswered(store: ImageStore, recipe: str, digest: str) -> tuple[ImageRecord | None, str | None]:
        if any(build.digest == digest for build in packer.builds):
            raise EndpointConnectionError(endpoint_url="https://s3")
        return look(store, recipe, digest)

    monkeypatch.setattr(ImageStore, "look", unanswered)
    said: list[str] = []
    monkeypatch.setattr(Progress, "phase", lambda self, text: said.append(text))
    baker.run(baker.plan())
    assert any("not removed: not known, AWS cannot be reached" in text for text in said), said
    assert left(baker, packer.builds[0]) != ()


def test_who_loses_the_lease_stops_sweeps_and_records_nothing(baker: Baker, packer: Played) -> None:
    bake_all_but_web_before(baker)
    packer.seconds = 20  # never waited for
    packer.during["web"] = lambda build: take_over(baker, build)
    done, failed = baker.run(baker.plan())
    assert set(done) == {"base", "runtime"}
    assert isinstance(failed["web"], Overtaken)
    assert failed["web"].swept is not None
    assert "removed instance i-" in failed["web"].details()["swept"]
    (build,) = packer.builds
    assert left(baker, build) == ()
    assert baker.store.get("web", build.digest) is None
    seen = baker.leases.get("web", build.digest)
    assert seen
    assert seen.lease
    assert seen.lease.build == "web-other"


def test_a_record_that_another_wrote_first_stays_and_the_own_image_is_swept(
    baker: Baker,
    packer: Played,
) -> None:
    records = bake_all_but_web_before(baker)

    def write(build: Build) -> None:
        baker.store.put(records["web"])  # of one who was suspended and whose lease this one took over

    packer.during["web"] = write
    done, failed = baker.run(baker.plan())
    assert isinstance(failed["web"], Overtaken)
    assert "web-earlier" in str(failed["web"].found)
    assert "removed image ami-" in failed["web"].details()["swept"]
    assert baker.store.get("web", records["web"].digest) == records["web"]
    assert done["base"].action == "reused"


def test_ctrl_c_while_waiting_ends_it_and_the_other_goes_on(baker: Baker, packer: Played) -> None:
    bake_all_but_web_before(baker)
    begun, packer.seconds = threading.Event(), 1.0
    packer.during["web"] = lambda build: begun.set()
    with ThreadPoolExecutor(2) as pool:
        one = start(pool, another(baker, "one"))
        assert begun.wait(10)
        waiting = another(baker, "two")
        threading.Timer(0.2, waiting.cancellation.event.set).start()
        two = start(pool, waiting)
    with pytest.raises(Cancelled):
        two.result()
    assert one.result()[0]["web"].action == "baked"
    assert len(packer.builds) == 1


def test_sharing_a_reused_image_does_not_write_over_a_record_that_is_newer(baker: Baker) -> None:
    records = bake_before(baker)
    more = replace(baker, home=replace(baker.home, others=("444444444444", "555555555555")))
    planned = more.plan()
    newer = records["web"].model_copy(update={"build": "web-newer"})
    _, etag = baker.store.look("web", newer.digest)
    baker.store.put(newer, over=etag)
    _, failed = more.run(planned)
    assert isinstance(failed["web"], Overtaken)
    assert baker.store.get("web", newer.digest) == newer


def test_what_others_wrote_into_the_record_meanwhile_stays_where_a_reused_image_is_shared(baker: Baker) -> None:
    records = bake_before(baker)
    more = replace(baker, home=replace(baker.home, others=("444444444444", "555555555555")))
    planned = more.plan()
    baker.store.change(records["web"], lambda current: current.model_copy(update={"contents": {"sbom": "k"}}))
    done, failed = more.run(planned)
    assert (set(done), failed) == ({"base", "runtime", "web"}, {})
    record = baker.store.get("web", records["web"].digest)
    assert record
    assert (record.contents, record.shared_with) == ({"sbom": "k"}, ("444444444444", "555555555555"))


def test_what_is_left_of_a_failed_bake_over_an_unreadable_record_is_swept(baker: Baker, packer: Played) -> None:
    records = bake_before(baker)
    unreadable(baker, records, "web")

    def fails(build: Build) -> None:
        raise KilnError("a test failed")

    packer.during["web"] = fails
    _, failed = (forced := another(baker, "forced", force=True)).run(forced.plan())
    assert str(failed["web"]).startswith("a test failed")
    (build,) = packer.of("web")
    tagged = [{"Name": "tag:kiln:build", "Values": [build]}]
    found = baker.aws.client("ec2").describe_instances(Filters=tagged)["Reservations"]
    assert {one["State"]["Name"] for group in found for one in group["Instances"]} == {"terminated"}


def bake_all_but_web_before(baker: Baker) -> dict[str, ImageRecord]:
    """The records of all, that of web too, though it is not in the bucket."""
    records = bake_before(baker)
    baker.store.client.delete_object(Bucket=baker.store.bucket, Key=baker.store.key("web", records["web"].digest))
    return records


def take_over(baker: Baker, build: Build) -> None:
    """What another machine does that has not seen a renewal for long enough."""
    seen = baker.leases.get(build.recipe, build.digest)
    assert seen
    other = Lease.of(recipe=build.recipe, digest=build.digest, build="web-other", caller="arn:you", duration_seconds=60)
    assert baker.leases.put(other, seen.etag)
