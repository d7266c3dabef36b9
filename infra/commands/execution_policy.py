"""`python -m infra execution-policy`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from console.command import print_json
from console.errors import BadInput, ExitCode
from infra.commands import EXIT_CODES

FILE = Path(__file__).resolve().parent.parent / "permissions" / "policies.json"
NEXT = "python -m infra execution-policy"

EPILOG = f"""\b
Examples:
  python -m infra execution-policy       # compute anew, from the templates; review the change in git
  AWS_PROFILE=stage python -m infra execution-policy --apply
\b
{EXIT_CODES}
"""


@click.command("execution-policy", epilog=EPILOG)
@click.option(
    "--apply", "apply_", is_flag=True, help="Put the policies of the file into the account of the credentials."
)
@click.option("--check", is_flag=True, help="Change nothing: fail where the file is not what the templates need.")
@click.option("--dry-run", is_flag=True, help="With --apply: say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def execution_policy(apply_: bool, check: bool, dry_run: bool, as_json: bool) -> int:
    """What a deployment may do: execution policies and the permissions boundary, computed from the templates.

    Without options, writes infra/permissions/policies.json, which is reviewed in git.
    """
    if dry_run and not apply_:
        raise click.UsageError("--dry-run goes with --apply")
    return _apply(dry_run, as_json) if apply_ else _compute(check, as_json)


def _compute(check: bool, as_json: bool) -> int:
    from infra import synthesized
    from infra.permissions.policies import compute, size

    documents = compute(synthesized.synthesize()).by_name()
    text = json.dumps(documents, indent=2) + "\n"
    same = FILE.exists() and FILE.read_text("utf-8") == text
    if not check:
        FILE.write_text(text, "utf-8")
    if as_json:
        print_json({"current": same, "policies": documents})
    else:
        for name, document in documents.items():
            click.echo(f"{name}: {size(document)} characters")
        if check and not same:
            click.echo(f"the templates need other permissions than {FILE.name} has. Run: {NEXT}", err=True)
    return ExitCode.FAILED if check and not same else ExitCode.DONE


def _apply(dry_run: bool, as_json: bool) -> int:
    from infra.permissions import BOUNDARY
    from infra.permissions.account import PolicyAccount, plan

    documents = _tracked()
    account = PolicyAccount()
    steps = plan(documents, {name: account.document(name) for name in documents})
    for step in steps:
        if not dry_run:
            account.put(step, documents[step.name])
        if not as_json:
            click.echo(f"{'would ' if dry_run else ''}{step.action} {step.name}: {step.reason}")
    execution = [account.arn(name) for name in documents if name != BOUNDARY]
    if as_json:
        print_json({"account": account.id, "steps": [asdict(step) for step in steps], "execution_policies": execution})
    else:
        click.echo(f"\ncdk bootstrap --cloudformation-execution-policies {','.join(execution)}")
    return ExitCode.DONE


def _tracked() -> dict[str, Any]:
    try:
        return dict(json.loads(FILE.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise BadInput(
            "the file of the policies cannot be read", where=str(FILE), found=str(error), next_step=NEXT
        ) from error
