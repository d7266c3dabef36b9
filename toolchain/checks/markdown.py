"""What a Markdown text holds that can be wrong: links, headings to link to, and commands to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"^\s*(```+|~~~+)\s*(\w*)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
SHELLS = frozenset({"sh", "bash", "console"})
# Programs of ours that are checked even where the text only mentions them.
MENTIONED = re.compile(r"^(?:make [a-z]+|kiln [a-z]+|python -m (?:bake|infra|rehearsal|toolchain))\b")
OPERATORS = frozenset("();<>|&")


@dataclass(frozen=True, slots=True)
class Found:
    """A link or a command, and its line in the text (from 1)."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of prose (`language` is None) or of a fenced block."""

    number: int
    text: str
    language: str | None


def lines(text: str) -> Iterator[Line]:
    """The lines of a text without the fences themselves."""
    fence, language = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if not fence and mark:
            fence, language = mark[1], mark[2]
        elif fence and mark and mark[1].startswith(fence) and not mark[2]:
            fence = ""
        else:
            yield Line(number, line, language if fence else None)


def links(text: str) -> list[Found]:
    """The targets of all links in prose."""
    return [
        Found(line.number, target)
        for line in lines(text)
        if line.language is None
        for target in LINK.findall(CODE.sub("", line.text))
    ]


def anchors(text: str) -> set[str]:
    """What a link to this text may name after `#`: its headings, as GitHub turns them into ids."""
    slugs: set[str] = set()
    for line in lines(text):
        if line.language is None and (heading := re.match(r"#+\s+(.*)", line.text)):
            kept = re.sub(r"[^\w\- ]", "", heading[1].strip().lower())
            slugs.add(kept.replace(" ", "-"))
    return slugs


def commands(text: str) -> list[Found]:
    """All command lines to type: the lines of shell blocks, and Kiln's own commands where prose mentions them."""
    found: list[Found] = []
    begun = ""
    for line in lines(text):
        if line.language is None:
            found += [Found(line.number, code) for code in CODE.findall(line.text) if MENTIONED.match(code)]
        elif line.language in SHELLS:
            typed = line.text.strip()
            if line.language == "console":
                if not typed.startswith("$ "):
                    continue  # output
                typed = typed.removeprefix("$ ")
            if typed.endswith("\\"):
                begun += typed.removesuffix("\\")
                continue
            if begun or typed:
                found.append(Found(line.number, begun + typed))
            begun = ""
    return found


def simple_commands(line: str) -> list[list[str]]:
    """The words of each simple command of a command line, without comments, settings in front, and `sudo`.

    Errors: ValueError for a quotation that does not end.
    """
    lexer = shlex.shlex(line.replace("…", " "), posix=True, punctuation_chars=True)
    lexer.wordchars += "{},@%:+"
    simple: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= OPERATORS:
            simple.append([])
        elif not simple[-1] and (re.match(r"^\w+=", word) or word in ("sudo", "time")):
            continue
        else:
            simple[-1].append(word)
    return [words for words in simple if words]
