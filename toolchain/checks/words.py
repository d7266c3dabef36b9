"""Files must not name the machine they were written on, nor the host of a package registry.

Both work on one machine and fail on the next: a path of somebody's checkout, a registry that a company replaces by its
own. Registries are left to the configuration of the clients (pip, uv, npm, Go, apt).
"""

import re

from toolchain.checks.outcome import Outcome, tracked_files
from toolchain.layout import ROOT

LARGEST_BYTES = 4 << 20
FORBIDDEN = {
    r"(?<![\w./-])/work/(?:main|shared)\b": "a path of one machine",
    r"(?<![\w./-])/home/(?!admin\b)\w+/": "a path of one machine",
    r"(?<![\w./-])/Users/\w+/": "a path of one machine",
    r"(?<![\w./-])/tmp/k[w]\b": "a path of one machine",
    r"\bpypi\.org\b|\bfiles\.pythonhosted\.org\b": "the host of a package registry",
    r"\bregistry\.(?:npmjs|yarnpkg)\.(?:org|com)\b": "the host of a package registry",
    r"\b(?:proxy|sum)\.golang\.org\b": "the host of a package registry",
    r"\b(?:deb|security)\.debian\.org\b|\b(?:archive|security)\.ubuntu\.com\b": "the host of a package registry",
    r"\b(?:index\.)?crates\.io\b|\brepo1\.maven\.org\b": "the host of a package registry",
}
PATTERNS = {re.compile(pattern): meaning for pattern, meaning in FORBIDDEN.items()}


def faults_in(name: str, text: str) -> list[str]:
    """Every forbidden word of a text, as `file:line: word is …`."""
    return [
        f"{name}:{number}: `{found[0]}` is {meaning}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, meaning in PATTERNS.items()
        for found in pattern.finditer(line)
    ]


def check() -> Outcome:
    """Look through every tracked text file."""
    faults: list[str] = []
    files = [path for path in tracked_files() if (ROOT / path).stat().st_size <= LARGEST_BYTES]
    for path in files:
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            faults += faults_in(str(path), content.decode(errors="replace"))
    return Outcome(tuple(faults), f"{len(files)} files")
