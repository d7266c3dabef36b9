"""The contracts between the shop's stacks, and the lock of what holds state: `python checks.py [--write]`."""

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from infra import contracts, lock, synthesized

LOCK = Path("stateful.lock.json")
LOCKS = TypeAdapter(dict[str, lock.Lock])


def check(assembly: Path, locks: Path, write: bool) -> int:
    """The exit code: 1 where something is broken, would be lost or is new; 2 without an assembly."""
    stages = {folder.name: synthesized.read(folder) for folder in sorted(assembly.glob("assembly-*"))}
    if not stages:
        print(f"error: no stage in {assembly}; run: cdk synth --quiet", file=sys.stderr)
        return 2
    broken = [one for stacks in stages.values() for one in contracts.check(stacks)]
    for one in broken:
        print(f"{one.environment}: {one.contract}: {one.where}: {one.found}; expected: {one.expected}")
    found = {name: lock.take(stacks) for name, stacks in stages.items()}
    if write:
        locks.write_text(json.dumps(LOCKS.dump_python(found, mode="json"), indent=1, sort_keys=True) + "\n", "utf-8")
        return int(bool(broken))
    known = LOCKS.validate_json(locks.read_text("utf-8")) if locks.exists() else {}
    changes = [one for name in known | found for one in lock.compare(known.get(name, {}), found.get(name, {}))]
    for change in changes:
        print(f"{change.where}: {change.what}" + (f"; lost: {change.lost}" if change.lost else ""))
    return int(bool(broken or changes))


if __name__ == "__main__":
    sys.exit(check(Path("cdk.out"), LOCK, "--write" in sys.argv))
