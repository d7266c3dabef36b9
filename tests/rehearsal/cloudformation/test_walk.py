"""Walking a graph in parallel."""

import threading

from rehearsal.cloudformation.walk import walk

DIAMOND = {"top": {"left", "right"}, "left": {"bottom"}, "right": {"bottom"}, "bottom": set[str]()}


def test_every_node_runs_once_and_after_those_it_needs() -> None:
    done: list[str] = []
    lock = threading.Lock()

    def act(name: str) -> None:
        assert DIAMOND[name] <= set(done)
        with lock:
            done.append(name)

    assert walk(DIAMOND, act) == {}
    assert sorted(done) == sorted(DIAMOND)


def test_nodes_that_need_nothing_of_each_other_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=5)

    def act(name: str) -> None:
        if name in ("left", "right"):
            both.wait()

    assert walk(DIAMOND, act) == {}


def test_after_a_failure_nothing_more_is_started_and_what_runs_is_waited_for() -> None:
    started: list[str] = []
    failed = threading.Event()

    def act(name: str) -> None:
        started.append(name)
        if name == "left":
            failed.set()
            raise ValueError(name)
        if name == "right":
            assert failed.wait(5)

    failures = walk(DIAMOND, act)
    assert list(failures) == ["left"]
    assert isinstance(failures["left"], ValueError)
    assert set(started) == {"bottom", "left", "right"}
