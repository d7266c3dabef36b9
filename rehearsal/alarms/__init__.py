"""CloudWatch's alarms: judged from the metrics that there are, and their actions done.

`definition` (request → condition) → `records` (metric data) → `statistics` and `expressions` (values by period) →
`evaluation` and `rules` (state and reason, pure) → `controller` (when) → `actions` (what follows). Metrics and
dashboards themselves stay moto's.
"""

from rehearsal.alarms.controller import Alarms

__all__ = ["Alarms"]
