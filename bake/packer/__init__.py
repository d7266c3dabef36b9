"""Drives HashiCorp Packer from Python: typed events, time limits, orderly cancellation, one artifact per build.

    packer = Packer(executable="packer")
    result = packer.build(
        Template(Path("web"), variables={"region": "eu-west-1"}),
        expected={"amazon-ebs.image"},
        limits=Limits(overall=timedelta(minutes=30)),
        sensitive=[token],
        on_event=print,
    )
    result.artifacts["amazon-ebs.image"].id

The package knows Packer and nothing else: it imports the standard library only.

Policy: a build has succeeded when Packer ended with 0 AND each expected build has exactly one artifact. Anything else
is an exception that says what Packer said last. A build that is cancelled, or runs into a limit, gets SIGTERM and time
to clean up after itself, then its whole process group is ended. What it may have left in a cloud is the caller's.
"""

from bake.packer.build import Limits, Packer, Result, Template
from bake.packer.errors import (
    BuildFailed,
    Diagnostic,
    LimitReached,
    PackerError,
    PackerNotFound,
    PackerStopped,
    TemplateInvalid,
)
from bake.packer.events import Artifact, Event, Message, Phase

__all__ = [
    "Artifact",
    "BuildFailed",
    "Diagnostic",
    "Event",
    "LimitReached",
    "Limits",
    "Message",
    "Packer",
    "PackerError",
    "PackerNotFound",
    "PackerStopped",
    "Phase",
    "Result",
    "Template",
    "TemplateInvalid",
]
