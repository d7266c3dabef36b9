"""`Packer`: what can be asked of an installed Packer. Each method is one run of it; none keeps anything."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bake.packer import inspection, plugins
from bake.packer.amazon_ebs import READINGS
from bake.packer.errors import BuildFailed, CommandFailed, PackerNotFound
from bake.packer.events import Event, Message, Other
from bake.packer.inspection import Inspection
from bake.packer.outcome import Result
from bake.packer.phases import Reading
from bake.packer.plugins import Plugin, Requirement
from bake.packer.run import Run
from bake.packer.template import Limits, Options, Template
from bake.packer.watch import Watch

QUICK = Limits(overall=timedelta(seconds=60))  # `version`, `validate` and the like take 0.1 to 0.5 s
DOWNLOAD = Limits(overall=timedelta(minutes=10))  # a plugin has some 30 MB, and its source says when there are too many


@dataclass(frozen=True, slots=True)
class Packer:
    """An installed Packer.

    Args:
        executable: name on PATH or path.
        environment: what is added to (or, with None, taken out of) the environment of this process; a `Secret` is
            hidden in everything that comes back.

    Every method raises PackerNotFound where there is no such executable, LimitReached when it takes too long, and
    PackerStopped where somebody else ends Packer.
    """

    executable: str = "packer"
    environment: Mapping[str, str | None] = field(default_factory=dict)

    def version(self) -> str:
        """For example `1.16.0`. Raises PackerNotFound also for what is not HashiCorp's Packer."""
        foreign = PackerNotFound(f"{self.executable} is not HashiCorp's Packer")
        try:
            watch = self._run("version", [], QUICK).finish()
        except CommandFailed as problem:
            raise foreign from problem
        found = [e.data[0] for e in watch.events if isinstance(e, Other) and e.kind == "version" and e.data]
        if not found:
            raise foreign
        return found[0]

    def validate(
        self,
        template: Template,
        *,
        options: Options = Options(),  # noqa: B008 - frozen
        sensitive: Iterable[str] = (),
    ) -> None:
        """Check a template and the settings of its builders, provisioners and post-processors; builds nothing.

        Raises TemplateInvalid with file and line of each mistake, also for a variable that the template does not
        declare and for a name in `options.only` that no build has.
        """
        self._run("validate", options.selection(), QUICK, template, sensitive=sensitive).finish()

    def inspect(self, template: Template, *, sensitive: Iterable[str] = ()) -> Inspection:
        """What a template defines: variables, locals, builds, provisioners, post-processors.

        Variables need no values for it. Raises TemplateInvalid where the template does not parse.
        """
        watch = self._run("inspect", [], QUICK, template, sensitive=sensitive, machine_readable=False).finish()
        lines = [event.text for event in watch.events if isinstance(event, Message)]
        if inspection.JSON_MODE not in lines:
            return inspection.read(lines)
        return inspection.read_json_mode(self._run("inspect", [], QUICK, template, sensitive=sensitive).finish().events)

    def build(
        self,
        template: Template,
        *,
        limits: Limits,
        options: Options = Options(),  # noqa: B008 - frozen
        expected: Iterable[str] | None = None,
        sensitive: Iterable[str] = (),
        readings: Mapping[str, Reading] = READINGS,
        on_event: Callable[[Event], None] = lambda event: None,
        on_idle: Callable[[], None] = lambda: None,
    ) -> Result:
        """Run the builds of a template.

        Args:
            expected: names of the builds that must each have an artifact, for example `amazon-ebs.image`; any other
                build that has one is then a failure, too. None: whatever the template builds, something at least.
            sensitive: values that must not appear in events or errors, besides each `Secret`.
            readings: type of builder → how it announces its phases.
            on_event: called with each event, redacted, as it happens.
            on_idle: called some twenty times a second while nothing happens.

        Raises TemplateInvalid (nothing has been made), BuildFailed, LimitReached, PackerStopped, PackerNotFound; all
        but the first and the last have in `builds` what became of each build. Of a variable that is not declared, and
        of a name in `only` that no build has, Packer only warns: where a build has begun before the warning is read,
        that is BuildFailed, and not TemplateInvalid. Any exception, also one of the callbacks,
        KeyboardInterrupt, or SIGTERM to this process, stops Packer in order before it leaves this method.
        """
        run = self._run(
            "build",
            ["-warn-on-undeclared-var", *options.arguments()],
            limits,
            template,
            sensitive=sensitive,
            readings=readings,
            one_by_one=options.parallel_builds == 1,
        )
        return _result(run.finish(on_event, on_idle), None if expected is None else set(expected))

    def init(
        self, template: Template, *, upgrade: bool = False, force: bool = False, limits: Limits = DOWNLOAD
    ) -> tuple[Plugin, ...]:
        """Install the plugins that a template requires and that are missing; which were installed.

        Args:
            upgrade: also take newer versions of those that are there, within the template's constraints.
            force: install again what is there.

        Raises TemplateInvalid, CommandFailed (for example where the source of a plugin does not answer).
        """
        arguments = [*(["-upgrade"] if upgrade else []), *(["-force"] if force else [])]
        return _installed(self._run("init", arguments, limits, template, variables=False).finish())

    def plugins_installed(self) -> tuple[Plugin, ...]:
        """All installed plugins, of all versions."""
        watch = self._run("plugins installed", [], QUICK).finish()
        found = (Plugin.at(Path(line)) for line in _lines(watch))
        return tuple(plugin for plugin in found if plugin)

    def plugins_required(self, template: Template) -> tuple[Requirement, ...]:
        """The plugins in a template's `required_plugins`, by name. Raises TemplateInvalid where it does not parse."""
        watch = self._run("plugins required", [], QUICK, template, variables=False).finish()
        found = [one for one in map(plugins.requirement, _lines(watch)) if one]
        return tuple(sorted(found, key=lambda one: one.name))

    def install_plugin(
        self,
        source: str,
        *,
        version: str | None = None,
        binary: Path | None = None,
        force: bool = False,
        limits: Limits = DOWNLOAD,
    ) -> Plugin | None:
        """Install a plugin; None where it was there already.

        Args:
            source: as in required_plugins, for example `github.com/hashicorp/amazon`.
            version: a version or a constraint; without it the newest.
            binary: take this file instead of fetching one.

        Raises CommandFailed, ValueError for a version together with a binary.
        """
        if version and binary:
            raise ValueError("a binary has its own version: give `version` or `binary`, not both")
        options = [*(["-path", str(binary.absolute())] if binary else []), *(["-force"] if force else [])]
        arguments = [*options, source, *([version] if version else [])]
        found = _installed(self._run("plugins install", arguments, limits).finish())
        return found[0] if found else None

    def _run(
        self,
        subcommand: str,
        arguments: list[str],
        limits: Limits,
        template: Template | None = None,
        *,
        sensitive: Iterable[str] = (),
        machine_readable: bool = True,
        variables: bool = True,
        readings: Mapping[str, Reading] | None = None,
        one_by_one: bool = False,
    ) -> Run:
        return Run(
            executable=self.executable,
            subcommand=subcommand.split(),
            arguments=arguments,
            limits=limits,
            environment=self.environment,
            template=template,
            variables=variables,
            machine_readable=machine_readable,
            sensitive=tuple(sensitive),
            readings=readings or {},
            one_by_one=one_by_one,
        )


def _lines(watch: Watch) -> list[str]:
    return [line for event in watch.events if isinstance(event, Message) for line in event.text.splitlines()]


def _installed(watch: Watch) -> tuple[Plugin, ...]:
    return tuple(plugin for plugin in map(plugins.just_installed, _lines(watch)) if plugin)


def _result(watch: Watch, expected: set[str] | None) -> Result:
    """The result of a run that ended with 0. Raises BuildFailed where something is missing or is too much."""
    outcomes = watch.outcomes()
    made = {name for name, outcome in outcomes.items() if outcome.artifacts}
    wrong: list[str] = []
    if expected is None:
        wrong = [] if outcomes else ["nothing was built"]
    else:
        wrong += [f"{name} has no artifact" for name in sorted(expected - made)]
        wrong += [f"{name} is not expected" for name in sorted(made - expected)]
    if wrong:
        summary = (
            f"Packer ended with 0 but not with an artifact of each expected build and of no other: {'; '.join(wrong)}"
        )
        raise BuildFailed(summary, exit_code=0, messages=watch.last_messages(), builds=outcomes)
    return Result(outcomes)
