"""cdk-nag over the templates: three packs of rules of other people, as a second opinion beside Kiln's promises.

It reads the templates as each environment has them and not the constructs, because cdk-nag sees no property override
and understands no condition. What it finds wrongly is explained in infra/exceptions.toml. This is the one module that
imports cdk_nag.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
from aws_cdk import cloudformation_include as include

from infra.exceptions import Observed
from infra.rendered import rendered

PACKS = (cdk_nag.AwsSolutionsChecks, cdk_nag.NIST80053R5Checks, cdk_nag.PCIDSS321Checks)

Json = Any


def observe(environments: Mapping[str, Mapping[str, Json]]) -> tuple[Observed, ...]:
    """Everything that the packs find.

    Args:
        environments: name → stack → template. A stack that is the same in two environments is looked at once, under the
            name of the first.
    """
    with tempfile.TemporaryDirectory(prefix="kiln-nag-") as folder:
        app = cdk.App(analytics_reporting=False, outdir=folder)
        paths: dict[str, dict[str, str]] = {}
        seen: set[str] = set()
        for name, templates in environments.items():
            for stack in templates:
                template = rendered(stack, templates)
                text = json.dumps(template, sort_keys=True)
                if template["Resources"] and text not in seen:
                    seen.add(text)
                    paths[f"{name}-{stack}"] = _include(app, f"{name}-{stack}", text, Path(folder))
        return tuple(_observed(app, paths))


def _include(app: cdk.App, name: str, text: str, folder: Path) -> dict[str, str]:
    """Read a template into the app; logical id → path of the construct that made it."""
    file = folder / f"{name}.json"
    file.write_text(text)
    include.CfnInclude(cdk.Stack(app, name), "Template", template_file=str(file))
    resources = json.loads(text)["Resources"]
    return {id: resource.get("Metadata", {}).get("aws:cdk:path", id) for id, resource in resources.items()}


def _observed(app: cdk.App, paths: Mapping[str, Mapping[str, str]]) -> Iterator[Observed]:
    for pack in PACKS:
        for violation in pack().validate_scope(app).violations:
            for resource in violation.violating_resources:
                stack, _, logical_id = resource.construct_path.split("/")[:3]
                where = paths[stack][logical_id]
                text = " ".join(violation.description.split())
                yield Observed(violation.rule_name, where, stack.partition("-")[0], text)
