"""The intrinsic functions, conditions and rules of a template."""

import base64
import ipaddress
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.parameters import Parameter
from rehearsal.cloudformation.references import SUB
from rehearsal.cloudformation.template import Template

NO_VALUE = object()


class Outside(Protocol):
    """What functions ask of the world outside the template. Everything raises AwsError where there is no answer."""

    def zones(self, region: str) -> list[str]: ...
    def import_value(self, name: str) -> Any: ...
    def dynamic(self, text: str) -> str: ...


class Lookup(Protocol):
    """What Ref and GetAtt give for resources."""

    def ref(self, name: str) -> Any: ...
    def attribute(self, name: str, attribute: str) -> Any: ...


class Evaluator:
    """Evaluates pieces of one template for one stack, in any number of threads."""

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, Parameter],
        pseudo: Mapping[str, Any],
        lookup: Lookup,
        outside: Outside,
    ) -> None:
        self._template = template
        self._parameters = parameters
        self._pseudo = pseudo
        self._lookup = lookup
        self._outside = outside
        self._conditions: dict[str, bool] = {}
        self._under_way: set[str] = set()
        self._lock = threading.RLock()  # resources are evaluated side by side: only of one thread is it a circle

    # conditions and rules ---------------------------------------------------------------------------------------

    def condition(self, name: str) -> bool:
        """Whether a condition holds. Raises AwsError for an unknown one and for a circle."""
        with self._lock:
            if name not in self._conditions:
                self._conditions[name] = self._holds(name)
            return self._conditions[name]

    def _holds(self, name: str) -> bool:
        declared = self._template.section("Conditions")
        if name not in declared:
            raise invalid(f"Template error: unresolved condition dependency {name}")
        if name in self._under_way:
            raise invalid(f"Template error: circular dependency of condition {name}")
        self._under_way.add(name)
        try:
            return self._truth(declared[name])
        finally:
            self._under_way.discard(name)

    def live(self) -> list[str]:
        """The logical ids of the resources whose condition holds."""
        resources = self._template.resources
        return [n for n, r in resources.items() if "Condition" not in r or self.condition(r["Condition"])]

    def check_rules(self) -> None:
        """Raises AwsError for the first rule whose assertion does not hold."""
        for name, rule in self._template.section("Rules").items():
            if "RuleCondition" in rule and not self._truth(rule["RuleCondition"]):
                continue
            for assertion in rule.get("Assertions", []):
                if not self._truth(assertion["Assert"]):
                    said = assertion.get("AssertDescription", "an assertion is false")
                    raise invalid(f"Template error: Rule {name} failed: {said}")

    def _truth(self, node: Any) -> bool:
        value = self(node)
        return value if isinstance(value, bool) else str(value).lower() == "true"

    # evaluation -------------------------------------------------------------------------------------------------

    def resolved(self, node: Any) -> Any:
        """Functions first, then {{resolve:…}} references in whatever text came out."""
        return self.dynamic(self(node))

    def dynamic(self, value: Any) -> Any:
        """A value that is evaluated, with its {{resolve:…}} references replaced."""
        if isinstance(value, dict):
            return {k: self.dynamic(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.dynamic(v) for v in value]
        return self._outside.dynamic(value) if isinstance(value, str) and "{{resolve:" in value else value

    def __call__(self, node: Any) -> Any:
        """The value of a piece of template. Raises AwsError; NotYetKnown where a lookup does."""
        if isinstance(node, Mapping):
            if len(node) == 1:
                key, argument = next(iter(node.items()))
                if key == "Ref" and isinstance(argument, str):
                    return self.ref(argument)
                if key == "Condition" and isinstance(argument, str):
                    return self.condition(argument)
                if key.startswith("Fn::"):
                    return self._function(key)(self, argument)
            pairs = ((k, self(v)) for k, v in node.items())
            return {k: v for k, v in pairs if v is not NO_VALUE}
        if isinstance(node, list):
            return [v for v in map(self, node) if v is not NO_VALUE]
        return node

    def _function(self, key: str) -> "Callable[[Evaluator, Any], Any]":
        if key not in FUNCTIONS:
            raise invalid(f"Template error: function {key} is not emulated")
        return FUNCTIONS[key]

    def ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name].value
        return self._lookup.ref(name)

    def _get_att(self, argument: Any) -> Any:
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        return self._lookup.attribute(name, self(attribute))

    def _sub(self, argument: Any) -> str:
        text, names = argument if isinstance(argument, list) else (argument, {})

        def one(match: Any) -> str:
            name = match[2].strip()
            if match[1]:
                return "${" + str(match[2]) + "}"
            if name in names:
                return text_of(self(names[name]))
            is_attribute = "." in name and name not in self._parameters
            return text_of(self._get_att(name) if is_attribute else self.ref(name))

        return SUB.sub(one, text)

    def _join(self, argument: Any) -> str:
        items = self(argument[1])
        if not isinstance(items, list):
            raise invalid("Template error: every Fn::Join object requires two parameters, a delimiter and a list")
        return str(self(argument[0])).join(text_of(v) for v in items)

    def _select(self, argument: Any) -> Any:
        index, items = self(argument[0]), self(argument[1])
        if not isinstance(items, list) or not str(index).isdecimal() or int(index) >= len(items):
            raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return items[int(index)]

    def _split(self, argument: Any) -> list[str]:
        delimiter, text = self(argument[0]), self(argument[1])
        return text_of(text).split(delimiter)

    def _if(self, argument: Any) -> Any:
        return self(argument[1] if self.condition(argument[0]) else argument[2])

    def _find_in_map(self, argument: Any) -> Any:
        keys = [self(a) for a in argument[:3]]
        try:
            return self(self._template.section("Mappings")[keys[0]][text_of(keys[1])][text_of(keys[2])])
        except KeyError:
            if len(argument) > 3:
                return self(argument[3]["DefaultValue"])
            path = "::".join(map(str, keys))
            raise invalid(f"Template error: Unable to get mapping for {path}") from None

    def _get_azs(self, argument: Any) -> list[str]:
        return self._outside.zones(self(argument) or self._pseudo["AWS::Region"])

    def _import_value(self, argument: Any) -> Any:
        return self._outside.import_value(self(argument))

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(text_of(self(argument)).encode()).decode()

    def _cidr(self, argument: Any) -> list[str]:
        block, count, *bits = [self(a) for a in argument]
        try:
            network = ipaddress.ip_network(block)
            prefix = network.max_prefixlen - int(bits[0] if bits else 8)
            found = [str(s) for s in itertools.islice(network.subnets(new_prefix=prefix), int(count))]
        except ValueError as error:
            raise invalid(f"Template error: Fn::Cidr: {error}") from error
        if len(found) < int(count):
            raise invalid(f"Template error: Fn::Cidr: {block} has no room for {count} blocks of /{prefix}")
        return found

    def _equals(self, argument: Any) -> bool:
        one, other = self(argument[0]), self(argument[1])
        structures = isinstance(one, list | dict) or isinstance(other, list | dict)
        return bool(one == other) if structures else text_of(one) == text_of(other)


