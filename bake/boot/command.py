"""`python -m bake verify IMAGE`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bake.options import images_option, json_option
from console.errors import ExitCode

if TYPE_CHECKING:
    from bake.boot.trial import Verdict
    from bake.image import ImageRecord
    from bake.place import Home

EPILOG = """\b
Examples:
  python -m bake verify web           the image in force of the tier Web
  python -m bake verify 3fa9c1 --json the one whose digest begins so
\b
Exit codes: 0 done: it passed, 1 failed (not healthy within its limit, a test failed, AWS refused, or something could
not be removed), 2 no such image, a mistake in a file or the command line, 3 not ready (credentials, endpoint or the
stack Payroll-Tooling missing), 130 interrupted, and everything removed.
"""


@click.command(epilog=EPILOG, short_help="Boot an image once and test it again.")
@click.argument("image")
@json_option
@images_option
def verify(image: str, as_json: bool, images: Path | None) -> int:
    """Boot a machine of its own from IMAGE, test it, remove it, and write the result into the image's record.

    IMAGE as in `show`. The machine is launched in the bake network, where only SSH from inside reaches it, and has to
    be healthy within the recipe's limit ([limits_minutes] boot): SSH, systemd without a failed unit, cloud-init, the
    service's health. Then the recipe's tests run again, and those of packer/booted.
    """
    from datetime import UTC, datetime

    from bake import inventory, recipe
    from bake.boot import testing, trial
    from bake.choose import choose
    from bake.image import ImageStore
    from bake.interruption import one_interruption
    from bake.leases import Leases
    from bake.place import Home, Workshop
    from console.aws import errors
    from console.progress import Progress
    from infra import images as images_file

    home = Home.from_parameter_files()
    found, clients = inventory.gather(images_file.path_in_force(option=images))
    aws, now = clients[home.region], datetime.now(UTC)
    record = choose(image, found, now)
    check(image, record, found.everywhere().get(record.image_ids.get(home.region, "")), home)
    one = recipe.load(record.recipe)
    workshop, caller = Workshop.look_up(aws, home, ()), home.check_account(aws)
    leases = Leases(aws.client("s3"), workshop.bucket)
    if different := testing.differing(one, record):
        click.echo(f"note: not the tests that the image was baked with: {', '.join(different)}", err=True)
    with one_interruption("removing what the boot test made"):
        verdict = trial.run(aws, workshop, one, record, leases, caller, Progress())
    store = ImageStore(aws.client("s3"), workshop.bucket)
    with errors(f"recording the boot test of {record.recipe} (s3:GetObject and s3:PutObject on images/*)"):
        store.change(record, lambda current: current.model_copy(update={"boot_test": verdict.result}))
    report(record, verdict, store.url(record.recipe, record.digest), as_json=as_json)
    return ExitCode.DONE if verdict.result.passed else ExitCode.FAILED


def check(word: str, record: "ImageRecord", description: object, home: "Home") -> None:
    """Raises BadInput for an image that cannot be booted where images are baked."""
    from bake.inventory import GONE
    from console.errors import BadInput

    here = record.image_ids.get(home.region)
    if here is None or (word.startswith("ami-") and word != here):
        raise BadInput(
            "an image is booted where it was baked: there is no bake network elsewhere",
            found=f"{word}, an image in another region than {home.region}" if here else f"no image in {home.region}",
            expected=f"{here or 'an image'} in {home.region}",
            next_step=f"python -m bake verify {here}" if here else None,
        )
    facts = description if isinstance(description, dict) else {}
    if (state := facts.get("State", GONE)) != "available":
        raise BadInput("the image cannot be launched", where=here, found=f"it is {state}", expected="available")
    if facts.get("Platform") == "windows":
        raise BadInput(
            "the boot test speaks SSH and systemd, which this image has not",
            where=here,
            found="an image of Windows",
            expected="an image of Linux",
        )
    if "instance_type" not in record.closure.variables:
        raise BadInput(
            "it is not known on which instance type the image runs",
            where=f"the record of {record.recipe}",
            found=f"the variables {', '.join(sorted(record.closure.variables)) or '(none)'}",
            expected="instance_type, a variable of the recipe's template",
            next_step=f"give the template of {record.recipe} such a variable, then python -m bake {record.recipe}",
        )


def report(record: "ImageRecord", verdict: "Verdict", url: str, *, as_json: bool) -> None:
    """The result on standard output; why it failed with it."""
    from bake.looks.report import boot_test
    from console.command import print_json

    trial, result = verdict.trial, verdict.result
    if as_json:
        print_json(
            {
                "image": trial.image,
                "recipe": record.recipe,
                "digest": record.digest,
                "build": trial.build,
                "record": url,
                "failed": list(verdict.failed),
                "said": verdict.said or None,
                **result.model_dump(mode="json"),
            }
        )
        return
    click.echo(f"{record.recipe} {trial.image}: {'passed' if result.passed else 'FAILED'}")
    for line in boot_test(result):
        click.echo(line)
    click.echo(f"  record: {url}")
    if verdict.said:
        click.echo(f"\n{verdict.said}", err=True)
