"""cfn-lint reads every synthesized template: the shared ones and the parameters of each environment.

The app is synthesized into a folder of its own, with a placeholder for the image of each tier, so that neither
cdk.out nor the images file in force has a say.
"""

import tempfile
from pathlib import Path

from toolchain.checks.outcome import Outcome, output_of
from toolchain.layout import BIN, ROOT

REGION = "eu-west-1"
PLACEHOLDER_IMAGE = "ami-0123456789abcdef0"


def placeholder_images() -> str:
    """An images file with an image for every tier that has a recipe."""
    tiers = sorted(path.parent.name for path in (ROOT / "packer").glob("*/recipe.toml"))
    return "\n".join(
        f'[{tier}]\ndigest = "sha256:{"0" * 64}"\n[{tier}.image_ids]\n{REGION} = "{PLACEHOLDER_IMAGE}"\n'
        for tier in tiers
    )


def check() -> Outcome:
    """Synthesize with placeholders, then lint."""
    with tempfile.TemporaryDirectory(prefix="kiln-templates-") as folder:
        images, assembly = Path(folder) / "images.toml", Path(folder) / "cdk.out"
        images.write_text(placeholder_images())
        synth = [str(BIN / "python"), "-I", "app.py"]
        code, output = output_of(synth, CDK_OUTDIR=str(assembly), KILN_IMAGES=str(images))
        if code:
            return Outcome((f"the app does not synthesize:\n{output}",))
        templates = sorted(assembly.glob("*.template.json"))
        if not templates:
            return Outcome((f"the app synthesized no template into {assembly}",))
        code, output = output_of(["cfn-lint", "--format", "parseable", *map(str, templates)])
        faults = output.replace(f"{assembly}/", "").splitlines() if code else []
        return Outcome(tuple(faults), f"{len(templates)} templates")
