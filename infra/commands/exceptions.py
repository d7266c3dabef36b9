"""`python -m infra exceptions`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import click

from console.command import print_json
from console.errors import ExitCode
from infra import exceptions as ledger
from infra.commands import EXIT_CODES
from infra.exceptions import Entry
from infra.mistakes import Mistake

EPILOG = f"""\b
Example: python -m infra exceptions --json
\b
{EXIT_CODES}
"""


@click.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def exceptions(as_json: bool) -> int:
    """What breaks a promise or a rule, why it is right, who answers for it, and until when.

    Fails where an entry has expired, is needed by nothing, or names what there is not. What the entries about cdk-nag
    and cfn-lint explain is seen by `python -m infra nag` and `python -m infra lint`.
    """
    from infra import parameters, synthesized
    from infra.promises import environments, observed
    from kiln.promises import PROMISES, findings

    today = date.today()
    entries = ledger.load()
    places = environments(synthesized.synthesize(), parameters.load_all())
    found = [finding for place in places for finding in findings(place, PROMISES)]
    mistakes = [
        *ledger.expired(entries, today),
        *ledger.unknown(entries, {promise.id for promise in PROMISES}),
        *ledger.stale(entries, observed(found), ledger.is_promise),
        *ledger.exemptions(places, PROMISES, today),
    ]
    own = ledger.exempted(found)
    if as_json:
        said = {"exceptions": [entry.model_dump() for entry in entries], "exemptions": _rows(own)}
        print_json(said | {"mistakes": [asdict(mistake) for mistake in mistakes]})
    else:
        _say(entries, _rows(own), mistakes)
    return ExitCode.FAILED if mistakes else ExitCode.DONE


def _rows(own: dict[tuple[str, str, str], set[str]]) -> list[dict[str, object]]:
    keys = ("rule", "where", "reason")
    return [{**dict(zip(keys, key, strict=True)), "environments": sorted(of)} for key, of in sorted(own.items())]


def _say(entries: Sequence[Entry], own: Sequence[dict[str, object]], mistakes: Sequence[Mistake]) -> None:
    click.echo("Said by constructs, of a resource:")
    for row in own:
        click.echo(f"  {row['rule']} at {row['where']}\n    {row['reason']}")
    click.echo("\nSaid in infra/exceptions.toml:")
    for entry in sorted(entries, key=lambda entry: entry.expires):
        click.echo(f"  {', '.join(entry.rules)} at {', '.join(entry.where)}")
        click.echo(f"    {entry.reason} ({entry.owner}, {entry.expires})")
    for mistake in mistakes:
        click.echo(f"\n{mistake.key}\n  found:    {mistake.found}\n  expected: {mistake.expected}", err=True)
    click.echo(f"\n{len(own) + len(entries)} exceptions, {len(mistakes)} of them wrong")
