"""A deployment against the sum and the longest path of its stacks, and the memory of the embedded AWS.

    python -m rehearsal run -- python bench/deployment.py

Needs an image of the Web tier to deploy; bakes one first. Prints one table; every figure is of this run.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from console.errors import NotReady


def run(*command: str) -> float:
    """Seconds of a command that must succeed."""
    began = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def stack_seconds() -> dict[str, float]:
    """Seconds from the first to the last event of each of Payroll's stacks in Stage, from CloudFormation's events."""
    import boto3

    session = boto3.Session(profile_name="stage")
    cloudformation = session.client("cloudformation")
    seconds = {}
    for stack in cloudformation.describe_stacks()["Stacks"]:
        if stack["StackName"].startswith("Payroll-Stage"):
            events = cloudformation.describe_stack_events(StackName=stack["StackName"])["StackEvents"]
            times = [e["Timestamp"] for e in events]
            seconds[stack["StackName"]] = (max(times) - min(times)).total_seconds()
    return seconds


def longest_path(seconds: dict[str, float], needs: dict[str, set[str]]) -> float:
    """The longest sum of seconds along the dependencies between the stacks."""
    known: dict[str, float] = {}

    def until(stack: str) -> float:
        if stack not in known:
            known[stack] = seconds.get(stack, 0.0) + max((until(n) for n in needs.get(stack, ())), default=0.0)
        return known[stack]

    return max(until(stack) for stack in seconds)


def dependencies() -> dict[str, set[str]]:
    """Which stack of Stage waits for which, from the assembly's manifest."""
    artifacts: dict[str, Any] = json.loads(Path("cdk.out/manifest.json").read_text())["artifacts"]
    stacks = {n: a for n, a in artifacts.items() if a["type"] == "aws:cloudformation:stack"}
    name = {n: a.get("properties", {}).get("stackName", n) for n, a in stacks.items()}
    return {name[n]: {name[d] for d in a.get("dependencies", []) if d in stacks} for n, a in stacks.items()}


def memory_mib(pid: int) -> float:
    """Resident memory of the process of the embedded AWS, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    name = os.environ.get("KILN_REHEARSAL")
    if not name:
        raise NotReady("no rehearsal", next_step="python -m rehearsal run -- python bench/deployment.py")
    pid = json.loads(subprocess.check_output([sys.executable, "-m", "rehearsal", "status", "--name", name, "--json"]))[
        "pid"
    ]
    empty = memory_mib(pid)
    run("cdk", "deploy", "Payroll-Tooling")
    run("python", "-m", "bake", "web")
    synth = run("cdk", "synth", "--quiet")
    deploy = run("cdk", "deploy", "Payroll-Stage")
    again = run("cdk", "deploy", "Payroll-Stage")
    seconds = stack_seconds()
    total, path = sum(seconds.values()), longest_path(seconds, dependencies())
    rows = [
        ("deploy Payroll-Stage against the sum of its stacks", deploy / total),
        ("deploy Payroll-Stage against the longest path of its stacks", deploy / path),
        ("deploy with nothing changed against the first", again / deploy),
        ("synth of an unchanged app against the first deploy", synth / deploy),
        ("memory of the embedded AWS with Stage up against empty", memory_mib(pid) / empty),
    ]
    for what, ratio in rows:
        print(f"{what:62} {ratio:6.2f}×")
    print(f"memory: {empty:.0f} MiB empty, {memory_mib(pid):.0f} MiB with Tooling, an image and Stage")


if __name__ == "__main__":
    main()
