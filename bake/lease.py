"""Who bakes a digest: the lease beside its record while it is baked. Pure: what is seen, the own clock → what to do.

Policy: nobody's clock is compared with another's. A holder renews its lease every third of the duration that the lease
states; each renewal changes the object, and so its ETag. Whoever waits measures on its own monotonic clock for how long
it has seen one and the same ETag: longer than the duration, and the lease is dead. That leaves a holder two thirds of
the duration for a slow answer. Every write is conditional on what was seen (`leases`): of several that take over one
wins.

A wrong guess costs a bake, never an image: what is recorded is decided by the record's own condition
(`ImageStore.put`).
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# Long enough for three renewals, each with all of the client's patience (console.aws); short enough to wait for nobody.
DURATION_SECONDS = 60.0
LONGEST_SECONDS = 3600.0  # a lease that states more is not ours


class Lease(BaseModel):
    """What the object says. The two times are the holder's clock, for people: nobody decides by them.

    Args:
        digest: what is baked; of other work, for which nobody waits, a name of its own.
        build: the build id of what it is for; everything that is made meanwhile carries it.
        holder: a random id of the one who bakes, or does that work.
        caller: the ARN of whose credentials the holder has.
        duration_seconds: for how long it may stay unchanged.
        renewals: how many so far; it makes every renewal another object, with another ETag.
    """

    model_config = ConfigDict(frozen=True)
    format: Literal[1] = 1
    recipe: str
    digest: str
    build: str
    holder: str
    caller: str
    since: datetime
    renewed_until: datetime
    duration_seconds: float = Field(gt=0, le=LONGEST_SECONDS)
    renewals: int = 0

    @classmethod
    def of(cls, *, recipe: str, digest: str, build: str, caller: str, duration_seconds: float) -> Self:
        """A new one, of a new holder."""
        now = datetime.now(UTC)
        return cls(
            recipe=recipe,
            digest=digest,
            build=build,
            holder=secrets.token_hex(8),
            caller=caller,
            since=now,
            renewed_until=now + timedelta(seconds=duration_seconds),
            duration_seconds=duration_seconds,
        )

    def renewed(self) -> Self:
        until = datetime.now(UTC) + timedelta(seconds=self.duration_seconds)
        return self.model_copy(update={"renewals": self.renewals + 1, "renewed_until": until})


@dataclass(frozen=True, slots=True)
class Seen:
    """The object in the bucket; `lease` is None where its contents are no lease: then it lives for the usual time."""

    etag: str
    lease: Lease | None

    @classmethod
    def of(cls, etag: str, body: bytes) -> Self:
        try:
            return cls(etag, Lease.model_validate_json(body))
        except ValidationError:
            return cls(etag, None)

    @property
    def duration(self) -> float:
        return self.lease.duration_seconds if self.lease else DURATION_SECONDS


class Act(StrEnum):
    """What to do: the first three while it is not ours, the others while it is."""

    TAKE = "take"
    WAIT = "wait"
    TAKE_OVER = "take over"
    KEEP = "keep"
    RENEW = "renew"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Memory:
    """What one who wants the lease remembers: the ETag that it saw last and since when, on its own monotonic clock."""

    holder: str
    held: bool = False
    etag: str | None = None
    since: float = 0.0


def decide(memory: Memory, seen: Seen | None, now: float) -> tuple[Memory, Act]:
    """What to do now that this was seen, and what to remember.

    A lease is ours by its holder's id and not by the answer to our write: that answer may have been lost on the way.
    One that was ours and is gone is lost too: somebody has taken it over, baked and released it meanwhile.
    """
    ours = bool(seen and seen.lease and seen.lease.holder == memory.holder)
    if memory.held and not ours:
        return memory, Act.LOST
    if seen is None:
        return replace(memory, etag=None), Act.TAKE
    if seen.etag != memory.etag:
        memory = replace(memory, held=ours, etag=seen.etag, since=now)
    unchanged = now - memory.since
    if ours:
        return replace(memory, held=True), Act.RENEW if unchanged >= seen.duration / 3 else Act.KEEP
    return memory, Act.TAKE_OVER if unchanged > seen.duration else Act.WAIT
