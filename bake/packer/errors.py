"""What can go wrong with Packer. Each error keeps its fields; texts are redacted before they get here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

DIAGNOSTIC = re.compile(r"^(?:Error|Warning): (?P<summary>.+?)$", re.MULTILINE)
PLACE = re.compile(r"^\s*on (?P<file>\S.*?) line (?P<line>\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake in a template; `file` as Packer knows it, `line` from 1; both None where Packer names no place."""

    summary: str
    detail: str
    file: str | None = None
    line: int | None = None


def diagnostics(text: str) -> tuple[Diagnostic, ...]:
    """The mistakes that Packer's HCL parser reported in `text`."""
    starts = [match.start() for match in DIAGNOSTIC.finditer(text)]
    found = []
    for start, end in zip(starts, [*starts, len(text)][1:], strict=True):
        block = text[start:end]
        head, place = DIAGNOSTIC.match(block), PLACE.search(block)
        assert head
        if block.startswith("Error"):
            body = [line.strip() for line in block[head.end() :].splitlines()]
            detail = " ".join(line for line in body if line and not PLACE.match(line) and not is_source(line))
            where = (place["file"], int(place["line"])) if place else (None, None)
            found.append(Diagnostic(head["summary"], detail, *where))
    return tuple(found)


def is_source(line: str) -> bool:
    """True for the quoted source (`12:   foo = 1`) and for the `(source code not available)` that replaces it."""
    return bool(re.match(r"\d+:( |$)", line)) or line == "(source code not available)"


class PackerError(Exception):
    """The root of all errors of this package."""


class PackerNotFound(PackerError):
    """There is no such executable, or it cannot be run."""


class PackerFailed(PackerError):
    """Packer ran and did not do what it was asked.

    Args:
        summary: one line.
        exit_code: Packer's; negative for the number of the signal that ended it.
        messages: the last lines of its output.
    """

    def __init__(self, summary: str, *, exit_code: int | None = None, messages: Iterable[str] = ()) -> None:
        super().__init__(summary)
        self.summary = summary
        self.exit_code = exit_code
        self.messages = tuple(messages)

    def __str__(self) -> str:
        return "\n".join([self.summary, *self.messages])


class TemplateInvalid(PackerFailed):
    """The template does not parse or a variable is wrong: `diagnostics` has file and line of each mistake."""

    def __init__(self, found: Iterable[Diagnostic], *, exit_code: int | None = None) -> None:
        self.diagnostics = tuple(found)
        super().__init__("; ".join(one.summary for one in self.diagnostics), exit_code=exit_code)


class BuildFailed(PackerFailed):
    """A build failed, or ended well without its one artifact."""


class LimitReached(PackerFailed):
    """A time limit was reached; Packer was stopped."""


class PackerStopped(PackerFailed):
    """Packer was ended by a signal that this package did not send."""
