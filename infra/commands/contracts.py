"""`python -m infra contracts`."""

from dataclasses import asdict

import click

from console.command import print_json
from console.errors import ExitCode
from infra.commands import EXIT_CODES

EPILOG = f"""\b
Example: python -m infra contracts --json
\b
{EXIT_CODES}
"""


@click.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def contracts(as_json: bool) -> int:
    """Whether stacks and environments fit together: readers and writers, alarms and subscribers, openings, copies."""
    from infra import synthesized
    from infra.contracts import check

    stacks = synthesized.synthesize()
    broken = check(stacks)
    if as_json:
        print_json({"broken": [asdict(one) for one in broken]})
    else:
        for one in broken:
            click.echo(
                f"{one.contract}: {one.environment}, {one.where}\n  found:    {one.found}\n  expected: {one.expected}"
            )
        click.echo(f"{len(broken)} broken" if broken else f"every contract holds, over {len(stacks)} stacks")
    return ExitCode.FAILED if broken else ExitCode.DONE
