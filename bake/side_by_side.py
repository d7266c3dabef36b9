"""Work that stands on other work: what a thing stands on first, the rest side by side, in threads.

One failure stops what stands on it and nothing else. An interruption cancels all: it is passed on when every thread has
ended, after cleaning up behind itself. Knows nothing of images.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from types import FrameType
from typing import Generic, TypeVar

from console.command import ENDING_SIGNALS
from console.errors import KilnError

T = TypeVar("T")
# A wait without a limit would not notice a signal before its next event on every platform.
PATIENCE_SECONDS = 1.0


class Cancelled(BaseException):
    """Raised in a thread whose work is not wanted any more; like KeyboardInterrupt, nothing handles it on its way."""


class ParentFailed(KilnError):
    """Not begun: what it stands on has failed."""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What a thread asks from time to time."""

    event: Event = field(default_factory=Event)

    def check(self) -> None:
        """Raises Cancelled where somebody has interrupted."""
        if self.event.is_set():
            raise Cancelled


@dataclass(slots=True)
class Slot:
    """One of the places of those who work at once. Who only waits leaves it to another and enters again to go on."""

    places: threading.Semaphore
    cancellation: Cancellation
    has: bool = False

    def enter(self) -> None:
        """Wait for a place, unless it is held already. Raises Cancelled where somebody interrupts the waiting."""
        while not self.has:
            self.cancellation.check()
            self.has = self.places.acquire(timeout=PATIENCE_SECONDS)

    def leave(self) -> None:
        if self.has:
            self.has = False
            self.places.release()

    def __enter__(self) -> "Slot":
        self.enter()
        return self

    def __exit__(self, *problem: object) -> None:
        self.leave()


@dataclass(slots=True)
class Results(Generic[T]):
    """What became of each: a result or an error."""

    done: dict[str, T] = field(default_factory=dict)
    failed: dict[str, KilnError] = field(default_factory=dict)


def run(
    needs: Mapping[str, str | None], work: Callable[[str, T | None, Slot], T], *, jobs: int, cancellation: Cancellation
) -> Results[T]:
    """Do all of it.

    Args:
        needs: name → the name that it stands on, if any; which comes before it.
        work: gets a name, the result of what it stands on, and its slot. Raises KilnError for a failure of its own.
        jobs: how many at once, without those that have left their slot.

    Raises what is no KilnError, and KeyboardInterrupt, after all threads have ended.
    """
    results: Results[T] = Results()
    waiting, running = list(needs), dict[Future[T], str]()
    places = threading.Semaphore(jobs)

    def in_a_slot(name: str, below: T | None) -> T:
        with Slot(places, cancellation) as slot:
            return work(name, below, slot)

    with _interruption_held(cancellation), ThreadPoolExecutor(max(1, len(needs))) as pool:
        try:
            while waiting or running:
                cancellation.check()
                for name in _ready(waiting, needs, results):
                    waiting.remove(name)
                    below = needs[name]
                    if below in results.failed:
                        results.failed[name] = ParentFailed(f"{name} is not baked: its parent {below} failed")
                    else:
                        running[pool.submit(in_a_slot, name, results.done[below] if below else None)] = name
                for future in wait(running, PATIENCE_SECONDS, FIRST_COMPLETED).done:
                    name = running.pop(future)
                    try:
                        results.done[name] = future.result()
                    except KilnError as problem:
                        results.failed[name] = problem
        except BaseException:
            cancellation.event.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def _ready(waiting: list[str], needs: Mapping[str, str | None], results: Results[T]) -> list[str]:
    """Those whose parent has ended, well or not."""
    ended = {*results.done, *results.failed}
    return [name for name in waiting if needs[name] is None or needs[name] in ended]


@contextmanager
def _interruption_held(cancellation: Cancellation) -> Iterator[None]:
    """A signal that means KeyboardInterrupt cancels, and the interruption is raised at the end.

    Raised at once, it could fall between the start of a thread and the note of it: nobody would wait for that thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are none of its business
        return
    interruptions: list[KeyboardInterrupt] = []

    def hold(number: int, frame: FrameType | None) -> None:
        try:
            handlers[number](number, frame)
        except KeyboardInterrupt as interruption:
            interruptions.append(interruption)
            cancellation.event.set()

    handlers = {int(number): handler for number in ENDING_SIGNALS if callable(handler := signal.getsignal(number))}
    for number in handlers:
        signal.signal(number, hold)
    try:
        yield
    except Cancelled:
        if not interruptions:
            raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if interruptions:
        raise interruptions[0]
