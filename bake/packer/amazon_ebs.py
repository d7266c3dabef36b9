"""The phases of `amazon-ebs`, read from the messages of the amazon plugin 1.8.2. Nothing else here knows of AWS."""

from bake.packer.events import Event
from bake.packer.phases import CORE, Phase, Reading, announced

AMAZON_EBS = Reading.of(
    {
        r"Launching a source AWS instance": Phase.LAUNCH,
        r"Waiting for auto-generated password for instance": Phase.CONNECT,
        r"Stopping the source instance|Automatic instance stop disabled": Phase.STOP,
        r"Creating (AMI|unencrypted AMI|snapshot)|Enabling fast boot for AMI": Phase.IMAGE,
        r"Terminating the source AWS instance": Phase.CLEAN_UP,
    },
    also=CORE,
)

READINGS = {"amazon-ebs": AMAZON_EBS}


def phase_of(event: Event) -> Phase | None:
    """The phase that begins with this event of an `amazon-ebs` build, or None where it goes on."""
    found = announced(event, AMAZON_EBS)
    return Phase(found) if found else None
