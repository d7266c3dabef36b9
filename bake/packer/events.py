"""What Packer prints with `-machine-readable`, as typed events. Pure: no clock, no file, no process.

A line is `seconds,target,type,data…`; a comma in the data is `%!(PACKER_COMMA)`, line ends are `\\n` and `\\r`.
Source: https://developer.hashicorp.com/packer/docs/commands#machine-readable-output and Packer 1.16's own output.

Three things in it are not what they look like:
- `ui,error` is no failure: it is how standard error of a provisioner arrives.
- Post-processors repeat the artifact of the build (`artifact-count,2` with the same id twice).
- Packer replaces the values of sensitive variables in ALL fields of the data, so a value `a` makes `ui,s<sensitive>y`
  of `ui,say`. Such words are recognised as far as only one is possible; the names of builds are never touched.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

HIDDEN = "<sensitive>"  # what Packer writes in place of a sensitive value, and what this package writes
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NUMBER = re.compile(r"[0-9]{1,11}")  # seconds until the year 5138, so that every one of them is a date

# Who says it: `==> null.one: `, of a post-processor `==> null.one (type): `. A name with spaces has a dot, too; one
# without a dot (`null`) is of a legacy JSON template. Lines of old Packers and plugins begin with four spaces.
SPEAKER = re.compile(
    r"(?:(?:==>|-->) (?P<build>[^\s:]+|[^:\n]*?\.[^:\n]*?)|    (?P<old>[^\s:]+\.[^\s:]+))"
    r"(?P<post_processor> \([^():\n]*\))?:(?: |$)",
    re.MULTILINE,
)
ENDED = re.compile(r"Build '(?P<build>.+)' (?P<how>finished|errored) after ")

LEVELS = ("say", "message", "error")
FIELDS = ("builder-id", "id", "string", "files-count", "file", "end")
Level = Literal["say", "message", "error"]


class Stamped:
    """What all events have: `seconds` since 1970, as Packer tells them."""

    __slots__ = ()
    seconds: int

    @property
    def at(self) -> datetime:
        """When Packer said it, to the second, in UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)


@dataclass(frozen=True, slots=True)
class Message(Stamped):
    """A line for people. `level` is Packer's: an `error` is not yet a failure. `build_of` tells who says it."""

    seconds: int
    target: str
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class BuildError(Stamped):
    """Why a build failed; `target` is the build's name. Comes at the end of the run, when all builds have ended."""

    seconds: int
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class ArtifactField(Stamped):
    """One property of one artifact of a build; `values` is empty for the closing `end`. Comes at the end of the run."""

    seconds: int
    target: str
    index: int
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhaseBegan(Stamped):
    """A build has got into another phase. Packer does not print it: it is read from what the build says."""

    seconds: int
    target: str
    phase: str


@dataclass(frozen=True, slots=True)
class BuildEnded(Stamped):
    """A build has ended, while others may go on. Packer does not print it as such: it is read from its message."""

    seconds: int
    target: str
    well: bool


@dataclass(frozen=True, slots=True)
class Other(Stamped):
    """Any other type of line, for example `artifact-count`, `error-count`, `version`."""

    seconds: int
    target: str
    kind: str
    data: tuple[str, ...]


Event = Message | BuildError | ArtifactField | PhaseBegan | BuildEnded | Other


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a builder or a post-processor made.

    `id` is the maker's: `region:ami` of `amazon-ebs` (for several regions separated by commas), `File` of `file`, empty
    of `checksum`. `files` are paths as Packer knows them, relative to the template's folder.
    """

    builder_id: str
    id: str
    description: str
    files: tuple[str, ...] = ()


def unescape(text: str) -> str:
    """The data of a field as it was before Packer escaped it, without colours."""
    text = text.replace("%!(PACKER_COMMA)", ",").replace("\\n", "\n").replace("\\r", "\r")
    return ANSI.sub("", text)


def parse(line: str) -> Event | None:
    """The event of one line, or None where the line is none (a plugin that printed past Packer)."""
    stamp, *rest = line.rstrip("\r\n").split(",")
    if not NUMBER.fullmatch(stamp) or len(rest) < 2:
        return None
    seconds, target, kind, data = (int(stamp), rest[0], rest[1], tuple(unescape(field) for field in rest[2:]))
    match kind, data:
        case "ui", (level, *text) if text:
            # commas inside are escaped, yet some plugins add fields: nothing of the text may be lost
            return Message(seconds, target, _level(level), ",".join(text))
        case "error", (text, *_) if target:
            return BuildError(seconds, target, text)
        case "artifact", (index, name, *values) if NUMBER.fullmatch(index):
            return ArtifactField(seconds, target, int(index), _repaired(name, FIELDS), tuple(values))
        case _:
            return Other(seconds, target, kind, data)


def _repaired(word: str, known: tuple[str, ...]) -> str:
    """The known word of which Packer hid a part, where only one is possible; else the word as it is."""
    if HIDDEN not in word:
        return word
    pattern = re.compile(".+".join(re.escape(part) for part in word.split(HIDDEN)))
    possible = [one for one in known if pattern.fullmatch(one)]
    return possible[0] if len(possible) == 1 else word


def _level(word: str) -> Level:
    match _repaired(word, LEVELS):
        case "say" | "error" as level:
            return level
        case _:
            return "message"


def build_of(event: Event) -> str:
    """The name of the build that an event belongs to, `null.one` or `tools.null.one`; empty where it is Packer's own.

    A name with a colon in it ends before the colon: Packer's messages do not tell the two apart.
    """
    if not isinstance(event, Message):
        return event.target
    said = SPEAKER.match(event.text)
    return said["build"] or said["old"] if said else ""


def words(message: Message) -> list[str]:
    """The lines of a message without the name of who says it, without empty ones."""
    lines = [(line, SPEAKER.match(line)) for line in message.text.splitlines()]
    plain = [line[said.end() if said else 0 :].rstrip() for line, said in lines]
    return [line for line in plain if line]


def ending(event: Event) -> BuildEnded | None:
    """The end of a build, where this is the message that tells it."""
    if isinstance(event, Message) and (told := ENDED.match(event.text)):
        return BuildEnded(event.seconds, told["build"], told["how"] == "finished")
    return None


def artifacts(events: Iterable[Event]) -> dict[str, tuple[Artifact, ...]]:
    """Build name → its artifacts, in order, each once however often post-processors repeat it."""
    collected: dict[tuple[str, int], dict[str, list[str]]] = {}
    for event in events:
        if isinstance(event, ArtifactField):
            fields = collected.setdefault((event.target, event.index), {})
            if event.values:
                # of `file,0,one.txt` the number is of no use: files come in order
                fields.setdefault(event.name, []).append(",".join(event.values[event.name == "file" :]))
    by_build: dict[str, dict[Artifact, None]] = {}
    for (build, _), fields in sorted(collected.items()):
        builder, identity, description = (fields.get(name, [""])[-1] for name in ("builder-id", "id", "string"))
        if "id" in fields:
            made = Artifact(builder, identity, description, tuple(fields.get("file", ())))
            by_build.setdefault(build, {}).setdefault(made)
    return {build: tuple(found) for build, found in by_build.items()}
