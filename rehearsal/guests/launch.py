"""What a machine is made from, and how it writes its life into the API's record of it."""

from dataclasses import dataclass
from typing import Protocol

from rehearsal.guests.metadata import Facts
from rehearsal.guests.states import Reason, State


@dataclass(frozen=True, slots=True)
class Launch:
    """What is settled when an instance is launched.

    Args:
        address: the private IPv4 address that the API gave it.
        vpc_block: the IPv4 block of its VPC.
        public_keys: in OpenSSH's format.
        user_data: decoded; None: there is none.
    """

    instance_id: str
    account: str
    region: str
    image_id: str
    vpc_id: str
    vpc_block: str
    address: str
    public_keys: tuple[str, ...] = ()
    user_data: str | None = None


class Record(Protocol):
    """The API's record of one instance."""

    @property
    def launch(self) -> Launch: ...

    def facts(self) -> Facts:
        """What the instance is told about itself, as the API has it now."""

    def ends_on_shutdown(self) -> bool:
        """Whether a shutdown from inside terminates the instance (InstanceInitiatedShutdownBehavior)."""

    def enter(self, state: State, reason: Reason | None) -> None:
        """Show this state from now on; "terminated" also gives the address and the volumes free."""
