"""Packer reads every template with every recipe: formatted as `packer fmt` would, and valid.

A template is validated with placeholders for its variables, because their values are known only to a bake. The
placeholders have the shape that Packer itself checks (an AMI id, a region, a file that exists); no AWS is asked.
"""

import re
import tomllib
from pathlib import Path

from toolchain.checks.outcome import Outcome, output_of
from toolchain.layout import ROOT

PACKER = ROOT / "packer"
SHARED = {"linux": "shared", "windows": "shared-windows"}  # platform → the folder of its template (bake/platforms.py)
VARIABLE = re.compile(r'^variable\s+"(\w+)"\s*\{([^}]*)\}', re.MULTILINE)
# The region and the keys reach Packer through the environment in a bake, too.
SETTINGS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "placeholder",
    "AWS_SECRET_ACCESS_KEY": "placeholder",
    "AWS_EC2_METADATA_DISABLED": "true",
    "CHECKPOINT_DISABLE": "1",
}


def placeholder(name: str, declaration: str, recipe: Path) -> str:
    """A value that Packer takes for a variable, by its type and, where Packer looks closer, by its name."""
    if "number" in declaration:
        return "20"
    if "bool" in declaration:
        return "false"
    if "map" in declaration:
        return '{"kiln:version"="0.0.0"}'
    if "list" in declaration or "set" in declaration:
        return "[]"
    by_name = {"parent_image": "ami-0123456789abcdef0", "region": SETTINGS["AWS_REGION"], "upload": str(recipe)}
    return by_name.get(name, "placeholder")


def variables(template: Path, recipe: Path) -> dict[str, str]:
    """A placeholder for every variable of a template that has no default."""
    declared = VARIABLE.findall(template.read_text())
    values = {name: placeholder(name, body, recipe) for name, body in declared if "default" not in body}
    return values | ({"recipe_folder": str(recipe)} if "recipe_folder" in values else {})


def templates() -> dict[Path, Path]:
    """The folder of each recipe and its template: its own, else the one that its platform shares."""
    found = {}
    for file in sorted(PACKER.glob("*/recipe.toml")):
        platform = tomllib.loads(file.read_text(encoding="utf-8")).get("platform", "linux")
        shared = PACKER / SHARED[platform] / "image.pkr.hcl"
        found[file.parent] = next(iter(sorted(file.parent.glob("*.pkr.hcl"))), shared)
    return found


def check() -> Outcome:
    """`packer fmt -check` over the whole folder, `packer validate` for each recipe."""
    code, output = output_of(["packer", "fmt", "-check", "-diff", "-recursive", str(PACKER)])
    faults = [f"packer fmt -recursive packer/ would change:\n{output}"] if code else []
    found = templates()
    for recipe, template in found.items():
        values = [f"-var={name}={value}" for name, value in variables(template, recipe).items()]
        code, output = output_of(["packer", "validate", *values, str(template)], **SETTINGS)
        if code:
            faults.append(f"{recipe.relative_to(ROOT)} with {template.relative_to(ROOT)}:\n{output}")
    return Outcome(tuple(faults), f"{len(found)} recipes")
