"""Services of which the embedded AWS keeps what the API takes, and gives it back: nothing follows from it.

moto has no API for some services, and drops much of what others are asked. Two mechanisms, both told by tables:

- a recorded service (`service`, `verbs`) answers operations itself. Each is one line: a verb (make, change, get,
  listed, remove, tag) and the noun that it is done to. Requests are checked against botocore's shapes, answers are
  what the output shape has room for. What no line can say is a function beside the table.
- a memory (`memory`) lets moto answer, remembers what was asked, and puts into the answer what moto has left out.

Where a real machine will later stand behind a recorded thing, `behind` is the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rehearsal.front.clients import Clients
from rehearsal.front.service import Completion, Service
from rehearsal.recorded_services import (
    audit,
    backup,
    brokers,
    budgets,
    containers,
    content_delivery,
    databases,
    maintenance,
    memories,
    public_access,
)
from rehearsal.recorded_services.behind import NOTHING, Behind
from rehearsal.recorded_services.rotation import Rotations


@dataclass(frozen=True, slots=True)
class RecordedServices:
    """What the front is given: `services` to answer, `completions` to see moto's answers."""

    services: Sequence[Service]
    completions: Sequence[Completion]


def recorded_services(
    clients: Clients, *, databases_behind: Behind = NOTHING, brokers_behind: Behind = NOTHING
) -> RecordedServices:
    """Every recorded service and every memory, with nothing in them yet."""
    rotations = Rotations(clients)
    services: tuple[Service, ...] = (
        *audit.services(),
        backup.service(),
        budgets.service(),
        maintenance.service(),
        brokers.service(brokers_behind),
        databases.service(clients, databases_behind),
        rotations.service,
        containers.scaling_tags(),
        content_delivery.service(),
        public_access.service(),
    )
    return RecordedServices(services, (*memories.completions(), rotations.completion))
