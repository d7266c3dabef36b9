"""Where Payroll's stacks leave values for each other, and what they must agree on beside values."""

from kiln.edge.listener_priorities import ListenerPriorities
from kiln.shared_values import SharedValues

PAYROLL = SharedValues("/kiln/payroll")
TOOLING = SharedValues("/kiln/tooling")

LISTENER = ListenerPriorities({"container-test": 190, "container": 200, "function": 300, "web": 1000})
"""Who is asked first for a request to the load balancer; Web takes what nobody else does."""
