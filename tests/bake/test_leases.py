"""Leases in a bucket: moto's S3 here, and real threads and processes that want the same one."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest

from bake import remains
from bake.failure import Overtaken
from bake.lease import Lease
from bake.leases import Held, Leases
from bake.side_by_side import Cancellation, Cancelled
from console.aws import Aws
from console.errors import KilnError

BUCKET = "images-of-the-test"
DURATION, POLL = 1.5, 0.02
HOLDER = f"""
import sys, time
from bake.lease import Lease
from bake.leases import Leases
from bake.side_by_side import Cancellation
from console.aws import Aws

leases = Leases(Aws("eu-west-1").client("s3"), "{BUCKET}", {DURATION}, {POLL})
lease = Lease.of(recipe="web", digest="sha256:d", build="web-killed", caller="arn:you", duration_seconds={DURATION})
with leases.held(lease, limit_seconds=9, cancellation=Cancellation(), waits=print, tells=print):
    print("held", flush=True)
    time.sleep(60)
"""
WORKER = f"""
import time
from bake.leases import Leases
from console.aws import Aws

with Leases(Aws("eu-west-1").client("s3"), "{BUCKET}", {DURATION}).at_work("web", "web-killed", "arn:you", print):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def leases(aws: Aws) -> Leases:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})  # as the image factory's
    return Leases(s3, BUCKET, DURATION, POLL)


def lease(build: str) -> Lease:
    return Lease.of(recipe="web", digest="sha256:d", build=build, caller="arn:me", duration_seconds=DURATION)


@contextmanager
def held(
    leases: Leases,
    build: str = "web-1",
    *,
    limit: float = 10,
    cancellation: Cancellation | None = None,
    waits: Callable[[Lease | None, float], None] = lambda other, seconds: None,
    tells: Callable[[str], None] = lambda text: None,
) -> Iterator[Held]:
    with leases.held(
        lease(build),
        limit_seconds=limit,
        cancellation=cancellation or Cancellation(),
        waits=waits,
        tells=tells,
    ) as one:
        yield one


def there(leases: Leases) -> str | None:
    """The build of the lease in the bucket."""
    seen = leases.get("web", "sha256:d")
    return seen.lease.build if seen and seen.lease else None


def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def test_a_lease_is_there_while_the_block_runs_and_gone_afterwards(leases: Leases) -> None:
    with held(leases):
        assert there(leases) == "web-1"
    assert there(leases) is None
    with held(leases, "web-2"):
        assert there(leases) == "web-2", "the marker that a deletion leaves in a versioned bucket is in nobody's way"


@pytest.mark.parametrize(
    "problem", [KilnError("failed"), Cancelled(), KeyboardInterrupt()], ids=lambda one: type(one).__name__
)
def test_whatever_ends_the_block_the_lease_is_released(leases: Leases, problem: BaseException) -> None:
    with pytest.raises(type(problem)), held(leases):
        raise problem
    assert there(leases) is None


def test_a_held_lease_is_renewed_and_outlives_its_duration(leases: Leases) -> None:
    with held(leases) as one:
        until(lambda: one.lease.renewals >= 4)  # more than its duration: a renewal each third of it
        one.check()
        seen = leases.get("web", "sha256:d")
        assert seen
        assert seen.lease
        assert seen.lease.holder == one.lease.holder
        assert seen.lease.renewed_until > seen.lease.since


