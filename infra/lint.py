"""cfn-lint over the templates: what CloudFormation itself would refuse, and what its authors advise against."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from console.errors import KilnError
from infra.exceptions import Observed
from infra.synthesized import Stack

Json = Any
PROGRAM = "from cfnlint.runner import main; raise SystemExit(main())"
FOUND_SOMETHING = frozenset({0, 2, 4, 6, 8, 10, 12, 14})
"""Exit codes of cfn-lint that are bits of what it found: https://github.com/aws-cloudformation/cfn-lint#exit-codes"""


def observe(stacks: Iterable[Stack]) -> tuple[Observed, ...]:
    """Everything that cfn-lint finds in the templates; each is looked at once, in its first environment."""
    first: dict[str, Stack] = {}
    for stack in stacks:
        first.setdefault(stack.source, stack)
    with tempfile.TemporaryDirectory(prefix="kiln-lint-") as folder:
        files = {name: Path(folder) / f"{name}.template.json" for name in first}
        for name, file in files.items():
            file.write_text(json.dumps(first[name].template, indent=1))
        return tuple(_observed(first[Path(m["Filename"]).name.removesuffix(".template.json")], m) for m in _run(files))


def _run(files: Mapping[str, Path]) -> list[Json]:
    command = [sys.executable, "-c", PROGRAM, "--format", "json", *map(str, files.values())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in FOUND_SOMETHING:
        raise KilnError("cfn-lint does not run", where=PROGRAM, found=done.stderr[-2000:])
    found: list[Json] = json.loads(done.stdout or "[]")
    return found


def _observed(stack: Stack, match: Json) -> Observed:
    path = match["Location"]["Path"] or []
    resource = stack.template["Resources"].get(path[1], {}) if len(path) > 1 and path[0] == "Resources" else {}
    where = resource.get("Metadata", {}).get("aws:cdk:path") or "/".join([stack.source, *map(str, path[:2])])
    text = f"{match['Message']} ({'/'.join(map(str, path))})"
    return Observed(match["Rule"]["Id"], where, stack.environment or stack.name, text)
