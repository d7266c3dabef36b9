"""What is known of a running Packer: its events so far, and of each build its phase, since when, and how it ended.

Pure but for its own state: who calls tells the time, in `time.monotonic` seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bake.packer import events
from bake.packer.events import BuildEnded, BuildError, Event, Message, PhaseBegan, build_of, words
from bake.packer.outcome import Outcome, State
from bake.packer.phases import Phase, Reading, phase_of
from bake.packer.template import Limits

LAST_MESSAGES = 10
CANCELLING = "Cancelling build after receiving"
CANCELLED = "Cleanly cancelled builds after being interrupted."


@dataclass(slots=True)
class Track:
    """One build while it runs."""

    phase: str
    phase_began: float
    told: str = Phase.PREPARE  # the phase before it began to clean up
    seconds: dict[str, float] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)  # what it said before it began to clean up
    state: State = State.UNFINISHED
    ended: bool = False

    def may_enter(self, phase: str) -> bool:
        """An error-cleanup-provisioner speaks as every provisioner, and is part of the cleaning up."""
        return phase != self.phase and not self.ended and (self.phase != Phase.CLEAN_UP or phase == Phase.POST_PROCESS)

    def enter(self, phase: str, now: float) -> None:
        self.close(now)
        self.phase = phase
        if phase != Phase.CLEAN_UP:
            self.told = phase

    def close(self, now: float) -> None:
        self.seconds[self.phase] = self.seconds.get(self.phase, 0.0) + now - self.phase_began
        self.phase_began = now


@dataclass(slots=True)
class Watch:
    """`one_by_one`: a build begins when the one before it has ended."""

    limits: Limits
    began: float
    readings: Mapping[str, Reading]
    one_by_one: bool = False
    events: list[Event] = field(default_factory=list)
    tracks: dict[str, Track] = field(default_factory=dict)
    last_end: float | None = None
    cancelling: bool = False  # from here on Packer says of any build that it has finished, or has an error

    def note(self, event: Event, now: float) -> Iterator[Event]:
        """Take note of an event; yields those that follow from it."""
        self.events.append(event)
        if isinstance(event, Message) and event.text.startswith(CANCELLING):
            self.cancelling = True
        name = build_of(event)
        track = self._track(name) if name and isinstance(event, Message | BuildError) else None
        following = phase_of(event, self.readings)
        # what Packer says for itself ("Cancelling build") is for every build that still runs
        meant = {name: track} if track else self._running()
        for build, one in meant.items():
            if following and one.may_enter(following):
                one.enter(following, now)
                yield PhaseBegan(event.seconds, build, following)
        if track and isinstance(event, Message) and track.phase != Phase.CLEAN_UP and not track.ended:
            track.lines = [*track.lines, *words(event)][-LAST_MESSAGES:]
        if ended := events.ending(event):
            yield self._end(ended, now)

    def _track(self, name: str) -> Track:
        began = self.last_end if self.one_by_one and self.last_end is not None else self.began
        return self.tracks.setdefault(name, Track(Phase.PREPARE, began))

    def _end(self, ended: BuildEnded, now: float) -> BuildEnded:
        track = self._track(ended.target)
        track.close(now)
        track.ended, self.last_end = True, now
        if self.cancelling:
            return replace(ended, well=False)
        track.state = State.FINISHED if ended.well else State.FAILED
        return ended

    def _running(self) -> dict[str, Track]:
        return {name: track for name, track in self.tracks.items() if not track.ended}

    def close(self, now: float) -> None:
        """The run has ended."""
        for track in self._running().values():
            track.close(now)

    @property
    def started(self) -> bool:
        """True once a build has begun: a mistake in a template is found before, whatever a provisioner prints later."""
        return bool(self.tracks)

    @property
    def cancelled(self) -> bool:
        """True where Packer says that it was told to stop."""
        return any(isinstance(event, Message) and event.text.strip() == CANCELLED for event in self.events)

    def exceeded(self, now: float) -> str | None:
        """Which limit is passed, in words."""
        running = self._running()
        if now - self.began > self.limits.overall.total_seconds():
            where = (
                ", ".join(f"{name} in phase '{track.phase}'" for name, track in running.items()) or "nothing ran yet"
            )
            return f"it took longer than {self.limits.overall} ({where})"
        if not self.tracks:
            running = {"Packer": Track(Phase.PREPARE, self.began)}
        for name, track in running.items():
            limit = self.limits.phases.get(track.phase)
            if limit and now - track.phase_began > limit.total_seconds():
                return f"{name}: phase '{track.phase}' took longer than {limit}"
        return None

    def outcomes(self) -> dict[str, Outcome]:
        """What became of each build that Packer has named so far."""
        made = events.artifacts(self.events)
        errors = {event.target: event.text for event in self.events if isinstance(event, BuildError)}
        for name in (*made, *errors):
            self._track(name)
        return {
            name: Outcome(
                state=State.FAILED if name in errors else State.FINISHED if name in made else track.state,
                phase=track.told,
                artifacts=made.get(name, ()),
                error=errors.get(name),
                seconds=dict(track.seconds),
                messages=tuple(track.lines),
            )
            for name, track in sorted(self.tracks.items())
        }

    def last_messages(self) -> tuple[str, ...]:
        """What was said last by the one build that did not end well; where there is not one, by all."""
        wrong = [track for track in self.tracks.values() if track.state is not State.FINISHED]
        if len(wrong) == 1 and wrong[0].lines:
            return tuple(wrong[0].lines)
        said = [event for event in self.events if isinstance(event, Message)]
        lines: list[str] = []
        for message in said:
            if phase_of(message, self.readings) == Phase.CLEAN_UP:
                break  # the reason is before it, not in what follows
            lines = [*lines, *words(message)][-LAST_MESSAGES:]
        return tuple(lines)
