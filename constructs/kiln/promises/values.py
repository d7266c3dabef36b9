"""What a template's intrinsic functions come to, as far as it can be known before a deployment.

What only a deployment knows stays in the text as a mark: `⟨Keys/Data.Arn⟩` is the attribute `Arn` of the resource
`Data` of the stack `Keys`, also where another stack got it through an SSM parameter; `⟨?…⟩` is anything else. So a
value that is partly known can still be compared, searched and shown.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Json = Any

NOTHING = object()
"""What `AWS::NoValue` comes to: the property or the item is not there."""

MARK = re.compile(r"⟨[^⟩]*⟩")
SSM_TYPED = re.compile(r"^AWS::SSM::Parameter::Value<(List<)?")
SUBSTITUTION = re.compile(r"\$\{(!?)([^}]+)\}")


def mark(stack: str, logical_id: str, attribute: str = "") -> str:
    """The text that stands for what a resource is called, or for one of its attributes."""
    return f"⟨{stack}/{logical_id}{'.' if attribute else ''}{attribute}⟩"


def is_known(value: Json) -> bool:
    """Whether the value can be judged: no part of its text is left to the deployment."""
    return not (isinstance(value, str) and MARK.search(value))


def as_text(value: Json) -> str:
    """A value as CloudFormation writes it into text: `true`, `35`."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


class Resolver:
    """The values of one template.

    Args:
        stack: the name by which marks call it.
        template: the whole template.
        ssm: what an SSM parameter holds, by its name; None where nobody knows.
    """

    def __init__(self, stack: str, template: Json, ssm: Callable[[str], str | None]) -> None:
        self._stack, self._template, self._ssm = stack, template, ssm
        self._conditions: dict[str, bool | None] = {}

    @classmethod
    def among(cls, templates: Mapping[str, Json]) -> "dict[str, Resolver]":
        """One for each of these templates, which write SSM parameters for each other."""
        return _Written(templates).resolvers

    def condition(self, name: str) -> bool | None:
        """Whether a condition holds; None where only the deployment knows."""
        if name not in self._conditions:
            self._conditions[name] = self._holds(self._template.get("Conditions", {}).get(name))
        return self._conditions[name]

    def value(self, raw: Json) -> Json:
        """`raw` with every intrinsic function replaced; items and properties that come to nothing are left out."""
        if isinstance(raw, list):
            return [value for value in map(self.value, raw) if value is not NOTHING]
        if not isinstance(raw, dict):
            return raw
        if len(raw) == 1:
            [(name, argument)] = raw.items()
            if name in FUNCTIONS:
                return FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                return _unknown(raw)
        return {key: value for key, item in raw.items() if (value := self.value(item)) is not NOTHING}

    def _holds(self, raw: Json) -> bool | None:
        if not isinstance(raw, dict) or len(raw) != 1:
            return None
        [(name, argument)] = raw.items()
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            left, right = (as_text(self.value(item)) for item in argument)
            return left == right if left == right or (is_known(left) and is_known(right)) else None
        if name == "Fn::Not":
            inner = self._holds(argument[0])
            return None if inner is None else not inner
        if name in ("Fn::And", "Fn::Or"):
            decides = name == "Fn::Or"
            parts = [self._holds(item) for item in argument]
            return decides if decides in parts else None if None in parts else not decides
        return None

    def _ref(self, name: str) -> Json:
        if name == "AWS::NoValue":
            return NOTHING
        if name in self._template.get("Resources", {}):
            return mark(self._stack, name)
        parameter = self._template.get("Parameters", {}).get(name)
        if parameter is None or "Default" not in parameter:
            return f"⟨{name}⟩" if name.startswith("AWS::") else _unknown({"Ref": name})
        default, typed = parameter["Default"], SSM_TYPED.match(parameter["Type"])
        held = self._ssm(default) if typed else default
        if held is None:
            return _unknown({"SSM": default})
        is_list = typed.group(1) if typed else "List" in parameter["Type"]
        return str(held).split(",") if is_list else held

    def _attribute(self, argument: Json) -> Json:
        logical_id, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        return mark(self._stack, logical_id, as_text(self.value(attribute)))

    def _if(self, argument: Json) -> Json:
        name, then, otherwise = argument
        holds = self.condition(name)
        return _unknown({"Fn::If": argument}) if holds is None else self.value(then if holds else otherwise)

    def _join(self, argument: Json) -> Json:
        delimiter, parts = argument
        items = self.value(parts)
        return delimiter.join(map(as_text, items)) if isinstance(items, list) else items

    def _sub(self, argument: Json) -> Json:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def replacement(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in given:
                return as_text(self.value(given[name]))
            return as_text(self._attribute(name) if "." in name else self._ref(name))

        return SUBSTITUTION.sub(replacement, text)

    def _select(self, argument: Json) -> Json:
        index, items = self.value(argument[0]), self.value(argument[1])
        if isinstance(items, list) and str(index).isdigit() and int(index) < len(items):
            return items[int(index)]
        return _unknown({"Fn::Select": argument})

    def _split(self, argument: Json) -> Json:
        text = self.value(argument[1])
        is_text = isinstance(text, str) and (argument[0] in text or is_known(text))
        return text.split(argument[0]) if is_text else _unknown({"Fn::Split": argument})

    def _mapping(self, argument: Json) -> Json:
        found: Json = self._template.get("Mappings", {})
        for key in argument[:3]:
            found = found.get(as_text(self.value(key))) if isinstance(found, Mapping) else None
        return _unknown({"Fn::FindInMap": argument}) if found is None else found


FUNCTIONS: Mapping[str, Callable[[Resolver, Json], Json]] = {
    "Ref": Resolver._ref,
    "Fn::GetAtt": Resolver._attribute,
    "Fn::If": Resolver._if,
    "Fn::Join": Resolver._join,
    "Fn::Sub": Resolver._sub,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::FindInMap": Resolver._mapping,
}


class _Written:
    """What stacks write into SSM parameters for each other."""

    def __init__(self, templates: Mapping[str, Json]) -> None:
        self.resolvers = {stack: Resolver(stack, template, self) for stack, template in templates.items()}
        self._raw = {
            resource["Properties"]["Name"]: (stack, resource["Properties"].get("Value", ""))
            for stack, template in templates.items()
            for resource in template.get("Resources", {}).values()
            if resource["Type"] == "AWS::SSM::Parameter" and isinstance(resource["Properties"].get("Name"), str)
        }
        self._known: dict[str, str | None] = {}

    def __call__(self, name: str) -> str | None:
        if name not in self._known:
            self._known[name] = None  # a value that is made of itself is known to nobody
            if name in self._raw:
                stack, raw = self._raw[name]
                self._known[name] = as_text(self.resolvers[stack].value(raw))
        return self._known[name]


def _unknown(raw: Json) -> str:
    return f"⟨?{json.dumps(raw, sort_keys=True, ensure_ascii=False).replace('⟩', '').replace('⟨', '')}⟩"
