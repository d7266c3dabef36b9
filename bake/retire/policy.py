"""What is kept beside what is used, and for how long an image is on its way out."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept beside what is used.

    Args:
        keep: so many of the newest images of each recipe that can be launched.
        younger_than: images baked less long ago.
        grace: from when a retire first saw that nothing needs it (it deprecates it then) to being disabled, and from
            that to being deleted.
    """

    keep: int = 5
    younger_than: timedelta = timedelta(days=30)
    grace: timedelta = timedelta(days=14)
