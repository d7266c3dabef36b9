"""Who is told what, by severity: three topics, as every construct that has something to say gets them.

`URGENT` wakes somebody up at night, `WARNING` is looked at on the next working day, `INFO` is only written down.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How soon somebody must look."""

    URGENT = "urgent"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)  # no slots: who reads them later derives from it
class Topics:
    """The ARN of the SNS topic of each severity; every field may be a token."""

    urgent_arn: str
    warning_arn: str
    info_arn: str

    def arn(self, severity: Severity) -> str:
        """The topic that takes what has this severity."""
        match severity:
            case Severity.URGENT:
                return self.urgent_arn
            case Severity.WARNING:
                return self.warning_arn
            case Severity.INFO:
                return self.info_arn


class TopicsOnDemand(Topics):
    """Topics of another stack, each read when it is first asked for.

    A template should not have a parameter that nothing in it uses, and most constructs tell only one or two of them.

    Args:
        read: severity → ARN, for example by `SharedValues.read`; may be asked more than once.
    """

    def __init__(self, read: Callable[[Severity], str]) -> None:
        self._read = read

    @property
    def urgent_arn(self) -> str:
        return self._read(Severity.URGENT)

    @property
    def warning_arn(self) -> str:
        return self._read(Severity.WARNING)

    @property
    def info_arn(self) -> str:
        return self._read(Severity.INFO)
