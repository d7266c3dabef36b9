"""What can go wrong with Packer. Each error keeps its fields; texts are redacted before they get here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bake.packer.outcome import Outcome, State

DIAGNOSTIC = re.compile(r"^(?:Error|Warning): ?(?P<summary>.*)$", re.MULTILINE)
PLACE = re.compile(r"^\s*on (?P<file>\S.*?) line (?P<line>\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake in a template; `file` as Packer knows it, `line` from 1; both None where Packer names no place."""

    summary: str
    detail: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.summary}. {self.detail}".rstrip(". ") + "."


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
            # of a legacy JSON template the headline is empty
            summary, detail = (head["summary"], detail) if head["summary"].strip() else (detail, "")
            found.append(Diagnostic(summary, detail, *where))
    return tuple(found)


# What Packer says as a warning, and what a caller's mistake it is. Packer goes on, so nobody would see it.
# A variable of a file that serves several templates may be unknown to some; one that is given to this one may not.
UNDECLARED = re.compile(
    r"Warning: Undefined variable\n\nThe variable \"(?P<name>[^\"]+)\" was set but was not declared"
)
NO_SUCH_BUILD = re.compile(r"Warning: an 'only' option was passed, but not all matches were found.*", re.DOTALL)


def mistake_in_warning(text: str, given: Iterable[str]) -> Diagnostic | None:
    """The mistake behind one of Packer's warnings; `given` are the names of the variables that the caller gave."""
    if (undeclared := UNDECLARED.match(text)) and undeclared["name"] in given:
        detail = f'Declare it: variable "{undeclared["name"]}" {{}}. Or do not give it a value.'
        return Diagnostic(f'The template declares no variable "{undeclared["name"]}"', detail)
    if NO_SUCH_BUILD.match(text):
        possible = re.search(r"Possible build names: \[(.*?)\]", text)
        detail = f"Its builds are: {possible[1]}." if possible else ""
        return Diagnostic("The template has no build for each name of `only`", detail)
    return None


def is_source(line: str) -> bool:
    """True for the quoted source (`12:   foo = 1`) and for the `(source code not available)` that replaces it."""
    return bool(re.match(r"\d+:( |$)", line)) or line == "(source code not available)"


class PackerError(Exception):
    """The root of all errors of this package."""


class PackerNotFound(PackerError):
    """There is no such executable, or it cannot be run."""


class SecretTooShort(PackerError, ValueError):
    """A sensitive value is so short that hiding it would destroy the output."""

    def __init__(self, minimum: int) -> None:
        super().__init__(
            f"a sensitive value has fewer than {minimum} characters: it is part of too many words to be hidden. "
            "Take a longer one, or do not call it sensitive"
        )


class PackerFailed(PackerError):
    """Packer ran and did not do what it was asked.

    Args:
        summary: one line.
        exit_code: Packer's; negative for the number of the signal that ended it.
        messages: the last lines of its output; where one build has failed, the last that it said.
        builds: what became of each build, by name; also of those that went well while another failed.
    """

    def __init__(
        self,
        summary: str,
        *,
        exit_code: int | None = None,
        messages: Iterable[str] = (),
        builds: Mapping[str, Outcome] = MappingProxyType({}),
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.exit_code = exit_code
        self.messages = tuple(messages)
        self.builds = dict(builds)

    def __str__(self) -> str:
        finished = [
            f"{name} has finished: {'; '.join(one.description for one in build.artifacts) or 'no artifact is told'}"
            for name, build in self.builds.items()
            if build.state is State.FINISHED
        ]
        return "\n".join([self.summary, *self.messages, *finished])


class TemplateInvalid(PackerFailed):
    """The template does not parse or a variable is wrong: `diagnostics` has file and line of each mistake."""

    def __init__(self, found: Iterable[Diagnostic], *, exit_code: int | None = None) -> None:
        self.diagnostics = tuple(found)
        summary = "; ".join(one.summary for one in self.diagnostics)
        super().__init__(summary, exit_code=exit_code, messages=map(str, self.diagnostics))


class CommandFailed(PackerFailed):
    """A command other than `build` did not do what it was asked, and the template is not what is wrong."""


class BuildFailed(PackerFailed):
    """A build failed, or ended well without what was expected of it."""


class LimitReached(PackerFailed):
    """A time limit was reached, of the run or of one build in a phase; Packer was stopped, and all builds with it."""


class PackerStopped(PackerFailed):
    """Packer was ended, or told to stop, by a signal that this package did not send."""
