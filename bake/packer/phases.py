"""In which phase a build is, read from what it says. Pure.

Packer knows no phases; what there is here is a reading of its messages, one per type of builder, and none is needed:
a builder without a reading of its own is read by `CORE`, which has the lines of Packer's own communicators,
provisioners and post-processors. `bake.packer.amazon_ebs` is such a reading; another is made the same way and given to
`build`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from bake.packer.events import SPEAKER, Event, Message, build_of


class Phase(StrEnum):
    """The phases that this package knows, in the order in which they come. A reading may have others."""

    PREPARE = "prepare"
    LAUNCH = "launch"
    CONNECT = "connect"
    PROVISION = "provision"
    STOP = "stop"
    IMAGE = "image"
    CLEAN_UP = "cleanup"
    POST_PROCESS = "post-process"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the builds of one type of builder announce their phases: beginnings of lines, as patterns → phase."""

    announcements: tuple[tuple[re.Pattern[str], str], ...]

    @classmethod
    def of(cls, announcements: Mapping[str, str], also: Self | None = None) -> Self:
        """A reading of regular expressions, and of those that `also` has where none of them matches."""
        own = tuple((re.compile(pattern), phase) for pattern, phase in announcements.items())
        return cls(own + (also.announcements if also else ()))

    def phase(self, text: str) -> str | None:
        """The phase that a line announces, or None."""
        return next((phase for pattern, phase in self.announcements if pattern.match(text)), None)


# The lines of Packer 1.16.0 itself, whatever the builder.
CORE = Reading.of(
    {
        r"Waiting for (SSH|WinRM) to become available|Using (SSH|WinRM) communicator": Phase.CONNECT,
        r"Provisioning with|Uploading |Downloading |Running local shell script": Phase.PROVISION,
        r"Provisioning step had errors|Cancelling build": Phase.CLEAN_UP,
        r"Running post-processor: ": Phase.POST_PROCESS,
    }
)


def builder_type(build: str) -> str:
    """The type in the name of a build: `amazon-ebs` of `amazon-ebs.image` and of `web.amazon-ebs.image`."""
    return build.split(".")[-2] if "." in build else build


def phase_of(event: Event, readings: Mapping[str, Reading]) -> str | None:
    """The phase that begins with this event for the build that it belongs to, or None where it goes on."""
    return announced(event, readings.get(builder_type(build_of(event)), CORE))


def announced(event: Event, reading: Reading) -> str | None:
    """The phase that begins with this event for a build with this reading, or None."""
    if not isinstance(event, Message):
        return None
    said = SPEAKER.match(event.text)
    if said and said["post_processor"]:
        return None  # shell-local, for one, speaks as a post-processor as it does as a provisioner
    if event.level == "error" and said:
        return None  # standard error of something
    return reading.phase(event.text[said.end() :] if said else event.text)
