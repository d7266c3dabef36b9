"""Drives HashiCorp Packer from Python, with any template of anybody's: docs/packer-wrapper.md is its tutorial.

    packer = Packer(executable="packer")
    result = packer.build(
        Template(Path("web"), variables={"region": "eu-west-1", "token": Secret(token)}),
        limits=Limits(overall=timedelta(minutes=30)),
        expected={"amazon-ebs.image"},
        on_event=print,
    )
    result.artifacts["amazon-ebs.image"].id

`Packer` has `version`, `validate`, `inspect`, `build`, `init`, `plugins_installed`, `plugins_required` and
`install_plugin`.
The package knows Packer and nothing else: it imports the standard library only. Of builders it knows nothing either,
but for the phases of `amazon-ebs`, which are a reading of their own (amazon_ebs.py).

Policy:
- A run of builds has succeeded when Packer ended with 0 and, where the caller says what is `expected`, each expected
  build has an artifact and no other has. Anything else is an exception that says what Packer said last and what became
  of each build: that one of two has failed does not hide what the other made.
- What Packer only warns of, and is a caller's mistake, is an error: a variable given to a template that does not
  declare it, a name in `only` that no build has.
- A run that is cancelled, or runs into a limit, gets SIGTERM and time to clean up after itself, then its whole process
  group is ended. What it may have left in a cloud is the caller's.
- What is secret is told by the caller, as `Secret` or `sensitive`, and is hidden in events, messages and errors (what
  that covers, and what not: redact.py).
"""

from bake.packer.amazon_ebs import AMAZON_EBS, READINGS, phase_of
from bake.packer.errors import (
    BuildFailed,
    CommandFailed,
    Diagnostic,
    LimitReached,
    PackerError,
    PackerFailed,
    PackerNotFound,
    PackerStopped,
    SecretTooShort,
    TemplateInvalid,
)
from bake.packer.events import (
    Artifact,
    ArtifactField,
    BuildEnded,
    BuildError,
    Event,
    Message,
    Other,
    PhaseBegan,
    build_of,
)
from bake.packer.inspection import BuildBlock, Component, Inspection, Value
from bake.packer.outcome import Outcome, Result, State
from bake.packer.packer import Packer
from bake.packer.phases import CORE, Phase, Reading
from bake.packer.plugins import Plugin, Requirement
from bake.packer.redact import Secret
from bake.packer.template import Limits, Options, Template

__all__ = [
    "AMAZON_EBS",
    "CORE",
    "READINGS",
    "Artifact",
    "ArtifactField",
    "BuildBlock",
    "BuildEnded",
    "BuildError",
    "BuildFailed",
    "CommandFailed",
    "Component",
    "Diagnostic",
    "Event",
    "Inspection",
    "LimitReached",
    "Limits",
    "Message",
    "Options",
    "Other",
    "Outcome",
    "Packer",
    "PackerError",
    "PackerFailed",
    "PackerNotFound",
    "PackerStopped",
    "Phase",
    "PhaseBegan",
    "Plugin",
    "Reading",
    "Requirement",
    "Result",
    "Secret",
    "SecretTooShort",
    "State",
    "Template",
    "TemplateInvalid",
    "Value",
    "build_of",
    "phase_of",
]
