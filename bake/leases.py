"""The leases in the image bucket: taken, waited for, renewed and released.

That of a bake is leases/<recipe>/<digest>.json, and who wants to bake the same waits for it. That of other work, a boot
test or a copy, has a name of its own (`Leases.at_work`): sweeps alone look at it.

What is to be done is decided in `lease`; here it is asked for and done. Every write and the deletion carry a
condition (`conditional`). It takes s3:GetObject, s3:PutObject and s3:DeleteObject on leases/*, and as for the records
s3:ListBucket: without it S3 refuses to say that something is not there.

Why a thread renews, and not the loop that listens to Packer: a bake also verifies, shares and sweeps, and a slow answer
of S3 must not hold up what Packer says. The bake asks `Held.check` from time to time.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bake import conditional
from bake.failure import Overtaken
from bake.lease import DURATION_SECONDS, Act, Lease, Memory, Seen, decide
from bake.side_by_side import Cancellation
from console.aws import errors
from console.errors import KilnError

POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases in a bucket; `client` is an S3 client. A lease that is not renewed for `duration` seconds is dead."""

    client: Any
    bucket: str
    duration: float = DURATION_SECONDS
    poll: float = POLL_SECONDS

    def key(self, recipe: str, digest: str) -> str:
        return f"leases/{recipe}/{digest.removeprefix('sha256:')}.json"

    def url(self, recipe: str, digest: str) -> str:
        return f"s3://{self.bucket}/{self.key(recipe, digest)}"

    def get(self, recipe: str, digest: str) -> Seen | None:
        """What lies there now."""
        with errors(f"reading the lease {self.url(recipe, digest)} (s3:GetObject)"):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=self.key(recipe, digest))
                return Seen.of(answer["ETag"], answer["Body"].read())
            except self.client.exceptions.NoSuchKey:
                return None

    def put(self, lease: Lease, over: str | None) -> Seen | None:
        """Write it over the object with the ETag `over`, or where there is none; None where S3 refuses."""
        key, body = self.key(lease.recipe, lease.digest), lease.model_dump_json(indent=2).encode()
        with errors(f"writing the lease {self.url(lease.recipe, lease.digest)} (s3:PutObject)"):
            etag = conditional.put(self.client, self.bucket, key, body, over)
        return Seen(etag, lease) if etag else None

    def delete(self, lease: Lease, etag: str) -> None:
        """Remove it if it is unchanged; what another has put in its place stays."""
        with errors(f"releasing the lease {self.url(lease.recipe, lease.digest)} (s3:DeleteObject)"):
            conditional.delete(self.client, self.bucket, self.key(lease.recipe, lease.digest), etag)

    @contextmanager
    def held(
        self,
        lease: Lease,
        *,
        limit_seconds: float,
        cancellation: Cancellation,
        waits: Callable[[Lease | None, float], None],
        tells: Callable[[str], None],
    ) -> Iterator["Held"]:
        """Hold the lease while the block runs, and release it whatever ends the block.

        Args:
            limit_seconds: for how long at most another one is waited for.
            waits: told of another's lease again and again while it is waited for, and for how many seconds so far.
            tells: told what a person should know and nothing follows from.

        Raises KilnError where the limit is reached, Cancelled where somebody interrupts the waiting.
        """
        held = Held(self, lease, self._take(lease, limit_seconds, cancellation, waits, tells), tells)
        renewing = threading.Thread(target=held.keep, name=f"lease of {lease.build}", daemon=True)
        renewing.start()
        try:
            yield held
        finally:
            held.done.set()
            renewing.join()
            held.release()

    @contextmanager
    def at_work(self, recipe: str, build: str, caller: str, tells: Callable[[str], None]) -> Iterator[None]:
        """Say to sweeps, while the block runs, that something is made that carries `build`: they leave it alone.

        Nobody waits for it, neither another work on the same build nor a bake: its object has a name of its own. One
        that is lost, because somebody deleted it, ends nothing: only the patience of sweeps depends on it, and who
        deleted it does not want that. `caller` and `tells` as for a bake.

        A thread does all of it, the first write and the release too: Ctrl-C interrupts the main thread alone, and in
        the middle of the first write it would leave a lease that nobody knows of.

        Raises KilnError where the lease cannot be had; then nothing is to be made.
        """
        name = f"{build}.{secrets.token_hex(4)}"
        lease = Lease.of(recipe=recipe, digest=name, build=build, caller=caller, duration_seconds=self.duration)
        taken, done = Future[None](), threading.Event()

        def hold() -> None:
            try:
                memory = self._take(lease, 0, Cancellation(), lambda *_: None, tells)  # there is no other to wait for
            except BaseException as problem:
                taken.set_exception(problem)
                return
            taken.set_result(None)
            held = Held(self, lease, memory, tells, done=done)
            held.keep()
            held.release()

        holding = threading.Thread(target=hold, name=f"lease of {build}", daemon=True)
        try:
            holding.start()
            taken.result()
            yield
        finally:
            done.set()
            if holding.is_alive():
                holding.join()

    def _take(
        self,
        lease: Lease,
        limit: float,
        cancellation: Cancellation,
        waits: Callable[[Lease | None, float], None],
        tells: Callable[[str], None],
    ) -> Memory:
        """Wait until it is ours. A new one is tried for before anything is looked at: mostly there is no other."""
        began, memory = time.monotonic(), Memory(lease.holder)
        seen = self.put(lease, None) or self.get(lease.recipe, lease.digest)
        while True:
            memory, act = decide(memory, seen, time.monotonic())
            match act:
                case Act.KEEP | Act.RENEW:
                    return memory
                case Act.TAKE:
                    seen = self.put(lease, None)
                case Act.TAKE_OVER:
                    dead, seen = seen, self.put(lease, memory.etag)
                    if seen and dead and dead.lease:
                        tells(_taken_over(dead.lease))
                case _:
                    waited = time.monotonic() - began
                    waits(seen.lease if seen else None, waited)
                    if waited > limit:
                        raise self._waited_in_vain(lease, seen, limit)
                    cancellation.event.wait(self.poll)
                    cancellation.check()  # here alone: nothing of ours lies in the bucket yet
                    seen = None
            seen = seen or self.get(lease.recipe, lease.digest)

    def _waited_in_vain(self, lease: Lease, seen: Seen | None, limit: float) -> KilnError:
        other = seen.lease if seen else None
        who = f"build {other.build} of {other.caller}, since {other.since:%Y-%m-%d %H:%M} UTC" if other else "no lease"
        return KilnError(
            f"no image of {lease.recipe}: another machine bakes it, and did not finish",
            where=self.url(lease.recipe, lease.digest),
            found=f"{who}; it is still renewed",
            expected=f"an end within the recipe's overall limit, {limit / 60:.0f} minutes",
            next_step="look after that bake; when it has ended, or its lease is deleted, bake again",
        )


