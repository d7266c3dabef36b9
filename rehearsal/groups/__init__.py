"""Auto Scaling: what a group launches, registers, replaces and ends, and in which order.

moto keeps the records of the groups; the rules are here, as one controller that compares what a group asks for with
what there is, and calls the EC2 and load balancing APIs to close the difference. The way of one round:

`records` (what the group asks for) + `observation` (what there is) → `step` (pure: what to do, with reasons)
→ `executor` (API calls) → `records` (what DescribeAutoScalingGroups shows)

`step` is put together from `health`, `refresh`, `capacity` and `lifecycle`, each a pure module with one idea. What a
group asks for changes by its owner's requests, by alarms (`policies`, `scaler`) and by the clock (`schedule`).

Not done: rebalancing of zones by itself, launch-before-terminate for unhealthy instances. `settings` names what is
recorded without effect, and what is refused.
"""

from rehearsal.groups.controller import Groups

__all__ = ["Groups"]
