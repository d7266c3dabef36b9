"""A template as one environment has it, for checkers that understand neither conditions nor SSM parameters.

What an SSM parameter or a condition comes to in that environment is put in place; references between the resources of
the template stay as they are, so that a checker can follow them.
"""

from collections.abc import Mapping
from typing import Any

from kiln.promises.values import NOTHING, Resolver, is_known

Json = Any


def rendered(stack: str, templates: Mapping[str, Json]) -> Json:
    """The template of this stack among all that are deployed with it: without conditions, rules and outputs.

    Resources that the environment does not have are left out.
    """
    return _Renderer(stack, templates).template()


class _Renderer:
    def __init__(self, stack: str, templates: Mapping[str, Json]) -> None:
        self._template = templates[stack]
        self._resolver = Resolver.among(templates)[stack]
        self._parameters = self._template.get("Parameters", {})

    def template(self) -> Json:
        resources = {
            logical_id: {key: self._value(part) for key, part in raw.items() if key != "Condition"}
            for logical_id, raw in self._template["Resources"].items()
            if "Condition" not in raw or self._resolver.condition(raw["Condition"]) is not False
        }
        kept = {
            name: {"Type": "CommaDelimitedList" if "List" in parameter["Type"] else "String", "Default": "unknown"}
            for name, parameter in self._parameters.items()
        }
        return {"Resources": resources, "Parameters": kept}

    def _value(self, raw: Json) -> Json:
        if isinstance(raw, list):
            return [value for value in map(self._value, raw) if value is not NOTHING]
        if not isinstance(raw, dict):
            return raw
        if raw == {"Ref": "AWS::NoValue"}:
            return NOTHING
        if "Fn::If" in raw:
            name, then, otherwise = raw["Fn::If"]
            holds = self._resolver.condition(name)
            return self._value(otherwise if holds is False else then)
        if (self._is_parameter(raw) or "Fn::Select" in raw) and self._is_known(raw):
            return self._resolver.value(raw)
        return {key: value for key, item in raw.items() if (value := self._value(item)) is not NOTHING}

    def _is_parameter(self, raw: Json) -> bool:
        return raw.keys() == {"Ref"} and raw["Ref"] in self._parameters

    def _is_known(self, raw: Json) -> bool:
        value = self._resolver.value(raw)
        return all(map(is_known, value)) if isinstance(value, list) else is_known(value)