def test_of_many_who_want_it_one_holds_it_at_a_time_and_all_get_it(leases: Leases) -> None:
    inside, most, got = [0], [0], list[str]()

    def work(build: str) -> None:
        with held(leases, build):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            inside[0] -= 1
            got.append(build)

    threads = [threading.Thread(target=work, args=(f"web-{n}",)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (most[0], sorted(got)) == (1, ["web-0", "web-1", "web-2", "web-3"])


def test_who_waits_is_told_whose_bake_it_is_and_for_how_long(leases: Leases) -> None:
    said: list[tuple[str, float]] = []
    done = threading.Event()

    def wait() -> None:
        with held(leases, "web-2", waits=lambda other, seconds: said.append((other.build if other else "", seconds))):
            done.set()

    with held(leases):
        waiting = threading.Thread(target=wait)
        waiting.start()
        until(lambda: len(said) >= 5)
        assert not done.is_set()
    waiting.join(5)
    assert done.is_set()
    assert {build for build, _ in said} == {"web-1"}
    assert [seconds for _, seconds in said] == sorted(seconds for _, seconds in said)


def test_waiting_ends_at_the_limit_and_says_for_whom(leases: Leases) -> None:
    with held(leases), pytest.raises(KilnError, match="did not finish") as caught, held(leases, "web-2", limit=0.2):
        pass
    assert "web-1" in str(caught.value.found)
    assert caught.value.where == leases.url("web", "sha256:d")


def test_an_interruption_ends_the_waiting_and_leaves_the_others_lease(leases: Leases) -> None:
    cancellation = Cancellation()
    with held(leases):
        threading.Timer(0.1, cancellation.event.set).start()
        with pytest.raises(Cancelled), held(leases, "web-2", cancellation=cancellation):
            pass
        assert there(leases) == "web-1"


def test_a_killed_process_is_followed_a_duration_later(leases: Leases) -> None:
    said: list[str] = []
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(KilnError), held(leases, "web-2", limit=DURATION * 1.5):
            pass  # while it lives it is waited for, longer than its duration
        assert there(leases) == "web-killed"
        holder.kill()
        killed = time.monotonic()
        with held(leases, "web-3", tells=said.append):
            assert DURATION / 2 < time.monotonic() - killed < DURATION * 3
            assert there(leases) == "web-3"
    finally:
        holder.kill()
        holder.wait()
    assert len(said) == 1
    assert "python -m bake sweep --build web-killed --apply" in said[0]


def test_who_finds_its_lease_taken_over_stops_and_leaves_the_others(leases: Leases) -> None:
    with held(leases) as one:
        seen = leases.get("web", "sha256:d")
        assert seen
        assert leases.put(lease("web-other"), seen.etag)
        until(one.lost.is_set)
        with pytest.raises(Overtaken) as caught:
            one.check()
        assert "web-1" in str(caught.value.found)
    assert there(leases) == "web-other", "the release of a lost lease takes nothing away"


def test_a_lease_that_somebody_deleted_is_lost_too(leases: Leases) -> None:
    with held(leases) as one:
        leases.client.delete_object(Bucket=BUCKET, Key=leases.key("web", "sha256:d"))
        until(one.lost.is_set)
    assert there(leases) is None


def test_a_renewal_that_fails_is_told_once_and_tried_again(leases: Leases) -> None:
    said: list[str] = []
    with held(leases, tells=said.append) as one:
        refused = [0]

        def refuse(**rest: object) -> None:
            if refused[0] < 3:
                refused[0] += 1
                from botocore.exceptions import EndpointConnectionError

                raise EndpointConnectionError(endpoint_url="http://nowhere")

        leases.client.meta.events.register("before-send.s3.PutObject", refuse)
        until(lambda: refused[0] == 3 and one.lease.renewals >= 1)
        one.check()
    assert len(said) == 1
    assert "not renewed yet" in said[0]


# --- what no bake waits for -------------------------------------------------------------------------------------------
def at_work(leases: Leases, build: str = "web-1", tells: Callable[[str], None] = print) -> AbstractContextManager[None]:
    return leases.at_work("web", build, "arn:me", tells)


def keys(leases: Leases) -> list[str]:
    found = leases.client.list_objects_v2(Bucket=BUCKET, Prefix="leases/").get("Contents", ())
    return [str(one["Key"]) for one in found]


def test_while_work_is_done_a_sweep_finds_its_build_leased_and_afterwards_nothing_is_there(
    leases: Leases, aws: Aws
) -> None:
    with at_work(leases):
        assert remains.ask(aws, BUCKET).live == {"web-1"}
        time.sleep(DURATION * 1.5 + 1)  # S3 tells whole seconds
        assert remains.ask(aws, BUCKET).live == {"web-1"}, "it is renewed"
    assert keys(leases) == []


def test_neither_a_bake_nor_other_work_on_the_same_build_waits_for_work(leases: Leases) -> None:
    with at_work(leases), at_work(leases), held(leases, limit=0):
        assert len(keys(leases)) == 3
    assert keys(leases) == []


@pytest.mark.parametrize(
    "problem", [KilnError("failed"), Cancelled(), KeyboardInterrupt()], ids=lambda one: type(one).__name__
)
def test_whatever_ends_the_work_its_lease_is_released(leases: Leases, problem: BaseException) -> None:
    with pytest.raises(type(problem)), at_work(leases):
        raise problem
    assert keys(leases) == []


@pytest.mark.parametrize("moment", ["before-send.s3.PutObject", "after-call.s3.PutObject"])
def test_ctrl_c_while_the_lease_is_written_leaves_none(
    leases: Leases, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases.client.meta.events.register(moment, lambda **_: os.kill(os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), at_work(leases):
            time.sleep(9)
    finally:
        signal.signal(signal.SIGINT, before)
    assert keys(leases) == []


def test_work_whose_lease_cannot_be_had_is_not_begun(leases: Leases) -> None:
    with pytest.raises(KilnError, match="NoSuchBucket"), at_work(replace(leases, bucket="no-such-bucket")):
        pytest.fail("it is begun")


def test_work_whose_lease_somebody_deleted_goes_on(leases: Leases) -> None:
    said: list[str] = []
    with at_work(leases, tells=said.append):
        (key,) = keys(leases)
        leases.client.delete_object(Bucket=BUCKET, Key=key)
        time.sleep(DURATION)
    assert (keys(leases), said) == ([], [])


def test_the_lease_of_killed_work_is_dead_a_duration_later(leases: Leases, aws: Aws) -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout
        assert worker.stdout.readline() == "held\n"
    finally:
        worker.kill()
        worker.wait()
    assert remains.ask(aws, BUCKET).live == {"web-killed"}
    until(lambda: not remains.ask(aws, BUCKET).live, DURATION * 3 + 1)
