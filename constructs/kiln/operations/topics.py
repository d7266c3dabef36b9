"""Who is told what, by severity: three topics, as every construct that has something to say gets them.

`URGENT` wakes somebody up at night, `WARNING` is looked at on the next working day, `INFO` is only written down.
"""

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
