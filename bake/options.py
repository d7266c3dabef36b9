"""Options that several commands of `python -m bake` have."""

from pathlib import Path

import click

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
images_option = click.option(
    "--images",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The images file that says what is in force.  [default: $KILN_IMAGES, else infra/images.toml]",
)