def text_of(value: Any) -> str:
    """A scalar as text. Raises AwsError for a list or a structure."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is NO_VALUE or isinstance(value, dict | list):
        raise invalid("Template error: every value of Fn::Join, Fn::Sub and Fn::Split must be a string")
    return str(value)


# One line per function: what is not here fails the stack.
FUNCTIONS: Mapping[str, Callable[[Evaluator, Any], Any]] = {
    "Fn::And": lambda e, a: all(e._truth(item) for item in a),
    "Fn::Base64": Evaluator._base64,
    "Fn::Cidr": Evaluator._cidr,
    "Fn::Contains": lambda e, a: e(a[1]) in e(a[0]),
    "Fn::EachMemberEquals": lambda e, a: all(v == e(a[1]) for v in e(a[0])),
    "Fn::EachMemberIn": lambda e, a: set(e(a[0])) <= set(e(a[1])),
    "Fn::Equals": Evaluator._equals,
    "Fn::FindInMap": Evaluator._find_in_map,
    "Fn::GetAZs": Evaluator._get_azs,
    "Fn::GetAtt": Evaluator._get_att,
    "Fn::If": Evaluator._if,
    "Fn::ImportValue": Evaluator._import_value,
    "Fn::Join": Evaluator._join,
    "Fn::Length": lambda e, a: len(e(a)),
    "Fn::Not": lambda e, a: not e._truth(a[0]),
    "Fn::Or": lambda e, a: any(e._truth(item) for item in a),
    "Fn::Select": Evaluator._select,
    "Fn::Split": Evaluator._split,
    "Fn::Sub": Evaluator._sub,
    "Fn::ToJsonString": lambda e, a: json.dumps(e(a), separators=(",", ":")),
}
