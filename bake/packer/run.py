"""One run of Packer from its command to its judgement: scratch folder, events as they come, limits, errors."""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bake.packer import errors
from bake.packer.errors import (
    BuildFailed,
    CommandFailed,
    Diagnostic,
    LimitReached,
    PackerFailed,
    PackerStopped,
    TemplateInvalid,
)
from bake.packer.events import BuildError, Event, Message, parse
from bake.packer.phases import Reading
from bake.packer.process import Process, orderly_end
from bake.packer.redact import Redactor, Secret, Stream
from bake.packer.template import Limits, Template
from bake.packer.watch import Watch

# A socket's name has at most 107 characters, unix(7); behind the folder comes /packer-XXXXXXXX/tmp/packer-pluginNNN…
LONGEST_FOLDER = 60
QUOTED_SOURCE = re.compile(r"^ *\d+: .*\n?", re.MULTILINE)
# Packer's own log has everything in clear text that its output has hidden; who wants it sets it in `environment`.
LOGGING = ("PACKER_LOG", "PACKER_LOG_PATH")


Failure = TypeVar("Failure", bound=PackerFailed)


@dataclass(frozen=True, slots=True)
class Run:
    """What to run.

    Args:
        executable, subcommand, arguments: the command, but for what the other fields add to it.
        environment: what is added to (or, with None, taken out of) the environment of this process.
        template: put at the end of the command; None for commands without one.
        variables: give the template's variables, too; some commands take none.
        machine_readable: ask for typed lines; without it each line is a Message.
        sensitive: further values to hide, besides the secrets of `environment` and `template`.
    """

    executable: str
    subcommand: Sequence[str]
    arguments: Sequence[str]
    limits: Limits
    environment: Mapping[str, str | None] = field(default_factory=dict)
    template: Template | None = None
    variables: bool = True
    machine_readable: bool = True
    sensitive: Iterable[str] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    one_by_one: bool = False

    def finish(
        self, on_event: Callable[[Event], None] = lambda event: None, on_idle: Callable[[], None] = lambda: None
    ) -> Watch:
        """Run to the end. Raises what `Packer.build` says, CommandFailed where no build was under way."""
        stream = Stream(self._redactor())
        if self.template:
            _must_exist(self.template.path)
        with orderly_end(), self._scratch() as scratch:
            with self._process(scratch) as process:
                watch = Watch(self.limits, time.monotonic(), self.readings, self.one_by_one)
                for line in process.lines():
                    # a run that has ended within its limits has kept them, however long its last lines were heard
                    if process.exit_code is None and (reason := watch.exceeded(time.monotonic())):
                        self._stop(process, watch, stream, on_event, scratch)
                        raise _failure(LimitReached, reason, process, watch)
                    if line is None:
                        on_idle()
                        continue
                    event = self._take(line, watch, stream, on_event, scratch)
                    if mistake := self._mistake(event):
                        self._stop(process, watch, stream, on_event, scratch)
                        if watch.started:  # the warning was seen too late: something may have been made
                            raise _failure(BuildFailed, mistake.summary, process, watch)
                        raise TemplateInvalid([mistake], exit_code=process.exit_code)
                watch.close(time.monotonic())
                self._judge(process, watch, scratch)
        return watch

    def _take(self, line: str, watch: Watch, stream: Stream, on_event: Callable[[Event], None], scratch: Path) -> Event:
        # a line that is no event (a crash of Packer, a plugin's own output) is still something to report
        event = (parse(line) if self.machine_readable else None) or Message(int(time.time()), "", "error", line)
        if isinstance(event, Message) and any(str(file) in event.text for file in self._value_files(scratch)):
            # Packer quotes the source of a mistake, here the values of variables, also of sensitive ones
            event = Message(event.seconds, event.target, event.level, QUOTED_SOURCE.sub("", event.text))
        event = stream.event(event)
        # all that follows from an event is known before anybody hears of it, who may raise an exception
        following = list(watch.note(event, time.monotonic()))
        for one in (event, *following):
            on_event(one)
        return event

    def _stop(
        self, process: Process, watch: Watch, stream: Stream, on_event: Callable[[Event], None], scratch: Path
    ) -> None:
        """Stop Packer and hear its last words."""
        process.stop()
        for line in process.lines():
            if line is not None:
                self._take(line, watch, stream, on_event, scratch)
        watch.close(time.monotonic())

    def _mistake(self, event: Event) -> Diagnostic | None:
        if not isinstance(event, Message) or not self.template:
            return None
        return errors.mistake_in_warning(event.text, self.template.variables)

    def _judge(self, process: Process, watch: Watch, scratch: Path) -> None:
        code = process.exit_code
        if code == 0:
            return
        text = "\n".join(event.text for event in watch.events if isinstance(event, Message) and event.level == "error")
        own = str(_values(scratch))
        mistakes = [Diagnostic(one.summary, one.detail) if one.file == own else one for one in errors.diagnostics(text)]
        failed = [event for event in watch.events if isinstance(event, BuildError)]
        if mistakes and not failed and not watch.started and self.template:
            raise TemplateInvalid(mistakes, exit_code=code)
        if code is not None and code < 0:
            raise _failure(PackerStopped, f"Packer was ended by signal {-code}", process, watch)
        if watch.cancelled:
            raise _failure(PackerStopped, "Packer was told to stop, and has cleaned up", process, watch)
        if failed:
            raise _failure(BuildFailed, "; ".join(f"{e.target}: {e.text}" for e in failed), process, watch)
        kind: type[PackerFailed] = BuildFailed if watch.started or "build" in self.subcommand else CommandFailed
        raise _failure(kind, f"Packer ended with {code}", process, watch)

    def _redactor(self) -> Redactor:
        environment = [value for value in self.environment.values() if isinstance(value, Secret)]
        return Redactor.of([*self.sensitive, *environment, *(self.template.secrets() if self.template else ())])

    def _value_files(self, scratch: Path) -> list[Path]:
        return [_values(scratch), *(file.absolute() for file in (self.template.var_files if self.template else ()))]

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="packer-", dir=_short_folder()) as name:
            (Path(name) / "tmp").mkdir()
            yield Path(name)

    def _process(self, scratch: Path) -> Process:
        typed = ["-machine-readable"] if self.machine_readable else []
        command, folder = [self.executable, *self.subcommand, *typed, *self.arguments], Path.cwd()
        if template := self.template:
            file = _values(scratch)
            file.touch(mode=0o600)
            if self.variables:
                file.write_text(template.as_json(), encoding="utf-8")
                command += [f"-var-file={one.absolute()}" for one in template.var_files] + [f"-var-file={file}"]
            is_file = template.path.is_file()
            folder = template.path.parent if is_file else template.path
            command.append(template.path.name if is_file else ".")
        return Process(
            command,
            folder=folder,
            environment=self._environment(scratch),
            scratch=scratch,
            grace=self.limits.grace,
        )

    def _environment(self, scratch: Path) -> dict[str, str]:
        """Packer's environment: a TMPDIR of its own (plugins leave sockets and scripts there), no phoning home."""
        own = {"TMPDIR": str(scratch / "tmp"), "CHECKPOINT_DISABLE": "1", "PACKER_NO_COLOR": "1"}
        inherited = {name: value for name, value in os.environ.items() if name not in LOGGING}
        wanted = {**inherited, **self.environment, **own}
        return {name: value for name, value in wanted.items() if value is not None}


def _failure(kind: type[Failure], summary: str, process: Process, watch: Watch) -> Failure:
    """An error with all that is known of the run."""
    return kind(summary, exit_code=process.exit_code, messages=watch.last_messages(), builds=watch.outcomes())


def _values(scratch: Path) -> Path:
    return scratch / "variables.pkrvars.json"


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise TemplateInvalid([Diagnostic("There is no such template", "Name a folder or a file.", str(path))])


def _short_folder() -> str | None:
    """Where the scratch folder goes: the usual place, or /tmp where sockets would get too long a name."""
    return None if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"
