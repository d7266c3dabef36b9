"""The values of a stack's parameters. Those of SSM types are read anew at every operation: that is how values cross
stack boundaries."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.template import Json

SSM_VALUE = "AWS::SSM::Parameter::Value<"
SSM_NAME = "AWS::SSM::Parameter::Name"
NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Source(Protocol):
    """Where the values come from, and what says whether they name something."""

    def ssm_parameters(self, names: Collection[str]) -> Mapping[str, str]:
        """The values of SSM parameters by name. Raises AwsError."""

    def require(self, kind: str, values: Mapping[str, str]) -> None:
        """Raises AwsError where a value of an AWS-specific type names nothing; value → which parameter has it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`given` is what was passed (for an SSM type: its name), `value` what Ref gives, `resolved` SSM's value."""

    given: str
    value: str | list[str]
    no_echo: bool = False
    resolved: str | None = None


def read_parameters(
    declared: Json,
    given: Mapping[str, str | None],
    previous: Mapping[str, Parameter],
    source: Source,
) -> dict[str, Parameter]:
    """The parameters of an operation.

    `given`: name → text, or None for UsePreviousValue. Raises AwsError for what is missing, unknown or not allowed.
    """
    if extra := sorted(set(given) - set(declared)):
        raise invalid(f"Parameters: [{', '.join(extra)}] do not exist in the template")
    texts = {name: _given(name, spec, given, previous) for name, spec in declared.items()}
    if missing := [name for name, text in texts.items() if text is None]:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    stored = source.ssm_parameters({text or "" for name, text in texts.items() if _reads_ssm(declared[name])})
    found = {name: _parameter(name, declared[name], text or "", stored) for name, text in texts.items()}
    for kind, values in _looked_up(declared, found).items():
        source.require(kind, values)
    return found


def _reads_ssm(spec: Json) -> bool:
    kind = _kind(spec)
    return kind.startswith(SSM_VALUE) or kind == SSM_NAME


def _kind(spec: Json) -> str:
    return str(spec.get("Type", "String"))


def _looked_up(declared: Json, found: Mapping[str, Parameter]) -> dict[str, dict[str, str]]:
    """AWS-specific type → value → the parameter that has it: each type is looked up at once."""
    values: dict[str, dict[str, str]] = {}
    for name, parameter in found.items():
        kind = _single(_in_ssm(_kind(declared[name])))
        if kind.startswith("AWS::") and kind != SSM_NAME:
            items = [parameter.value] if isinstance(parameter.value, str) else parameter.value
            values.setdefault(kind, {}).update(dict.fromkeys(items, name))
    return values


def _in_ssm(kind: str) -> str:
    """The type of the value in an SSM parameter, for a type that reads one; else the type itself."""
    return kind[len(SSM_VALUE) : -1] if kind.startswith(SSM_VALUE) else kind


def _single(kind: str) -> str:
    return kind.removeprefix("List<").removesuffix(">")


def _given(
    name: str,
    spec: Json,
    given: Mapping[str, str | None],
    previous: Mapping[str, Parameter],
) -> str | None:
    if name in given and given[name] is not None:
        return given[name]
    if name in given and name in previous:
        return previous[name].given
    return text_of(spec["Default"]) if "Default" in spec else None


def text_of(value: Any) -> str:
    """A default or an allowed value, which a template may write as number or boolean."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameter(name: str, spec: Json, given: str, stored: Mapping[str, str]) -> Parameter:
    declared, kind = _kind(spec), _in_ssm(_kind(spec))
    resolved = stored[given] if declared != kind else None
    text = given if resolved is None else resolved
    listed = kind == "CommaDelimitedList" or kind.startswith("List<")
    items = [item.strip() for item in text.split(",")] if listed else [text]
    for item in items:
        _check(name, spec, _single(kind), item)
    return Parameter(
        given,
        items if listed else text,
        text_of(spec.get("NoEcho", "")).lower() == "true",
        resolved,
    )


def _check(name: str, spec: Json, kind: str, item: str) -> None:
    """CloudFormation's constraints on one value. Raises AwsError."""
    hint = spec.get("ConstraintDescription")

    def require(fulfilled: bool, text: str) -> None:
        if not fulfilled:
            raise invalid(f"Parameter '{name}' {f'failed to satisfy constraint: {hint}' if hint else text}")

    if "AllowedValues" in spec:
        allowed = [text_of(v) for v in spec["AllowedValues"]]
        require(item in allowed, f"must be one of AllowedValues [{', '.join(allowed)}]")
    if "AllowedPattern" in spec:
        require(
            re.fullmatch(spec["AllowedPattern"], item) is not None,
            f"must match pattern {spec['AllowedPattern']}",
        )
    if kind == "Number":
        require(NUMBER.fullmatch(item) is not None, f"must be a number, not {item!r}")
        low, high = (
            float(spec.get("MinValue", "-inf")),
            float(spec.get("MaxValue", "inf")),
        )
        require(low <= float(item) <= high, f"must be a number between {low:g} and {high:g}")
    shortest, longest = (
        int(spec.get("MinLength", 0)),
        int(spec.get("MaxLength", len(item))),
    )
    require(
        shortest <= len(item) <= longest,
        f"must contain {shortest} to {longest} characters",
    )
