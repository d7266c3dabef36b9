"""What Packer prints with `-machine-readable`, as typed events. Pure: no clock, no file, no process.

A line is `seconds,target,type,data…`; a comma in the data is `%!(PACKER_COMMA)`, line ends are `\\n` and `\\r`.
Source: https://developer.hashicorp.com/packer/docs/commands#machine-readable-output and Packer 1.16's own output.

Two things in it are not what they look like: `ui,error` is no failure (it is how standard error of a provisioner
arrives), and post-processors repeat the artifact of the build (`artifact-count,2` with the same id twice).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Phase(StrEnum):
    """Where a build is, in the order in which they come."""

    PREPARE = "prepare"
    LAUNCH = "launch"
    CONNECT = "connect"
    PROVISION = "provision"
    STOP = "stop"
    IMAGE = "image"
    CLEAN_UP = "cleanup"


# How each phase announces itself (amazon plugin 1.8.2; the lines of communicator and provisioners are Packer's own).
ANNOUNCEMENTS: tuple[tuple[re.Pattern[str], Phase], ...] = (
    (re.compile(r"Launching a source AWS instance"), Phase.LAUNCH),
    (re.compile(r"(Waiting for (SSH|WinRM) to become available|Using (SSH|WinRM) communicator)"), Phase.CONNECT),
    (re.compile(r"(Provisioning with|Uploading|Downloading|Running local shell script)"), Phase.PROVISION),
    (re.compile(r"Stopping the source instance"), Phase.STOP),
    (re.compile(r"Creating (AMI|unencrypted AMI|snapshot)"), Phase.IMAGE),
    (
        re.compile(r"(Provisioning step had errors|Terminating the source AWS instance|Cancelling build)"),
        Phase.CLEAN_UP,
    ),
)


@dataclass(frozen=True, slots=True)
class Message:
    """A line for people. `level` is Packer's: an `error` is not yet a failure."""

    seconds: int
    target: str
    level: Literal["say", "message", "error"]
    text: str


@dataclass(frozen=True, slots=True)
class BuildError:
    """Why a build failed; `target` is the build's name."""

    seconds: int
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class ArtifactField:
    """One property of one artifact of a build; `values` is empty for the closing `end`."""

    seconds: int
    target: str
    index: int
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Any other type of line, for example `artifact-count`, `error-count`, `version`."""

    seconds: int
    target: str
    kind: str
    data: tuple[str, ...]


Event = Message | BuildError | ArtifactField | Other


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a build made; for `amazon-ebs` the id is `region:ami`, for several regions separated by commas."""

    builder_id: str
    id: str
    description: str


def unescape(text: str) -> str:
    """The data of a field as it was before Packer escaped it, without colours."""
    text = text.replace("%!(PACKER_COMMA)", ",").replace("\\n", "\n").replace("\\r", "\r")
    return ANSI.sub("", text)


def parse(line: str) -> Event | None:
    """The event of one line, or None where the line is none (a plugin that printed past Packer)."""
    stamp, *rest = line.rstrip("\r\n").split(",")
    if not stamp.isdecimal() or len(rest) < 2:
        return None
    seconds, target, kind, data = (int(stamp), rest[0], rest[1], tuple(unescape(field) for field in rest[2:]))
    match kind, data:
        case "ui", ("say" | "message" | "error" as level, *text):
            # commas inside are escaped, yet some plugins add fields: nothing of the text may be lost
            return Message(seconds, target, level, ",".join(text))
        case "error", (text, *_) if target:
            return BuildError(seconds, target, text)
        case "artifact", (index, name, *values) if index.isdecimal():
            return ArtifactField(seconds, target, int(index), name, tuple(values))
        case _:
            return Other(seconds, target, kind, data)


def phase_of(event: Event) -> Phase | None:
    """The phase that begins with this event, or None where it goes on."""
    if isinstance(event, Message) and event.level != "error":
        return next((phase for pattern, phase in ANNOUNCEMENTS if pattern.search(event.text)), None)
    return None


def artifacts(events: Iterable[Event]) -> dict[str, tuple[Artifact, ...]]:
    """Build name → its artifacts, in order, each once however often post-processors repeat it."""
    collected: dict[tuple[str, int], dict[str, str]] = {}
    for event in events:
        if isinstance(event, ArtifactField):
            fields = collected.setdefault((event.target, event.index), {})
            if event.values:
                fields[event.name] = ",".join(event.values)
    by_build: dict[str, dict[str, Artifact]] = {}
    for (build, _), fields in sorted(collected.items()):
        if identity := fields.get("id"):
            artifact = Artifact(fields.get("builder-id", ""), identity, fields.get("string", ""))
            by_build.setdefault(build, {}).setdefault(identity, artifact)
    return {build: tuple(found.values()) for build, found in by_build.items()}