@dataclass(slots=True)
class Held:
    """A lease that is ours until `lost` says otherwise."""

    leases: Leases
    lease: Lease
    memory: Memory
    tells: Callable[[str], None]
    lost: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raises Overtaken where another machine has taken over."""
        if self.lost.is_set():
            raise Overtaken(
                f"no image of {self.lease.recipe}: another machine has taken this bake over",
                where=self.leases.url(self.lease.recipe, self.lease.digest),
                found=f"build {self.lease.build} did not renew its lease for {self.lease.duration_seconds:g} s",
                expected="a machine that is not suspended and reaches S3 while it bakes",
                next_step=f"python -m bake {self.lease.recipe} waits for the other one and reuses its image",
            )

    def keep(self) -> None:
        """Renew it until `done`; runs in a thread of its own. What stands in the way is told once, and tried again."""
        regular = pause = self.lease.duration_seconds / 3
        troubled = False
        while not self.done.wait(pause) and not self.lost.is_set():
            try:
                renewed, troubled = self.renew(), False
            except KilnError as problem:
                if not troubled:
                    self.tells(f"{self.lease.recipe}: its lease is not renewed yet: {problem.found}")
                renewed, troubled = False, True
            pause = regular if renewed else min(self.leases.poll, regular)

    def renew(self) -> bool:
        """Try it once, and say whether it is renewed; sets `lost` where it is not ours any more."""
        lease = self.lease.renewed()
        seen = self.leases.put(lease, self.memory.etag) or self.leases.get(lease.recipe, lease.digest)
        self.memory, act = decide(self.memory, seen, time.monotonic())
        if act is Act.LOST:
            self.lost.set()
        elif seen and seen.lease:
            self.lease = seen.lease
        return act is Act.KEEP

    def release(self) -> None:
        """Delete it, if it is ours. A release that fails ends nothing: the lease is dead a duration later."""
        if self.lost.is_set() or not self.memory.etag:
            return
        try:
            self.leases.delete(self.lease, self.memory.etag)
        except KilnError as problem:
            self.tells(f"{self.lease.recipe}: its lease is not released, it ends by itself: {problem.found}")


def _taken_over(dead: Lease) -> str:
    return (
        f"{dead.recipe}: the lease of build {dead.build} is dead and was taken over; "
        f"what that build left is removed by: python -m bake sweep --build {dead.build} --apply"
    )
