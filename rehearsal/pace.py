"""How fast the minutes of alarms, scaling policies and rollback triggers go by; nothing else is compressed.

AWS counts in minutes: periods of alarms, cooldowns and warm-ups of scaling policies, the monitoring time of a stack. In
a rehearsal they are as long as on AWS, unless KILN_PACE says otherwise when it is started: with KILN_PACE=60 a period
of 60 s is over after one real second, and holds the data of that one second. Calendars (scheduled actions), health
checks, draining and lifecycle hooks are not touched.
"""

import os
from dataclasses import dataclass

from console.errors import BadInput

VARIABLE = "KILN_PACE"
HIGHEST = 600.0  # a period of a minute is then a tenth of a second, as often as the rehearsal looks at anything


@dataclass(frozen=True, slots=True)
class Pace:
    """`factor`: how many of AWS's seconds pass in a real one."""

    factor: float = 1.0

    def real(self, seconds: float) -> float:
        """The real seconds in which so many of AWS's go by."""
        return seconds / self.factor

    @classmethod
    def of_environment(cls) -> "Pace":
        """As KILN_PACE says. Raises BadInput where that is no number between 1 and 600."""
        text = os.environ.get(VARIABLE, "1")
        try:
            factor = float(text)
        except ValueError:
            factor = 0.0
        if not 1 <= factor <= HIGHEST:
            raise BadInput(
                "the pace of alarms cannot be this",
                where=VARIABLE,
                found=text,
                expected=f"a number from 1 (as slow as on AWS) to {HIGHEST:.0f}",
            )
        return cls(factor)
