"""`Packer`: version, validate, build."""

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from bake.packer import errors
from bake.packer.errors import BuildFailed, LimitReached, PackerStopped, TemplateInvalid
from bake.packer.events import Artifact, BuildError, Event, Message, Other, Phase, artifacts, parse, phase_of
from bake.packer.process import GRACE, Process
from bake.packer.redact import Redactor

QUICK = timedelta(seconds=60)  # for `version` and `validate`, which take 0.1 and 0.5 s
LAST_MESSAGES = 10
# A socket's name has at most 107 characters, unix(7); behind the folder comes /packer-XXXXXXXX/tmp/packer-pluginNNN…
LONGEST_FOLDER = 60
PREFIX = re.compile(r"^(==>|-->|   ) [\w.-]+: ?")  # which build says it: there is mostly one


@dataclass(frozen=True, slots=True)
class Template:
    """A folder (or file) of HCL and the values of its variables; the values travel in a file, never as arguments."""

    path: Path
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a build may take: altogether, and in a phase where one is given."""

    overall: timedelta
    phases: Mapping[Phase, timedelta] = field(default_factory=dict)
    grace: timedelta = GRACE


@dataclass(frozen=True, slots=True)
class Result:
    """Build name → its one artifact; phase → seconds."""

    artifacts: Mapping[str, Artifact]
    seconds: Mapping[str, float]


@dataclass(slots=True)
class Watch:
    """What is known of a running build: events so far, the phase, since when. Times are `time.monotonic` seconds."""

    limits: Limits
    began: float
    phase: Phase = Phase.PREPARE
    phase_began: float = 0.0
    events: list[Event] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.phase_began = self.began

    def note(self, event: Event, now: float) -> None:
        self.events.append(event)
        following = phase_of(event)
        if following and following is not self.phase:
            self.close(now)
            self.phase, self.phase_began = following, now

    def close(self, now: float) -> None:
        self.seconds[self.phase] = self.seconds.get(self.phase, 0.0) + now - self.phase_began
        self.phase_began = now

    @property
    def started(self) -> bool:
        """True once a build has begun: a mistake in a template is found before, whatever a provisioner prints later."""
        return any(isinstance(event, Message) and PREFIX.match(event.text) for event in self.events)

    def exceeded(self, now: float) -> str | None:
        """Which limit is passed, in words."""
        if now - self.began > self.limits.overall.total_seconds():
            return f"the build took longer than {self.limits.overall} (in phase '{self.phase}')"
        limit = self.limits.phases.get(self.phase)
        if limit and now - self.phase_began > limit.total_seconds():
            return f"phase '{self.phase}' took longer than {limit}"
        return None

    def last_messages(self) -> tuple[str, ...]:
        """What Packer said last before it began to clean up: the reason is there, not in what follows."""
        until = takewhile(lambda event: phase_of(event) is not Phase.CLEAN_UP, self.events)
        lines = [line for event in until if isinstance(event, Message) for line in event.text.splitlines()]
        plain = [PREFIX.sub("", line).rstrip() for line in lines]
        return tuple([line for line in plain if line][-LAST_MESSAGES:])


@dataclass(frozen=True, slots=True)
class Packer:
    """An installed Packer.

    Args:
        executable: name on PATH or path.
        environment: what is added to (or, with None, taken out of) the environment of this process.
    """

    executable: str = "packer"
    environment: Mapping[str, str | None] = field(default_factory=dict)

    def version(self) -> str:
        """For example `1.16.0`. Raises PackerNotFound."""
        with self._run(["version", "-machine-readable"], Path.cwd(), QUICK) as (process, watch):
            self._follow(process, watch, Redactor(), lambda event: None)
            found = [e.data[0] for e in watch.events if isinstance(e, Other) and e.kind == "version"]
        if not found:
            raise errors.PackerNotFound(f"{self.executable} is not HashiCorp's Packer")
        return found[0]

    def validate(self, template: Template, *, sensitive: Iterable[str] = ()) -> None:
        """Raises TemplateInvalid with file and line of each mistake; nothing is contacted."""
        redactor = Redactor.of(sensitive)
        with self._run(["validate", "-machine-readable"], template.path, QUICK, template) as (process, watch):
            self._follow(process, watch, redactor, lambda event: None)
            self._judge(process, watch, redactor)

    def build(
        self,
        template: Template,
        *,
        expected: Iterable[str],
        limits: Limits,
        sensitive: Iterable[str] = (),
        on_event: Callable[[Event], None] = lambda event: None,
        on_idle: Callable[[], None] = lambda: None,
    ) -> Result:
        """Run all builds of the template.

        Args:
            expected: names of the builds that must have one artifact each, for example `amazon-ebs.image`.
            sensitive: values that must not appear in events or errors.
            on_event: called with each event, redacted, as it happens.
            on_idle: called some twenty times a second while nothing happens.

        Raises TemplateInvalid, BuildFailed, LimitReached, PackerStopped, PackerNotFound. Any exception, also one of
        the callbacks or KeyboardInterrupt, stops Packer in order before it leaves this method.
        """
        redactor = Redactor.of(sensitive)
        arguments = ["build", "-machine-readable", "-on-error=cleanup"]
        with self._run(arguments, template.path, limits, template) as (process, watch):
            self._follow(process, watch, redactor, on_event, on_idle)
            self._judge(process, watch, redactor)
            return Result(self._expected(set(expected), watch), dict(watch.seconds))

    def _expected(self, expected: set[str], watch: Watch) -> dict[str, Artifact]:
        made = artifacts(watch.events)
        wrong = {name: made.get(name, ()) for name in sorted(expected | set(made)) if len(made.get(name, ())) != 1}
        unasked = sorted(set(made) - expected)
        if wrong or unasked:
            counts = ", ".join(f"{name}: {len(found)}" for name, found in wrong.items())
            summary = f"Packer ended with 0 but not with one artifact per expected build ({counts or unasked})"
            raise BuildFailed(summary, exit_code=0, messages=watch.last_messages())
        return {name: found[0] for name, found in made.items()}

    def _judge(self, process: Process, watch: Watch, redactor: Redactor) -> None:
        code = process.exit_code
        if code == 0:
            return
        text = "\n".join(event.text for event in watch.events if isinstance(event, Message) and event.level == "error")
        mistakes = errors.diagnostics(text)
        failed = [event for event in watch.events if isinstance(event, BuildError)]
        if mistakes and not failed and not watch.started:
            raise TemplateInvalid(mistakes, exit_code=code)
        if code is not None and code < 0:
            summary = f"Packer was ended by signal {-code} in phase '{watch.phase}'"
            raise PackerStopped(summary, exit_code=code, messages=watch.last_messages())
        summary = "; ".join(f"{e.target}: {e.text}" for e in failed) or f"Packer ended with {code}"
        raise BuildFailed(redactor.text(summary), exit_code=code, messages=watch.last_messages())

    def _follow(
        self,
        process: Process,
        watch: Watch,
        redactor: Redactor,
        on_event: Callable[[Event], None],
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        for line in process.lines():
            now = time.monotonic()
            if reason := watch.exceeded(now):
                process.stop()
                raise LimitReached(reason, exit_code=process.exit_code, messages=watch.last_messages())
            if line is None:
                on_idle()
                continue
            # a line that is no event (a crash of Packer, a plugin's own output) is still something to report
            event = parse(line) or Message(int(time.time()), "", "error", line)
            event = redactor.event(event)
            watch.note(event, now)
            on_event(event)
        watch.close(time.monotonic())

    @contextmanager
    def _run(
        self, arguments: list[str], path: Path, limits: Limits | timedelta, template: Template | None = None
    ) -> Iterator[tuple[Process, Watch]]:
        if isinstance(limits, timedelta):
            limits = Limits(overall=limits)
        with tempfile.TemporaryDirectory(prefix="packer-", dir=_short_folder()) as name:
            scratch = Path(name)
            command = [self.executable, *arguments]
            if template:
                values = scratch / "variables.pkrvars.json"
                values.touch(mode=0o600)
                values.write_text(json.dumps(dict(template.variables)), encoding="utf-8")
                command += [f"-var-file={values}", template.path.name if template.path.is_file() else "."]
            folder = path.parent if path.is_file() else path
            (scratch / "tmp").mkdir()
            process = Process(
                command, folder=folder, environment=self._environment(scratch), scratch=scratch, grace=limits.grace
            )
            with process:
                yield process, Watch(limits, time.monotonic())

    def _environment(self, scratch: Path) -> dict[str, str]:
        """Packer's environment: a TMPDIR of its own (plugins leave sockets and scripts there), no phoning home."""
        own: dict[str, str | None] = {"TMPDIR": str(scratch / "tmp"), "CHECKPOINT_DISABLE": "1", "PACKER_NO_COLOR": "1"}
        wanted = {**os.environ, **self.environment, **own}
        return {name: value for name, value in wanted.items() if value is not None}


def _short_folder() -> str | None:
    """Where the scratch folder goes: the usual place, or /tmp where sockets would get too long a name."""
    return None if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"
