"""`python -m infra promises`."""

import time
from collections.abc import Sequence

import click

from console.command import print_json
from console.errors import BadInput, ExitCode
from infra.commands import EXIT_CODES
from kiln.promises import FAMILIES, PROMISES, Environment, Promise
from kiln.promises.proof import Proof, prove
from kiln.promises.rendering import as_data, as_markdown
from kiln.promises.specimens import SPECIMENS

EPILOG = f"""\b
Examples:
  python -m infra promises                        # what is promised
  python -m infra promises --prove                # break each promise in each template: every break must be found
  python -m infra promises --markdown > docs/promises.md
\b
{EXIT_CODES}
"""


@click.command(epilog=EPILOG)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--prove", "proving", is_flag=True, help="Break every promise on purpose; 1 where a break is not found.")
@click.option("--markdown", is_flag=True, help="The table of docs/promises.md.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def promises(ids: tuple[str, ...], proving: bool, markdown: bool, as_json: bool) -> int:
    """What every hardened setting is, why, and which controls ask for it.

    With IDs, only these.
    """
    chosen = _chosen(ids)
    if proving:
        return _prove(chosen, as_json)
    if as_json:
        print_json({"promises": [as_data(promise) for promise in chosen]})
    elif markdown:
        click.echo(as_markdown(FAMILIES), nl=False)
    else:
        for promise in chosen:
            asked = f"  [{', '.join(map(str, promise.controls))}]" if ids and promise.controls else ""
            click.echo(f"{promise.id:44} {promise.title}{asked}" + (f"\n{'':44} {promise.reason}" if ids else ""))
        click.echo(f"\n{len(chosen)} {'promise' if len(chosen) == 1 else 'promises'}")
    return ExitCode.DONE


def _chosen(ids: Sequence[str]) -> list[Promise]:
    known = {promise.id for promise in PROMISES}
    if unknown := [one for one in ids if one not in known]:
        raise BadInput("no promise has this id", found=", ".join(unknown), next_step="python -m infra promises")
    return [promise for promise in PROMISES if not ids or promise.id in ids]


def _prove(chosen: Sequence[Promise], as_json: bool) -> int:
    from infra import parameters, synthesized
    from infra.promises import environments

    began = time.monotonic()
    places = environments(synthesized.synthesize(), parameters.load_all())
    proofs = list(prove(chosen, places, [SPECIMENS]))
    broken = sum(proof.caught + len(proof.survivors) for proof in proofs)
    caught = sum(proof.caught for proof in proofs)
    bad = [proof for proof in proofs if not proof.holds]
    if as_json:
        print_json({"mutations": broken, "caught": caught, "proofs": [_data(proof) for proof in proofs]})
        return ExitCode.FAILED if bad else ExitCode.DONE
    for proof in bad:
        click.echo(f"✗ {proof.promise.id}: {proof.promise.title}")
        for survivor in proof.survivors:
            click.echo(f"    not noticed in {survivor.environment}: {survivor.what}")
        if not proof.caught and not proof.survivors:
            click.echo("    nothing in any template could be broken: a promise that is about nothing")
    for proof in proofs:
        if proof.on_specimens and proof.holds:
            click.echo(f"  {proof.promise.id}: proven on a specimen, since no template keeps it without exemption")
    share = 100 * caught / broken if broken else 0
    click.echo(
        f"{len(proofs) - len(bad)} of {len(proofs)} promises proven: {caught} of {broken} breaks found ({share:.4g} %) "
        f"in {_resources(places)} resources of {len(places)} accounts, {time.monotonic() - began:.1f} s"
    )
    return ExitCode.FAILED if bad else ExitCode.DONE


def _data(proof: Proof) -> dict[str, object]:
    survivors = [{"environment": one.environment, "what": one.what} for one in proof.survivors]
    return {"promise": proof.promise.id, "caught": proof.caught, "survivors": survivors, "holds": proof.holds}


def _resources(places: Sequence[Environment]) -> int:
    return sum(1 for place in places for _ in place)
