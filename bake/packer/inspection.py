"""What a template defines, as `packer inspect` tells it. Pure: its text in, typed values out.

Packer resolves variables and locals and reads data sources for it; it contacts nothing but what data sources ask.
It does not tell types of variables, error-cleanup-provisioners, or the settings of anything.
Of a legacy JSON template it tells no locals and no post-processors, and its sources by name.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bake.packer.events import HIDDEN, Event, Other

JSON_MODE = "Packer Inspect: JSON mode"
VALUE = re.compile(r'(?P<scope>var|local)\.(?P<name>[\w-]+): "(?P<value>.*)"')
UNNAMED = re.compile(r"<unnamed build \d+>")
NOTHING = re.compile(r"<no (source|provisioner|post-processor)>")
GO_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", re.DOTALL)
GO_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Value:
    """A variable or a local.

    `text` is its value: of a text the text itself, of anything else as HCL writes it; None where it has no value yet.
    Of a sensitive one the text has `<sensitive>` in its place, and `sensitive` is true.
    """

    text: str | None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Component:
    """A source, a provisioner or a post-processor: its type, and its name where it has one."""

    type: str
    name: str | None = None

    @classmethod
    def of(cls, text: str) -> "Component":
        type_, dot, name = text.partition(".")
        return cls(type_, name if dot else None)


@dataclass(frozen=True, slots=True)
class BuildBlock:
    """A `build` block. `post_processors` are chains: each chain begins with the artifact of the builder."""

    name: str | None
    description: str = ""
    sources: tuple[Component, ...] = ()
    provisioners: tuple[Component, ...] = ()
    post_processors: tuple[tuple[Component, ...], ...] = ()

    @property
    def builds(self) -> tuple[str, ...]:
        """The names of its builds, as `only` and `expected` take them: `null.one`, in a named block `tools.null.one`.

        Of a legacy JSON template `only` takes them without the type.
        """
        prefix = f"{self.name}." if self.name else ""
        return tuple(f"{prefix}{source.type}.{source.name}" if source.name else source.type for source in self.sources)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a template defines."""

    variables: dict[str, Value]
    locals: dict[str, Value]
    blocks: tuple[BuildBlock, ...]

    @property
    def builds(self) -> tuple[str, ...]:
        """The names of all builds."""
        return tuple(name for block in self.blocks for name in block.builds)


def read(lines: Iterable[str]) -> Inspection:
    """The inspection of an HCL template, from the output of `packer inspect` for people."""
    lines = list(lines)
    border = lines.index("> builds:") if "> builds:" in lines else len(lines)
    values: dict[str, dict[str, Value]] = {"var": {}, "local": {}}
    for line in lines[:border]:
        if found := VALUE.fullmatch(line):
            values[found["scope"]][found["name"]] = _value(found["value"])
    return Inspection(values["var"], values["local"], tuple(_blocks(lines[border + 1 :])))


def _value(quoted: str) -> Value:
    text = _unquoted(quoted)
    return Value(None if text == "<unknown>" else text, sensitive=HIDDEN in text)


def _unquoted(quoted: str) -> str:
    """What Go has put between quotes with `%q`, https://pkg.go.dev/strconv#Quote."""

    def replaced(escape: re.Match[str]) -> str:
        code = escape[1]
        return chr(int(code[1:], 16)) if len(code) > 1 else GO_LETTERS.get(code, code)

    return GO_ESCAPE.sub(replaced, quoted)


def _blocks(lines: list[str]) -> Iterator[BuildBlock]:
    begins = [n for n, line in enumerate(lines) if re.fullmatch(r"  > .*:", line) and not _describes(line)]
    for begin, end in zip(begins, [*begins, len(lines)][1:], strict=True):
        name = lines[begin][4:-1]
        yield _block(None if UNNAMED.fullmatch(name) else name, lines[begin + 1 : end])


def _describes(line: str) -> bool:
    return line.startswith("  > Description: ")


def _block(name: str | None, lines: list[str]) -> BuildBlock:
    sections: dict[str, list[str]] = {"description": []}
    section = sections["description"]
    for line in lines:
        if line in ("    sources:", "    provisioners:", "    post-processors:"):
            section = sections.setdefault(line.strip(" :"), [])
        else:
            section.append(line)
    chains: list[list[Component]] = []
    for line in _filled(sections.get("post-processors", [])):
        if re.fullmatch(r" {6}\d+:", line):
            chains.append([])
        elif chains:
            chains[-1].append(Component.of(line.strip()))
    return BuildBlock(
        name,
        "\n".join(sections["description"]).strip().removeprefix("> Description: "),
        tuple(Component.of(line.strip()) for line in _filled(sections.get("sources", []))),
        tuple(Component.of(line.strip()) for line in _filled(sections.get("provisioners", []))),
        tuple(tuple(chain) for chain in chains),
    )


def _filled(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if line.strip() and not NOTHING.fullmatch(line.strip()))


def read_json_mode(events: Iterable[Event]) -> Inspection:
    """The inspection of a legacy JSON template, from the typed lines of `packer inspect -machine-readable`."""
    variables: dict[str, Value] = {}
    sources: list[Component] = []
    provisioners: list[Component] = []
    for event in events:
        match event:
            case Other(kind="template-variable", data=(name, default, required)):
                variables[name] = Value(None if required == "1" else default, sensitive=HIDDEN in default)
            case Other(kind="template-builder", data=(name, type_)):
                sources.append(Component(type_, None if name == type_ else name))
            case Other(kind="template-provisioner", data=(type_, *_)):
                provisioners.append(Component(type_))
    return Inspection(variables, {}, (BuildBlock(None, "", tuple(sources), tuple(provisioners)),))
