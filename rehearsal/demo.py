"""The main job, shown step by step with real parts; every figure it prints was measured in this run."""

import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from console.errors import KilnError
from console.progress import Progress
from rehearsal import identity
from rehearsal.load import Load
from rehearsal.pipeline import TIERS, Page, Pipeline
from rehearsal.up import down, up

ENVIRONMENT = "stage"
FIRST_VERSION, SECOND_VERSION = "1.0.0", "1.1.0"
CHANGED_STACKS = ("Bastion", "Parameters", "Web")
"""By a new image of Web: the bastion, which has no recipe of its own, runs it, too."""
GROSS_CENTS = 350_000


def show(name: str, keep: bool, project: Path) -> dict[str, Any]:
    """Run the demonstration; gives its report. Ends the rehearsal afterwards, also when a step fails, unless `keep`."""
    progress = Progress()
    tell_tools(progress)
    if identity.load(name):
        raise KilnError(
            f"a rehearsal {name!r} is up, and the demonstration starts from nothing",
            next_step=f"python -m rehearsal down --name {name}",
        )
    finished = False
    try:
        state = up(name, 0, True, progress)
        report = walk(Pipeline(state, project), progress)
        finished = True
    finally:
        if not (keep and finished):
            with progress.step("everything down"):
                down(name)
    summarize(progress)
    if keep:
        progress.console.print("\nIt is still up. Go on by hand:", markup=False)
        progress.console.print(
            f"  source .venv/bin/activate && source <(python -m rehearsal env --name {name})\n"
            f"  curl https://{report['host_name']}/",
            markup=False,
            soft_wrap=True,
        )
    return report


def tell_tools(progress: Progress) -> None:
    """Step 1: what `make setup` has set up."""
    with progress.step("tools") as step:
        done = subprocess.run(
            [sys.executable, "-m", "toolchain", "doctor", "--json"], capture_output=True, text=True, check=False
        )
        tools = json.loads(done.stdout)["tools"]
        versions = [t for t in tools if t["found"] and re.match(r"\d", t["found"])]
        step.result = ", ".join(f"{t['name']} {t['found']}" for t in versions)
        if done.returncode:
            raise KilnError("a tool is missing", found=done.stdout, next_step="make setup")


