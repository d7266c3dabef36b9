"""What stands behind a recorded thing: the place where a real database and a real broker will be.

It is to a database what rehearsal.guests is to an instance: the service keeps the API's record and says what has
happened to it, what stands behind brings it about and writes into the record. Today nothing stands there.
"""

from typing import Protocol

from rehearsal.recorded_services.shelf import Kept


class Behind(Protocol):
    """Told while the service's lock is held: what takes time is done in a thread of its own.

    `kept.members` is what Describe answers: a status, an endpoint's address and port are written there.
    """

    def made(self, kept: Kept) -> None:
        """`kept` is new. Raises AwsError where it cannot be: then it is not kept."""

    def changed(self, kept: Kept) -> None:
        """Members of `kept` are others than before."""

    def removed(self, kept: Kept) -> None:
        """`kept` is not in the API any more."""


class _Nothing:
    def made(self, kept: Kept) -> None: ...

    def changed(self, kept: Kept) -> None: ...

    def removed(self, kept: Kept) -> None: ...


NOTHING: Behind = _Nothing()
