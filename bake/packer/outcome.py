"""What became of a build, of one that went well as of one that did not; a run has one or several."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bake.packer.events import Artifact


class State(StrEnum):
    """`unfinished`: Packer was stopped before the build had ended."""

    FINISHED = "finished"
    FAILED = "failed"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One build of a run.

    Args:
        state: how it ended.
        phase: the last one that it was in before it cleaned up.
        artifacts: what it made, the builder's own first, each once. Packer tells them when all builds have ended; of a
            build that had finished when Packer was stopped it tells none.
        error: why it failed, in one line.
        seconds: phase → how long it was in it; `prepare` begins with the run.
        messages: what it said last, before it cleaned up.
    """

    state: State
    phase: str
    artifacts: tuple[Artifact, ...] = ()
    error: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """All builds of a run that went well, by name."""

    builds: Mapping[str, Outcome]

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """Build name → its first artifact, the builder's own; what post-processors added is in `builds`."""
        return {name: build.artifacts[0] for name, build in self.builds.items() if build.artifacts}

    @property
    def seconds(self) -> dict[str, float]:
        """Phase → the longest that any build was in it."""
        longest: dict[str, float] = {}
        for build in self.builds.values():
            for phase, seconds in build.seconds.items():
                longest[phase] = max(longest.get(phase, 0.0), seconds)
        return longest
