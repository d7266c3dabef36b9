"""SIGKILL of bake, of Packer and of the endpoint, at calls that the test chooses: nothing is orphaned.

One bake that nobody disturbs is counted first. Then one is killed at each of its calls, just before or just after AWS
has done what was asked. Either its image is recorded, and the next bake reuses it; or a sweep brings the account back
to exactly what it was. Packer is played here, and cleans nothing up; the real one is killed in tests/pipeline.
"""

import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from rehearsal.proxy import Answer, Call, NoAnswerError
from tests.bake.world import Listing, World, kill, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEED = 5
RECORD = re.compile(r"images/web/[0-9a-f]{64}\.json")
POINTS = 49  # at least; each is a test of its own
SOME = 14  # every so many is done in each run of the tests, the others in the long one


@dataclass(frozen=True, slots=True)
class Point:
    """Who dies (`bake`, `packer`, `endpoint`) at which call of a bake, `before` or `after` it.

    A call is the n-th (from 0) of its name by its caller: bake's own calls and Packer's come in no fixed order.
    """

    caller: str
    call: str
    nth: int
    victim: str
    when: str

    def __str__(self) -> str:
        return f"SIGKILL of {self.victim} {self.when} call {self.nth} of {self.call} by {self.caller}"

    def is_at(self, call: Call, calls: list[Call]) -> bool:
        """Whether it is this one of the calls of a bake."""
        alike = [one.number for one in calls if (caller_of(one), one.name) == (self.caller, self.call)]
        return call.number in alike and alike.index(call.number) == self.nth


def caller_of(call: Call) -> str:
    return "packer" if call.of == "played-packer" else "bake"


@dataclass(frozen=True, slots=True)
class Reference:
    """What is there before any bake of web, and where one can be killed."""

    before: Listing
    points: tuple[Point, ...]


def points_of(calls: list[Call]) -> tuple[Point, ...]:
    """Each call once, with a victim and a moment that chance decides; Packer's own calls once more for Packer."""
    chance = random.Random(SEED)
    found, seen = [], Counter[tuple[str, str]]()
    for call in calls:
        key = caller_of(call), call.name
        victims = [chance.choice(("bake", "endpoint"))] + ["packer"] * (key[0] == "packer")
        found += [Point(*key, seen[key], victim, chance.choice(("before", "after"))) for victim in victims]
        seen[key] += 1
    chance.shuffle(found)
    return tuple(found)


@pytest.fixture(scope="module")
def reference(world: World) -> Reference:
    world.run("runtime")
    world.share_with_nobody()
    before, first = world.listing(), len(world.proxy.calls)
    world.run("web")
    points = points_of(world.proxy.calls[first:])
    world.forget(before)
    assert world.listing() == before
    return Reference(before, points)


def test_there_are_enough_points_and_all_of_them_are_tried(reference: Reference) -> None:
    assert 30 <= len(reference.points) <= POINTS, "raise POINTS: each call of a bake is to be killed at"
    assert {point.victim for point in reference.points} == {"bake", "packer", "endpoint"}


def dies(world: World, point: Point) -> "list[int]":
    """Let the victim die at the point; the process id of bake is to be put into the list before."""
    first, processes, dead = len(world.proxy.calls), list[int](), list[bool]()

    def strike() -> None:
        if point.victim == "endpoint":
            dead.append(True)
        else:
            victim = processes[0] if point.victim == "bake" else world.packer()
            assert victim, "it asks, so it runs"
            kill(victim)
        raise NoAnswerError

    def at(call: Call, when: str) -> bool:
        return when == point.when and point.is_at(call, world.proxy.calls[first:])

    def before(call: Call) -> Answer | None:
        if dead:
            raise NoAnswerError
        if at(call, "before"):
            strike()
        return None

    def after(call: Call, answer: Answer) -> Answer:
        if at(call, "after"):
            strike()
        return answer

    world.before, world.after = before, after
    return processes


def numbers() -> list[object]:
    return [pytest.param(n, marks=() if n % SOME == 0 else (pytest.mark.long,)) for n in range(POINTS)]