def walk(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Steps 3 to 9."""
    report: dict[str, Any] = {}
    with progress.step("cdk deploy Payroll-Tooling") as step:
        pipeline.deploy("Payroll-Tooling")
        step.result = "the place where images are baked and kept"

    pipeline.release_version(FIRST_VERSION)
    report["first_bake"] = bake_tiers(pipeline, progress)
    with progress.step("cdk deploy Payroll-Stage") as step:
        pipeline.deploy("Payroll-Stage")
        url = pipeline.output(ENVIRONMENT, "Payroll-Stage", "ServiceUrl")
        # The bootstrap stack is not ours.
        step.result = f"{len(pipeline.stack_updates(ENVIRONMENT)) - 1} stacks; {url}"
    report["host_name"] = pipeline.endpoint(ENVIRONMENT).host_name
    report["first_page"] = asdict(look(pipeline, progress, report["first_bake"], FIRST_VERSION))

    report["payslip"] = payslip(pipeline, progress)

    pipeline.release_version(SECOND_VERSION)
    report["second_bake"] = bake(pipeline, progress, f"version {SECOND_VERSION}")
    report["rolling"] = roll(pipeline, progress)
    report["second_page"] = asdict(look(pipeline, progress, report["second_bake"], SECOND_VERSION))

    report["third_bake"] = bake(pipeline, progress, "nothing changed")
    if report["third_bake"]["action"] != "reused":
        raise KilnError("an unchanged image was baked again", found=report["third_bake"]["reason"])
    report["digests"] = promote(pipeline, progress)
    report["steps"] = [asdict(s) for s in progress.steps]
    return report


def bake_tiers(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """`python -m bake` of all tiers, and what they stand on; gives what it says of Web."""
    with progress.step(f"python -m bake {' '.join(TIERS)}") as step:
        answers = pipeline.bake_tiers()
        step.result = ", ".join(f"{tier} {answer['action']}" for tier, answer in answers.items())
    return answers["web"]


def payslip(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """A payslip from Web through Worker to Worker-Calculation. Raises KilnError unless it is done."""
    with progress.step("a payslip, through Web, Worker and Worker-Calculation") as step:
        said = pipeline.payslip(ENVIRONMENT, employee="4711", month="2026-01", gross_cents=GROSS_CENTS)
        if said["state"] != "done":
            raise KilnError("the payslip is not done", found=str(said))
        step.result = f"gross {said['gross_cents'] / 100:.2f}, net {said['net_cents'] / 100:.2f}"
    return said


def bake(pipeline: Pipeline, progress: Progress, what: str) -> dict[str, Any]:
    """`python -m bake web`."""
    with progress.step(f"python -m bake web, {what}") as step:
        answer = pipeline.bake("web")
        step.result = f"{answer['action']}: {', '.join(answer['image_ids'].values())} ({answer['reason']})"
    return answer


def look(pipeline: Pipeline, progress: Progress, baked: dict[str, Any], version: str) -> Page:
    """An HTTPS request through the load balancer. Raises KilnError unless the page comes from the baked image."""
    host = pipeline.endpoint(ENVIRONMENT).host_name
    with progress.step(f"https://{host}/, version {version}") as step:
        page = pipeline.page(ENVIRONMENT)
        step.result = f"{page.tier} {page.version} · {page.image_id} · {page.instance_id} · {page.environment}"
        images = set(baked["image_ids"].values())
        if page.image_id not in images or page.version != version:
            raise KilnError("the page is not of this image", found=str(page), expected=f"{version} of {images}")
    return page


def roll(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """The second version goes to Stage while a client asks on and on.

    Raises KilnError where another stack changed than those that name the image, or a request failed.
    """
    before = pipeline.stack_updates(ENVIRONMENT)
    at = pipeline.endpoint(ENVIRONMENT)
    with progress.step(f"cdk deploy Payroll-Stage, version {SECOND_VERSION}, under load") as step:
        with Load(at.address, at.host_name, pipeline.state.identity.ca, enter=pipeline.enter) as load:
            pipeline.deploy("Payroll-Stage")
        after = pipeline.stack_updates(ENVIRONMENT)
        changed = sorted(name for name in after if after[name] != before.get(name))
        figures = load.figures()
        step.result = f"changed: {', '.join(changed)}; {figures.failed} of {figures.requests} requests failed"
        expected = [f"Payroll-Stage-{stack}" for stack in CHANGED_STACKS]
        if changed != expected:
            raise KilnError(
                "other stacks changed than those that name the image", found=step.result, expected=str(expected)
            )
        if figures.failed or not figures.requests:
            raise KilnError("requests failed while the instances were replaced", found=step.result)
    return {"changed": changed, "requests": figures.requests, "failed": figures.failed}


def promote(pipeline: Pipeline, progress: Progress) -> dict[str, str]:
    """The same templates and the same image go to Production. Raises KilnError where a template differs."""
    with progress.step("cdk deploy Payroll-Production") as step:
        pipeline.deploy("Payroll-Production")
        stage = pipeline.template_digests(ENVIRONMENT, "Payroll-Stage")
        production = pipeline.template_digests("production", "Payroll-Production")
        shared = {name: digest for name, digest in stage.items() if name != "Parameters"}
        if shared != {name: digest for name, digest in production.items() if name != "Parameters"}:
            raise KilnError("Stage and Production have different templates", found=f"{stage} {production}")
        same_image = pipeline.launch_template_images(ENVIRONMENT) == pipeline.launch_template_images("production")
        if not same_image:
            raise KilnError("Stage and Production have different images")
        step.result = f"the same {len(shared)} templates as Stage, byte for byte, and the same AMI"
    return shared


def summarize(progress: Progress) -> None:
    """Where the time went."""
    table = Table("step", "seconds", "share", title="Where the time went", title_justify="left")
    total = sum(s.seconds for s in progress.steps) or 1.0
    for step in progress.steps:
        table.add_row(step.name, f"{step.seconds:.1f}", f"{step.seconds / total:.0%}")
    table.add_row("all", f"{total:.1f}", "")
    progress.console.print(table)
