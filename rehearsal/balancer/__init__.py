"""An Application Load Balancer is a real HAProxy, kept in step with the API's state.

observe (moto's records → model) → config and targets (pure plans) → process and runtime (HAProxy), once for each load
balancer in balancer, for all of them in fleet; target_health is what the API says of it.
Targets that are functions: bridge (HTTP in, an invocation out), function_event (its shapes), permission (who may).
"""

from rehearsal.balancer.fleet import Balancers, Endpoint

__all__ = ["Balancers", "Endpoint"]
