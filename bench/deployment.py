"""`cdk deploy` of an environment against the longest path and the sum of its stacks, and the embedded AWS's memory.

How long a stack takes is what CloudFormation says: from its first to its last event of one deployment. The longest path
is what a deployment would take if only the dependencies between stacks held it up.
"""

import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bake.place import TOOLING_STACK
from bake.recipe import tiers
from bench.measure import Table, goal, timed
from infra import parameters

NAMES = ("Stage", "Acceptance", "InternalTest", "Production")
GOAL = 1.3
PATH = "the longest path of its stacks"
DEPLOY = "`cdk deploy`, a new environment"


def deploy(folder: Path, *words: str) -> float:
    """Seconds of `cdk deploy`, with the assembly in `folder`."""
    return timed(["cdk", "deploy", *words, "--output", str(folder)])[0]


def new_image_of_web(name: str) -> tuple[str, ...]:
    """The stacks that give Web a new image, and no other machine one."""
    return "--exclusively", f"Payroll-{name}/Parameters", f"Payroll-{name}/Web"


def seconds_by_stack(name: str, since: datetime) -> dict[str, float]:
    """Stack name → seconds, of the stacks of an environment that were deployed since a moment."""
    import boto3

    slug = next(one.slug for one in parameters.load_all() if one.name == name)
    cloudformation = boto3.Session(profile_name=slug).client("cloudformation")
    seconds = {}
    for stack in cloudformation.describe_stacks()["Stacks"]:
        if stack["StackName"].startswith(f"Payroll-{name}"):
            events = cloudformation.describe_stack_events(StackName=stack["StackName"])["StackEvents"]
            times = [event["Timestamp"] for event in events if event["Timestamp"] >= since]
            if times:
                seconds[stack["StackName"]] = (max(times) - min(times)).total_seconds()
    return seconds


def dependencies(manifest: Mapping[str, Any]) -> dict[str, set[str]]:
    """Stack name → the names of the stacks that it waits for, from an assembly's manifest."""
    stacks = {key: one for key, one in manifest["artifacts"].items() if one["type"] == "aws:cloudformation:stack"}
    names = {key: one.get("properties", {}).get("stackName", key) for key, one in stacks.items()}
    return {
        names[key]: {names[other] for other in one.get("dependencies", ()) if other in stacks}
        for key, one in stacks.items()
    }


def longest_path(seconds: Mapping[str, float], needs: Mapping[str, set[str]]) -> float:
    """The largest sum of seconds along the dependencies between stacks; a stack without seconds took none."""
    known: dict[str, float] = {}

    def until(stack: str) -> float:
        if stack not in known:
            known[stack] = seconds.get(stack, 0.0) + max((until(one) for one in needs.get(stack, ())), default=0.0)
        return known[stack]

    return max(until(stack) for stack in seconds)


def resident_mib() -> float:
    """Resident memory of the process of the embedded AWS, in MiB."""
    command = [sys.executable, "-m", "rehearsal", "status", "--name", os.environ["KILN_REHEARSAL"], "--json"]
    status = Path(f"/proc/{json.loads(timed(command)[1])['pid']}/status").read_text()
    line = next(row for row in status.splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def measure(rounds: int) -> tuple[Table, Table]:
    """Times and memory; the rounds are environments, each new in its account. Bakes the images that are deployed."""
    times: dict[str, list[float]] = defaultdict(list)
    memory = {"bootstrapped, nothing deployed": [resident_mib()]}
    with tempfile.TemporaryDirectory() as scratch:
        assembly = Path(scratch) / "cdk.out"
        timed(["cdk", "deploy", TOOLING_STACK, "--output", str(assembly)])
        memory["with Tooling"] = [resident_mib()]
        timed([sys.executable, "-m", "bake", *tiers()])
        timed(["cdk", "synth", "--quiet", "--output", str(assembly)])  # has a table of its own
        needs: dict[str, set[str]] = {}
        for name in NAMES[:rounds]:
            began = datetime.now(UTC)
            whole = deploy(assembly, f"Payroll-{name}")
            seconds = seconds_by_stack(name, began)
            needs = needs or dependencies(json.loads((assembly / "manifest.json").read_text()))
            times[PATH].append(longest_path(seconds, needs))
            times["the sum of its stacks"].append(sum(seconds.values()))
            times[DEPLOY].append(whole)
            if "with Tooling, an image and Stage" not in memory:
                memory["with Tooling, an image and Stage"] = [resident_mib()]
            times["`cdk deploy`, nothing changed"].append(deploy(assembly, f"Payroll-{name}"))
        timed([sys.executable, "-m", "bake", "web", "--force"])
        for name in NAMES[:rounds]:
            seconds_of_roll = deploy(assembly, *new_image_of_web(name))
            times["`cdk deploy`, a new image of Web: its instances replaced"].append(seconds_of_roll)
    note = (
        f"Runs are environments: {', '.join(NAMES[:rounds])}, of {len(seconds)} stacks each. "
        "Their assembly was there: what its synthesis takes is in the table below."
    )
    table = Table("Deployment", times, notes=(note,))
    ratio = goal("A new environment against its longest path", table.ratios[DEPLOY], GOAL)
    size = "Resident memory of its one process; the machines behind its instances are not in it."
    return replace(table, notes=(note, ratio)), Table("Memory of the embedded AWS", memory, "MiB", (size,))
