"""Mistakes in files that people write, collected instead of raised one by one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from console.errors import BadInput


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing to correct: the file's name, the dotted key in it, what is there and what is expected."""

    file: str
    key: str
    found: str
    expected: str


class WrongParameters(BadInput):
    """At least one parameter file is wrong; `mistakes` has all of them."""

    def __init__(self, folder: str, mistakes: Sequence[Mistake]) -> None:
        first = mistakes[0]
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes, the first of them:"
        super().__init__(
            f"the parameter files have {count}" if len(mistakes) > 1 else "the parameter files have a mistake",
            where=f"{folder}/{first.file}" + (f": {first.key}" if first.key else ""),
            found=first.found,
            expected=first.expected,
            next_step="python -m infra check",
        )
        self.mistakes = tuple(mistakes)


def mistakes_of(file: str, model: type[BaseModel], error: ValidationError) -> Iterator[Mistake]:
    """Translate pydantic's errors: what is expected is said by the description of the field.

    A list whose only item is wrong is also too short for pydantic; the item alone is reported.
    """
    details = error.errors()
    inside = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    for detail in (detail for detail in details if detail["loc"] not in inside):
        path = tuple(str(part) for part in detail["loc"])
        yield Mistake(file, ".".join(path), _found(detail), _expected(model, path, detail))


def _found(detail: Any) -> str:
    return "nothing" if detail["type"] == "missing" else repr(detail["input"])


def _expected(model: type[BaseModel], path: Sequence[str], detail: Any) -> str:
    if detail["type"] == "extra_forbidden":
        return _one_of(path[-1], _fields(model, path[:-1]))
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    field = _field(model, path)
    return field.description if field and field.description else str(detail["msg"])


def _one_of(key: str, fields: Iterable[str]) -> str:
    known = list(fields)
    close = get_close_matches(key, known, n=1)
    return f"{close[0]} (no key has this name)" if close else f"only these keys: {', '.join(known)}"


def _field(model: type[BaseModel], path: Sequence[str]) -> FieldInfo | None:
    """The field at a path of keys; positions in a list belong to the list's field."""
    field = None
    for key in path:
        if key in model.model_fields:
            field = model.model_fields[key]
            model = _model_of(field) or model
    return field


def _fields(model: type[BaseModel], path: Sequence[str]) -> Iterable[str]:
    for key in path:
        model = _model_of(model.model_fields[key]) or model
    return model.model_fields


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    candidates = (field.annotation, *get_args(field.annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
