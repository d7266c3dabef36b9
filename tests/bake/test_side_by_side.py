"""Threads that stand on each other: order, failures, and one interruption that ends all of them."""

import os
import signal
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.side_by_side import Cancellation, ParentFailed, Results, Slot, run
from console.errors import KilnError

NEEDS = {"base": None, "runtime": "base", "web": "runtime", "worker": "runtime", "other": None}


def trees() -> st.SearchStrategy[dict[str, str | None]]:
    """Names, each on one before it or on nothing."""

    @st.composite
    def draw(draw: st.DrawFn) -> dict[str, str | None]:
        needs: dict[str, str | None] = {}
        for number in range(draw(st.integers(1, 7))):
            needs[str(number)] = draw(st.sampled_from([None, *needs]))
        return needs

    return draw()


@given(trees(), st.sets(st.sampled_from("0123456")), st.integers(1, 4))
def test_what_stands_on_a_failure_is_not_begun_and_everything_else_is_done(
    needs: dict[str, str | None], bad: set[str], jobs: int
) -> None:
    begun: list[str] = []

    def work(name: str, below: str | None, slot: Slot) -> str:
        begun.append(name)
        assert below == needs[name]
        if name in bad:
            raise KilnError(name)
        return name

    def doomed(name: str) -> bool:
        parent = needs[name]
        return bool(parent) and (parent in bad or doomed(str(parent)))

    results: Results[str] = run(needs, work, jobs=jobs, cancellation=Cancellation())
    assert set(begun) == {name for name in needs if not doomed(name)}
    assert set(results.done) == {name for name in needs if not doomed(name) and name not in bad}
    assert set(results.failed) == set(needs) - set(results.done)
    for name, problem in results.failed.items():
        assert isinstance(problem, ParentFailed) == doomed(name)


def test_siblings_run_side_by_side_and_never_more_than_asked() -> None:
    both = threading.Barrier(2, timeout=5)

    def meet(name: str, below: str | None, slot: Slot) -> str:
        if name in ("web", "worker"):
            both.wait()
        return name

    assert set(run(NEEDS, meet, jobs=2, cancellation=Cancellation()).done) == set(NEEDS)

    busy, most = [0], [0]

    def count(name: str, below: str | None, slot: Slot) -> str:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        time.sleep(0.01)
        busy[0] -= 1
        return name

    run(NEEDS, count, jobs=1, cancellation=Cancellation())
    assert most == [1]


def test_who_waits_for_somebody_else_gives_its_place_to_another_and_takes_one_again_to_go_on() -> None:
    busy, most = set[str](), [0]
    other = threading.Event()

    def work(name: str, below: str | None, slot: Slot) -> str:
        if name == "waits":
            slot.leave()
            slot.leave()  # as often as one likes
            assert other.wait(5), "the other one has had its place"
            slot.enter()
        busy.add(name)
        most[0] = max(most[0], len(busy))
        other.set()
        time.sleep(0.05)
        busy.remove(name)
        return name

    done = run({"waits": None, "works": None}, work, jobs=1, cancellation=Cancellation()).done
    assert set(done) == {"waits", "works"}
    assert most == [1]


def test_a_parents_failure_is_told_by_name() -> None:
    def work(name: str, below: str | None, slot: Slot) -> str:
        if name == "runtime":
            raise KilnError("no image of runtime")
        return name

    failed = run(NEEDS, work, jobs=4, cancellation=Cancellation()).failed
    assert str(failed["web"]) == "web is not baked: its parent runtime failed"
    assert str(failed["runtime"]) == "no image of runtime"


def test_an_interruption_cancels_all_and_waits_until_each_has_cleaned_up() -> None:
    cancellation, cleaned, started = Cancellation(), list[str](), threading.Barrier(3, timeout=5)

    def work(name: str, below: str | None, slot: Slot) -> str:
        started.wait()
        try:
            while True:
                cancellation.check()
                time.sleep(0.01)
        finally:
            time.sleep(0.2)
            cleaned.append(name)

    def interrupt() -> None:
        started.wait()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run({"a": None, "b": None, "c": "a"}, work, jobs=4, cancellation=cancellation)
    assert sorted(cleaned) == ["a", "b"]


def test_a_mistake_of_ours_ends_all_and_is_not_hidden() -> None:
    def work(name: str, below: str | None, slot: Slot) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(NEEDS, work, jobs=2, cancellation=Cancellation())
