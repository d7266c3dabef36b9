"""Lambda: code is a call of its own, inline source is zipped as CloudFormation does it, weights are a map."""

import json
from typing import Any

from rehearsal.functions.package import inline
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.identify import random_tail
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import only, without

# Code.ZipFile is source text; the file's name follows from the runtime: Lambda's template reference, Code.
INLINE_FILES = {"python": "index.py", "nodejs": "index.js"}
CODE = ("ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri")


def _code(properties: Properties) -> Properties:
    given = dict(only(properties["Code"], "Code", *CODE))
    if "ZipFile" not in given:
        return given
    runtime = str(properties.get("Runtime", ""))
    name = next((file for start, file in INLINE_FILES.items() if runtime.startswith(start)), None)
    if name is None:
        raise ResourceFailed(f"Code.ZipFile: inline code needs a Python or Node.js runtime, found {runtime or 'none'}")
    return {**given, "ZipFile": inline(str(given["ZipFile"]), name)}


@prepare("Code")
def function(resource: Resource, properties: Properties) -> Properties:
    """CreateFunction takes code and settings together; afterwards code is a call of its own."""
    rest = without(properties, "Code", "ReservedConcurrentExecutions")
    return rest if resource.physical_id else {**rest, "Code": _code(properties)}


@step("Code", "Architectures")
def code(resource: Resource, before: Properties | None) -> None:
    now = resource.properties
    if before is None or (before["Code"] == now["Code"] and before.get("Architectures") == now.get("Architectures")):
        return
    architectures = {"Architectures": now["Architectures"]} if "Architectures" in now else {}
    resource.api.send("update_function_code", {"FunctionName": resource.physical_id, **_code(now), **architectures})


@prepare("CodeSha256")
def version(resource: Resource, properties: Properties) -> Properties:
    """A version is published of the code that is meant, or not at all; moto does not compare."""
    wanted = properties.get("CodeSha256")
    if wanted and not resource.physical_id:
        there = resource.api.call("get_function_configuration", FunctionName=properties["FunctionName"])["CodeSha256"]
        if there != wanted:
            raise ResourceFailed(f"CodeSha256 ({wanted}) is different from the code of $LATEST ({there})")
    return properties


version_number = Computed(lambda resource, _: resource.physical_id.rpartition(":")[2])


@prepare("RoutingConfig")
def alias(resource: Resource, properties: Properties) -> Properties:
    """Weights: a list of versions in a template, a map in the API; none is said aloud, so that old ones go."""
    given = only(properties.get("RoutingConfig") or {}, "RoutingConfig", "AdditionalVersionWeights")
    weights = {
        str(only(w, "AdditionalVersionWeights", "FunctionVersion", "FunctionWeight")["FunctionVersion"]): float(
            w["FunctionWeight"]
        )
        for w in given.get("AdditionalVersionWeights", [])
    }
    return {**properties, "RoutingConfig": {"AdditionalVersionWeights": weights}}


@prepare()
def permission(resource: Resource, properties: Properties) -> Properties:
    """Every statement has an id of its own: a changed permission is a new one, made before the old one goes."""
    place = resource.place
    return {**properties, "StatementId": f"{place.stack_name}-{place.logical_id}-{random_tail()}"[-100:]}


def _statement_id(resource: Resource, _: Any) -> str:
    return str(json.loads(resource.answer["Statement"])["Sid"])


statement_id = Computed(_statement_id)
