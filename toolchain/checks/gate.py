"""The one gate: every check, two at a time, each with its line, time and result."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from console.errors import BadInput
from console.progress import Progress
from toolchain.checks import contracts, docs, nag, recipes, templates, words
from toolchain.checks.outcome import Check, Outcome, tool

CHECKS = (
    Check("format", "the code is formatted: ruff format", tool("ruff", "format", "--check", ".")),
    Check("lint", "the code has no known faults: ruff check", tool("ruff", "check", "--output-format", "concise", ".")),
    Check("types", "the types are right: mypy --strict", tool("mypy")),
    Check("imports", "rooms import only whom they may: import-linter", tool("lint-imports", "--no-cache")),
    Check("words", "no file names a machine or a registry", words.check),
    Check("recipes", "Packer takes every recipe: packer fmt, packer validate", recipes.check),
    Check("templates", "CloudFormation would take every template: cfn-lint", templates.check),
    Check("nag", "cdk-nag finds nothing that the ledger of exceptions does not explain", nag.check),
    Check("contracts", "stacks fit together, no state is lost, no permission is missing", contracts.check),
    Check("docs", "every link of the docs resolves, every command exists", docs.check),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One check's outcome and its time."""

    name: str
    passed: bool
    seconds: float
    counted: str
    faults: tuple[str, ...]


def chosen(names: Sequence[str]) -> tuple[Check, ...]:
    """The checks of these names, in the gate's order; all of them for no name.

    Errors: BadInput for a name that no check has.
    """
    known = {check.name: check for check in CHECKS}
    for name in names:
        if name not in known:
            raise BadInput("there is no such check", found=name, expected=", ".join(known))
    return tuple(check for check in CHECKS if not names or check.name in names)


def timed(check: Check) -> Result:
    """Run one check."""
    began = time.monotonic()
    outcome: Outcome = check.run()
    return Result(check.name, outcome.passed, time.monotonic() - began, outcome.counted, outcome.faults)


def run(checks: Sequence[Check], progress: Progress) -> tuple[Result, ...]:
    """Run the checks and print a line for each as soon as it is known, then all faults."""
    results = []
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        for check, pending in [(check, pool.submit(timed, check)) for check in checks]:
            result = pending.result()
            results.append(result)
            said = result.counted if result.passed else "see below"
            mark = "✓" if result.passed else "✗"
            progress.console.print(
                f"{mark} {result.name:10} {result.seconds:5.1f} s  {check.purpose}  ({said})",
                markup=False,
                soft_wrap=True,
            )
    for result in results:
        for fault in result.faults:
            progress.console.print(f"\n[{result.name}] {fault}", markup=False, soft_wrap=True)
    return tuple(results)


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """One object: `passed`, and the results."""
    return {"passed": all(result.passed for result in results), "checks": [asdict(result) for result in results]}
