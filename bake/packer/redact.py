"""Takes secrets out of everything that leaves this package. Packer itself prints them with -machine-readable."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bake.packer.events import ArtifactField, BuildError, Event, Message

HIDDEN = "<sensitive>"
MINIMUM_LENGTH = 4  # redacting shorter values would make the output unreadable and hide nothing
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces given values, each line of a value that has several, and anything that looks like a private key."""

    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, sensitive: Iterable[str]) -> "Redactor":
        """A redactor of these values, the longest first, so that a value within another leaves no remainder."""
        parts = {part for value in sensitive for part in (value, *value.splitlines())}
        return cls(tuple(sorted((p for p in parts if len(p.strip()) >= MINIMUM_LENGTH), key=lambda p: (-len(p), p))))

    def text(self, text: str) -> str:
        for value in self.values:
            text = text.replace(value, HIDDEN)
        return PRIVATE_KEY.sub(HIDDEN, text)

    def event(self, event: Event) -> Event:
        match event:
            case Message() | BuildError():
                return replace(event, text=self.text(event.text))
            case ArtifactField():
                return replace(event, values=tuple(self.text(value) for value in event.values))
            case _:
                return replace(event, data=tuple(self.text(value) for value in event.data))