@pytest.mark.parametrize("number", numbers())
def test_whoever_is_killed_at_whichever_call_nothing_is_orphaned(
    world: World, reference: Reference, number: int
) -> None:
    if number >= len(reference.points):
        pytest.skip("a bake makes fewer calls than that")
    point, before, first = reference.points[number], reference.before, len(world.proxy.calls)
    world.share_with_nobody()  # so that each bake makes the same calls
    processes = dies(world, point)
    bake = world.start("web", "--json")
    processes.append(bake.pid)
    said, _ = bake.communicate(timeout=240)
    until(lambda: world.packer() is None, "Packer has ended")
    world.at_peace()
    assert "Traceback" not in said, f"{point}\n{said}"
    assert bake.returncode in {"bake": (-9,), "packer": (1,), "endpoint": (0, 1, 3)}[point.victim], f"{point}\n{said}"

    if point.victim == "packer":
        assert world.listing() == before, f"{point}: bake sweeps by itself\n{said}"
    made = [call for call in world.proxy.calls[first:] if call.operation == "PutObject"]
    world.end_leases()
    if made:
        world.sweep(world.build())
        assert "nothing is left" in world.sweep(world.build())
    after = world.listing()
    if RECORD.search(" ".join(after["objects"])):
        recorded_and_reused(world, before, after, point)
        world.forget(before)
    assert world.listing() == before, point


def test_what_ec2_launches_some_seconds_after_packer_was_killed_is_swept_by_the_bake(
    world: World, reference: Reference
) -> None:
    """EC2 does what it was asked for, whatever became of who asked."""
    done: list[Call] = []

    def before(call: Call) -> Answer | None:
        if call.operation == "RunInstances":
            packer = world.packer()
            assert packer, "it asks, so it runs"
            kill(packer)
            time.sleep(5)
            assert world.listing()["instances"] == reference.before["instances"]
            done.append(call)
        return None

    world.before = before
    bake = world.start("web")
    said, _ = bake.communicate(timeout=240)
    world.at_peace()
    assert (bake.returncode, len(done)) == (1, 1), said
    assert "removed instance i-" in said
    assert "for the calls of Packer's that EC2 may still be doing" in said
    assert world.listing() == reference.before


def recorded_and_reused(world: World, before: Listing, after: Listing, point: Point) -> None:
    """The image is whole: the next bake reuses it, protects it, and launches nothing."""
    new = {kind: len(ids - before[kind]) for kind, ids in after.items() if ids != before[kind]}
    assert set(new) == {"images", "snapshots", "objects"}, point
    assert (new["images"], new["objects"]) == (1, 2), f"{point}: a record, and the bill of materials that it names"
    first = len(world.proxy.calls)
    said = world.run("web", "--json")
    found = json.loads(said[said.index("{\n") :])
    assert found["action"] == "reused", f"{point}\n{said}"
    assert set(found["image_ids"].values()) == set(after["images"] - before["images"])
    assert after["images"] - before["images"] <= world.protected, point
    assert not any(call.operation == "RunInstances" for call in world.proxy.calls[first:])


@pytest.mark.long
def test_two_bakes_at_once_survive_the_sweep_of_a_third(world: World, reference: Reference) -> None:
    """The third is killed while its builder runs, and swept while the builders of the others run."""
    before, launched = reference.before, len(world.proxy.calls)

    def running() -> list[Call]:
        return [call for call in world.proxy.calls[launched:] if call.operation == "DescribeInstances"]

    third = world.start("web", PLAYED_PACKER_SECONDS="25")
    until(lambda: running(), "the builder of the third runs", 120)
    others = [world.start(name, "--json", PLAYED_PACKER_SECONDS="25") for name in ("worker", "worker-mq")]
    until(lambda: len(running()) == 3, "all three builders run", 120)
    assert len(world.listing()["instances"]) == 3
    kill(third.pid)
    third.communicate()
    build = world.build()
    assert "somebody holds its lease" in world.sweep(build)
    world.end_leases("web/")
    said = world.sweep(build)
    assert said.count("removed instance i-") == 1
    assert [one.poll() for one in others] == [None, None], "the others bake still"
    for one in others:
        told, _ = one.communicate(timeout=240)
        assert one.returncode == 0, told
    world.end_leases()
    after = world.listing()
    assert after["instances"] == before["instances"]
    assert after["key pairs"] == before["key pairs"]
    recorded = {key.split("/")[1] for key in after["objects"] - before["objects"]}
    assert recorded == {"worker", "worker-mq"}
    for name in ("worker", "worker-mq"):
        assert f"{name}: reused ami-" in world.run(name)
    world.forget(before)
    assert world.listing() == before
