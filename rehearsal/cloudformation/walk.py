"""Doing one thing for every node of a graph, as parallel as the dependencies allow."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from rehearsal.cloudformation.references import Graph

PARALLEL = 6  # the calls are short and wait for the same two cores; the long ones wait for machines


def reversed_graph(graph: Graph) -> Graph:
    """The same graph with every edge turned round: for deleting."""
    return {name: {other for other in graph if name in graph[other]} for name in graph}


def walk(graph: Graph, act: Callable[[str], None]) -> dict[str, BaseException]:
    """Run act(name) for every node after those it needs; after a failure nothing more is started.

    Gives the failures, in the order in which they happened.
    """
    waiting, running, done = dict(graph), dict[Future[None], str](), set[str]()
    failures: dict[str, BaseException] = {}
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="cloudformation") as pool:
        while running or (waiting and not failures):
            if not failures:
                for name in [n for n, needs in waiting.items() if needs <= done]:
                    del waiting[name]
                    running[pool.submit(act, name)] = name
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                failure = future.exception()
                if failure is None:
                    done.add(name)
                else:
                    failures[name] = failure
    return failures
