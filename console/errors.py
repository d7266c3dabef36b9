"""The one root of all errors that a user of Kiln is meant to see: what, where, found, expected, next step."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; documented in docs/commands.md."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    NOT_READY = 3
    INTERRUPTED = 130


class KilnError(Exception):
    """Something a user can act on. Raised anywhere, printed only by `console.command.run`.

    Args:
        what: one sentence, what is wrong.
        where: file and key, ARN or command that it is about.
        found: what is there.
        expected: what should be there.
        next_step: the command to type or the thing to change.
    """

    exit_code = ExitCode.FAILED

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        found: str | None = None,
        expected: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.found = found
        self.expected = expected
        self.next_step = next_step

    def details(self) -> dict[str, str]:
        """The fields that are set, in reading order."""
        fields = {
            "what": self.what,
            "where": self.where,
            "found": self.found,
            "expected": self.expected,
            "next step": self.next_step,
        }
        return {name: value for name, value in fields.items() if value}

    def __str__(self) -> str:
        first, *rest = self.details().items()
        return "\n".join([first[1], *(f"  {name}: {value}" for name, value in rest)])


class BadInput(KilnError):
    """A file, an option or an argument is wrong; nothing was done."""

    exit_code = ExitCode.BAD_INPUT


class NotReady(KilnError):
    """Something this command needs is missing or cannot be reached: a tool, credentials, an endpoint, a stack."""

    exit_code = ExitCode.NOT_READY
