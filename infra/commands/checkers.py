"""`python -m infra nag` and `python -m infra lint`: public checkers, with the ledger of exceptions."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date

import click

from console.command import print_json
from console.errors import ExitCode
from infra import exceptions as ledger
from infra.commands import EXIT_CODES
from infra.exceptions import Entry, Observed
from infra.mistakes import Mistake


def _epilog(command: str) -> str:
    return f"\b\nExample: python -m infra {command} --json\n\b\n{EXIT_CODES}\n"


@click.command(epilog=_epilog("nag"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def nag(as_json: bool) -> int:
    """Whether cdk-nag finds nothing in the templates that infra/exceptions.toml does not explain.

    Its packs are AwsSolutions, NIST 800-53 revision 5 and PCI DSS 3.2.1.
    """
    from infra import nag as checker
    from infra import synthesized

    environments = synthesized.by_account(synthesized.synthesize())
    observed = checker.observe(
        {name: {stack.source: stack.template for stack in of} for name, of in environments.items()}
    )
    return _judge("cdk-nag", ledger.load(), observed, ledger.is_nag, as_json)


@click.command(epilog=_epilog("lint"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def lint(as_json: bool) -> int:
    """Whether cfn-lint finds nothing in the templates that infra/exceptions.toml does not explain."""
    from infra import lint as checker
    from infra import synthesized

    observed = checker.observe(synthesized.synthesize())
    return _judge("cfn-lint", ledger.load(), observed, ledger.is_lint, as_json)


def _judge(
    name: str, entries: Sequence[Entry], observed: Sequence[Observed], is_meant: Callable[[str], bool], as_json: bool
) -> int:
    mine = [entry for entry in entries if any(map(is_meant, entry.rules))]
    unexplained = ledger.open_ones(mine, observed)
    mistakes: list[Mistake] = [
        *ledger.stale(mine, observed, is_meant),
        *ledger.expired(mine, date.today()),
    ]
    if as_json:
        print_json({"unexplained": [asdict(o) for o in unexplained], "mistakes": [asdict(m) for m in mistakes]})
    else:
        for text, where in _by_place(unexplained).items():
            click.echo(f"{text}\n  in {', '.join(where)}\n")
        for mistake in mistakes:
            click.echo(f"{mistake.key}\n  found:    {mistake.found}\n  expected: {mistake.expected}\n")
        click.echo(
            f"{name}: {len(observed)} findings, {len(unexplained)} of them unexplained; "
            f"{len(mistakes)} wrong entries in {ledger.LEDGER.name}"
        )
    return ExitCode.FAILED if unexplained or mistakes else ExitCode.DONE


def _by_place(found: Sequence[Observed]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for one in found:
        texts.setdefault(f"{one.rule} at {one.where}\n  {one.text}", []).append(one.environment)
    return texts
