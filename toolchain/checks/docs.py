"""The docs are true: every link resolves, and every command that they show exists, with the options shown.

A command of ours is asked for its help, up to its first option; each `--option` shown must be in that help. What stands
behind `--` is a command again. Programs that are not ours pass by name; one that is on no list is a fault, because
nobody could say whether it exists. Addresses on the network are not asked.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path

from toolchain.checks import markdown
from toolchain.checks.outcome import Outcome, output_of, tracked_files
from toolchain.layout import BIN, ROOT

ELSEWHERE = re.compile(r"^(?:https?:|mailto:)")
PLACEHOLDER = re.compile(r"^(?:[A-Z][A-Z_]*|<.*>|\[.*\])$")
# Programs that everybody has, whose manuals are not ours to check.
COMMON = frozenset(
    {"apt-get", "aws", "bash", "cat", "cd", "cp", "curl", "diff", "export", "git", "ls", "podman", "source", "ssh"}
)


@cache
def help_of(*words: str) -> tuple[bool, str]:
    """Whether a command answers to --help, and what it says."""
    code, output = output_of([*words, "--help"])
    return code == 0, output


@cache
def make_targets() -> frozenset[str]:
    """The targets of the Makefile."""
    return frozenset(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def fault_of(words: list[str]) -> str | None:
    """What is wrong with a simple command; None if it can be typed as it stands."""
    program, *rest = words
    if "--" in rest and rest[-1] != "--":
        cut = rest.index("--")
        if PLACEHOLDER.match(rest[cut + 1]) is None and (fault := fault_of(rest[cut + 1 :])):
            return fault
        rest = rest[:cut]
    if program == "make":
        unknown = [word for word in rest if "=" not in word and word not in make_targets()]
        return f"the Makefile has no target {unknown[0]}" if unknown else None
    if program in ("python", "python3"):
        return _python(rest)
    if program == "kiln":
        return _help(str(BIN / "python"), "-m", "console", arguments=rest)
    if program in ("cdk", "packer"):
        return _foreign(program, rest)
    if "/" in program:
        return None if (ROOT / program).exists() else f"there is no {program}"
    return None if program in COMMON else f"nobody can check the program {program}"


def _python(arguments: list[str]) -> str | None:
    if arguments[:1] != ["-m"] or len(arguments) < 2:
        script = next((word for word in arguments if not word.startswith("-")), None)
        return None if script is None or (ROOT / script).exists() else f"there is no {script}"
    module = arguments[1]
    if (ROOT / module).is_dir():
        return _help(str(BIN / "python"), "-m", module, arguments=arguments[2:])
    return None if importlib.util.find_spec(module) else f"there is no module {module}"


def _foreign(program: str, arguments: list[str]) -> str | None:
    """These answer to --help with 0 whatever the command: it has to be in their list of commands."""
    command = arguments[0] if arguments else "--help"
    _, listed = help_of(str(BIN / program))
    name = re.escape(command)
    known = re.search(rf"^\s+(?:{program} )?{name}\b|aliases: [^\]]*\b{name}\b", listed, re.MULTILINE)
    if not command.startswith("-") and not known:
        return f"{program} has no command {command}"
    options = [word for word in arguments if word.startswith("--")] if program == "cdk" else []
    return _help(str(BIN / program), arguments=[command, *options]) if options else None


def _help(*program: str, arguments: list[str]) -> str | None:
    named = []
    for word in arguments:
        if word.startswith("-"):
            break
        if not PLACEHOLDER.match(word):
            named.append(word)
    there, text = help_of(*program, *named)
    if not there:
        return f"it does not answer to --help: {text.splitlines()[-1] if text else 'no output'}"
    options = [word.partition("=")[0] for word in arguments if word.startswith("--") and len(word) > 2]
    unknown = [option for option in options if not re.search(rf"{re.escape(option)}\b", text)]
    return f"its help does not know {unknown[0]}" if unknown else None


def link_fault(document: Path, target: str) -> str | None:
    """What is wrong with a link of a document (a path from the checkout's root); None if it resolves."""
    if ELSEWHERE.match(target):
        return None
    path, _, anchor = target.partition("#")
    linked = ROOT / document.parent / path if path else ROOT / document
    if not linked.exists():
        return f"there is no {path}"
    if anchor and linked.suffix == ".md" and anchor not in markdown.anchors(linked.read_text()):
        return f"{path or document} has no heading #{anchor}"
    return None


def faults_in(document: Path, text: str) -> list[str]:
    """Every link and command of a document that is wrong, as `file:line: what: why`."""
    faults = []
    for link in markdown.links(text):
        if fault := link_fault(document, link.text):
            faults.append(f"{document}:{link.line}: {link.text}: {fault}")
    for command in markdown.commands(text):
        try:
            wrong = [fault for words in markdown.simple_commands(command.text) if (fault := fault_of(words))]
        except ValueError as error:
            wrong = [str(error)]
        faults += [f"{document}:{command.line}: {command.text}: {fault}" for fault in wrong]
    return faults


def check() -> Outcome:
    """Look through every Markdown file of the checkout."""
    documents = [path for path in tracked_files() if path.suffix == ".md"]
    faults = [fault for path in documents for fault in faults_in(path, (ROOT / path).read_text())]
    return Outcome(tuple(faults), f"{len(documents)} documents")
