"""`kiln doctor`: judges the gathered facts. Pure: the same facts give the same findings.

A finding is well, wrong (exit code 1), or a note: worth knowing, and nothing that this machine has to have, such as an
endpoint, which only those need who have a rehearsal up.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from toolchain import system
from toolchain.facts import Facts

State = Literal["well", "wrong", "note"]
MARKS: dict[State, str] = {"well": "✓", "wrong": "✗", "note": "·"}
SETUP = "make setup"


@dataclass(frozen=True, slots=True)
class Finding:
    """One tool or service: what was found, what is wanted, and what to do about the difference."""

    name: str
    state: State
    found: str
    wanted: str
    to_do: str = ""

    @property
    def well(self) -> bool:
        """Whether this leaves the exit code at 0."""
        return self.state != "wrong"


def pinned(name: str, found: str | None, wanted: str) -> Finding:
    """A tool that must be exactly the pinned version."""
    fits = found == wanted
    return Finding(name, "well" if fits else "wrong", found or "missing", wanted, "" if fits else SETUP)


def examine(facts: Facts) -> tuple[Finding, ...]:
    """All findings, pinned tools first, then the machine, then AWS."""
    return (*_pinned_tools(facts), *_machine(facts), *_aws(facts))


def _pinned_tools(facts: Facts) -> Iterator[Finding]:
    # Whoever reads this has been started by a Python that is new enough: the bootstrap refuses others.
    yield Finding("python", "well", facts.python, "3.11 or newer")
    current = facts.packages_current
    packages = "as locked" if current else "not as locked"
    yield Finding(
        "Python packages", "well" if current else "wrong", packages, "requirements.lock", "" if current else SETUP
    )
    yield pinned("node", facts.node, facts.wanted.node)
    yield pinned("cdk", facts.cdk, facts.wanted.cdk)
    yield pinned("packer", facts.packer, facts.wanted.packer)
    for name, version in facts.wanted.plugins.items():
        yield pinned(f"packer plugin {name}", facts.plugins.get(name), version)


def _machine(facts: Facts) -> Iterator[Finding]:
    for part in system.PARTS:
        version = facts.machine.get(part.name)
        if version is None:
            yield Finding(part.name, "wrong", "missing", part.purpose, f"sudo apt-get install {part.package}")
        else:
            yield Finding(part.name, "well", version or "present", part.purpose)
    if facts.container:
        yield Finding("containers", "well", f"start with {facts.container}", "a guest is a container")
    else:
        to_do = "podman run --rm --rootfs … shows why; often: sudo apt-get install runc, or run as root"
        yield Finding("containers", "wrong", "none starts here", "a guest is a container", to_do)
    if facts.rights == "root":
        yield Finding("rights", "well", "root", "root, for networks of guests")
    else:
        to_do = "run the rehearsal as root" + (", e.g. sudo make demo" if facts.rights == "sudo" else "")
        yield Finding("rights", "note", facts.rights or "neither root nor sudo", "root, for networks of guests", to_do)


def _aws(facts: Facts) -> Iterator[Finding]:
    wanted = "AWS, or a rehearsal"
    if facts.endpoint is None:
        yield Finding("endpoint", "note", "AWS itself", wanted, "for a rehearsal: python -m rehearsal up")
    else:
        url, answers = facts.endpoint
        to_do = "" if answers else "python -m rehearsal up, or unset AWS_ENDPOINT_URL"
        yield Finding("endpoint", "well" if answers else "note", url if answers else f"{url}: no answer", wanted, to_do)
    named = ", ".join(facts.credentials)
    to_do = "" if named else "AWS_PROFILE, or source <(python -m rehearsal env)"
    yield Finding("credentials", "well" if named else "note", named or "none named", "of the Dev account", to_do)


def show(findings: tuple[Finding, ...], console: Console | None = None) -> None:
    """Print a table, and a line with the number of things to do."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "found", "wanted", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(MARKS[finding.state], finding.name, finding.found, finding.wanted, finding.to_do)
    console = console or Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 120
    console.print(table)
    wrong = sum(not finding.well for finding in findings)
    console.print(f"\n{wrong} of {len(findings)} need something" if wrong else f"\nall {len(findings)} well")


def as_json(findings: tuple[Finding, ...]) -> dict[str, Any]:
    """One object: `well`, and the findings under `tools`."""
    return {"well": all(finding.well for finding in findings), "tools": [asdict(finding) for finding in findings]}
