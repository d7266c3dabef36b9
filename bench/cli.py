"""The command `python -m bench`."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.measure import Table
from console.command import print_json
from console.errors import NotReady
from console.progress import Progress

EPILOG = """\b
Examples:
  make bench
  python -m bench synth
  python -m rehearsal run -- python -m bench bake --json
\b
Exit codes: 0 done, 1 a measured command failed, 2 bad input, 3 not ready (no rehearsal), 130 interrupted.
"""
SUBJECTS = ("deployment", "bake", "synth")
ROUNDS = 3
TOOLS = ("python", "node", "cdk", "packer", "packer plugin amazon", "podman", "haproxy")
HEAD = """# Benchmarks

Written by `make bench`; every figure is of the one run named here. The variants of a table took turns on the same
machine, so their ratios say something; the seconds say nothing about another machine, and nothing about AWS. The first
line of each table is what the others are compared with.
"""


@click.command(epilog=EPILOG)
@click.argument("subjects", nargs=-1, type=click.Choice(SUBJECTS))
@click.option("--rounds", type=click.IntRange(1, 4), default=ROUNDS, show_default=True, help="Runs of each variant.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the tables to this file too.")
def bench(subjects: tuple[str, ...], rounds: int, as_json: bool, output: Path | None) -> None:
    """Measure SUBJECTS, or all of them, side by side: deployment, bake, synth.

    All but synth need a new rehearsal around them: `python -m rehearsal run -- python -m bench`.
    """
    chosen = tuple(one for one in SUBJECTS if one in (subjects or SUBJECTS))
    if set(chosen) - {"synth"} and not os.environ.get("KILN_REHEARSAL"):
        raise NotReady(
            "this is not the environment of a rehearsal",
            where="KILN_REHEARSAL",
            next_step=f"python -m rehearsal run -- python -m bench {' '.join(subjects)}".strip(),
        )
    progress, tables, load = Progress(), list[Table](), os.getloadavg()[0]
    for subject in chosen:
        with progress.step(f"measure {subject}"):
            tables += measure(subject, rounds)
    text = "\n\n".join(table.markdown() for table in tables)
    if output:
        output.write_text(f"{HEAD}\n{circumstances(load)}\n\n{text}\n", encoding="utf-8")
    if as_json:
        print_json({"tables": [{**asdict(table), "ratios": table.ratios} for table in tables]})
    else:
        click.echo(text)


def measure(subject: str, rounds: int) -> tuple[Table, ...]:
    """The tables of one subject."""
    from bench import bake, deployment, synth

    if subject == "deployment":
        return deployment.measure(rounds)
    if subject == "bake":
        return bake.measure(rounds)
    return (synth.measure(rounds),)


def circumstances(load: float) -> str:
    """Day, processors, the machine's load before the first measurement, and the versions of what was measured."""
    command = [sys.executable, "-m", "toolchain", "doctor", "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = {tool["name"]: tool["found"] for tool in json.loads(answer)["tools"]}
    versions = ", ".join(f"{name} {found[name]}" for name in TOOLS if name in found)
    machine = f"{os.cpu_count()} processors, load {load:.1f} before it began"
    return f"{datetime.now(UTC):%d %B %Y}, {machine}. Versions: {versions}."
