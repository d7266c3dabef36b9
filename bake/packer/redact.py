"""Takes secrets out of everything that leaves this package.

Packer hides the values of variables that the template declares as sensitive, and not always: the source that it quotes
in an error is not hidden. It knows nothing of credentials in its environment. So who calls says what is secret, as
`Secret` in a template's variables or in the environment, or as `sensitive` of a call.

Hidden is: the value wherever it stands, also where it was broken into lines between two words; the value as JSON or HCL
writes it between quotes; each line of a value that has several, for output comes line by line; and whatever looks like
a private key, told or not.

Not hidden: a value that something has changed (base64, a hash, letters of another case, a part of one line).
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bake.packer.errors import SecretTooShort
from bake.packer.events import (
    ANSI,
    HIDDEN,
    SPEAKER,
    ArtifactField,
    BuildEnded,
    BuildError,
    Event,
    Message,
    PhaseBegan,
    build_of,
    unescape,
)

MINIMUM_LENGTH = 4  # shorter ones are part of too many words: hiding them destroys the output, ids of artifacts too
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?!.*-----END )", re.DOTALL)
KEY_GOES_ON = re.compile(r"[A-Za-z0-9+/=]*|-----END [A-Z ]*PRIVATE KEY-----|[A-Za-z-]+: .*")


class Secret(str):
    """A text that does not show itself: for a variable of a template, or of the environment.

    Printed, formatted, or as part of something that is, it is `<sensitive>`; joined to another text it is a plain text.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, specification: str) -> str:
        return HIDDEN

    @property
    def plain(self) -> str:
        """The text itself."""
        return "".join(self)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces what the patterns match, and private keys. Made by `of`."""

    anywhere: re.Pattern[str] | None = None
    whole_lines: re.Pattern[str] | None = None

    @classmethod
    def of(cls, sensitive: Iterable[str]) -> "Redactor":
        """A redactor of these values; empty ones are none. Raises SecretTooShort."""
        values = ["".join(value) for value in sensitive if value]
        if any(len(value.strip()) < MINIMUM_LENGTH for value in values):
            raise SecretTooShort(MINIMUM_LENGTH)
        written = {form for value in values for form in _forms(value)}
        parts = {part.strip() for form in written for part in (form, *form.splitlines())}
        long = {part for part in parts if len(part) >= MINIMUM_LENGTH}
        short = {re.escape(part) for part in parts - long if part}
        # short lines of a value, say the `}` of a JSON document, are hidden where they are a line of their own
        space = r"[^\S\n]*"  # of any kind, as `strip` takes it
        own_line = rf"^(?P<who>(?:{SPEAKER.pattern})?){space}(?:{'|'.join(sorted(short))}){space}$" if short else None
        return cls(_any_of(long), re.compile(own_line, re.MULTILINE) if own_line else None)

    def text(self, text: str) -> str:
        if self.anywhere:
            text = self.anywhere.sub(HIDDEN, text)
        if self.whole_lines:
            text = self.whole_lines.sub(rf"\g<who>{HIDDEN}", text)
        return PRIVATE_KEY.sub(HIDDEN, text)

    def event(self, event: Event) -> Event:
        """The event without secrets in any of its texts."""
        target = self.text(event.target)
        match event:
            case Message() | BuildError():
                return replace(event, target=target, text=self.text(event.text))
            case ArtifactField():
                values = tuple(self.text(value) for value in event.values)
                return replace(event, target=target, name=self.text(event.name), values=values)
            case PhaseBegan() | BuildEnded():
                return replace(event, target=target)
            case _:
                data = tuple(self.text(value) for value in event.data)
                return replace(event, target=target, kind=self.text(event.kind), data=data)


@dataclass(slots=True)
class Stream:
    """A redactor of a whole output: also hides a private key that nobody told of and that comes line by line."""

    redactor: Redactor
    within: set[tuple[str, str]] = field(default_factory=set)  # who is in the middle of a key: build and level

    def event(self, event: Event) -> Event:
        hidden = self.redactor.event(event)
        if not isinstance(event, Message) or not isinstance(hidden, Message):
            return hidden
        who = (build_of(event), event.level)
        said = SPEAKER.match(hidden.text)
        begin, text = (hidden.text[: said.end()], hidden.text[said.end() :]) if said else ("", hidden.text)
        if who in self.within:
            if KEY_GOES_ON.fullmatch(text.strip()) or text.strip() == HIDDEN:
                hidden = replace(hidden, text=begin + HIDDEN)
            if "-----END" in text or not KEY_GOES_ON.fullmatch(text.strip()):
                self.within.discard(who)
        if KEY_BEGINS.search(event.text):
            self.within.add(who)
        return hidden


def _forms(value: str) -> Iterator[str]:
    """A value as it may stand in the output: as it is, read as Packer's escaped text, and between quotes."""
    for plain in (value, unescape(value), ANSI.sub("", value)):
        yield plain
        for ascii_only in (True, False):
            yield json.dumps(plain, ensure_ascii=ascii_only)[1:-1]


def _any_of(parts: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern of all parts, the longest first, so that a value within another leaves no remainder."""
    longest_first = sorted(parts, key=lambda part: (-len(part), part))
    return re.compile("|".join(map(_pattern, longest_first))) if longest_first else None


def _pattern(part: str) -> str:
    """Words with any space between them: Packer breaks its errors into lines of 78 characters."""
    return r"\s+".join(re.escape(word) for word in part.split())
