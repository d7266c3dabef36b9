"""Which operation a REST request asks for: its method, path and query against the URIs of botocore's service model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

from werkzeug.wrappers import Request

from rehearsal.front.models import service_model

LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation's URI. `query`: what its URI fixes of the query; `literal`: how much of the path is fixed."""

    operation: str
    method: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    query: frozenset[tuple[str, str]]
    literal: int


@dataclass(frozen=True, slots=True)
class Match:
    """The operation of a request, and the values of the labels in its path."""

    operation: str
    labels: Mapping[str, str]


def find(service: str, request: Request) -> Match | None:
    """The operation of a request; None where the service has none at this address."""
    raw = str(request.environ.get("RAW_URI") or request.path)
    # A slash inside a value comes as %2F: the path is taken apart before it is decoded.
    path = raw.partition("?")[0].rstrip("/") or "/"
    asked = set(parse_qsl(request.query_string.decode(), keep_blank_values=True))
    for route in routes(service):
        match = route.path.fullmatch(path)
        if match and route.method == request.method and route.query <= asked:
            values = (unquote(value) for value in match.groups())
            return Match(route.operation, dict(zip(route.labels, values, strict=True)))
    return None


@lru_cache
def routes(service: str) -> tuple[Route, ...]:
    """Every operation of a service, the most definite address first."""
    model = service_model(service)
    found = [_route(name, model.operation_model(name).http) for name in model.operation_names]
    return tuple(sorted(found, key=lambda r: (-len(r.query), -r.literal)))


def _route(operation: str, http: Mapping[str, str]) -> Route:
    path, _, query = http["requestUri"].partition("?")
    path = path.rstrip("/") or "/"
    pattern, end = "", 0
    for label in LABEL.finditer(path):
        pattern += re.escape(path[end : label.start()]) + ("(.+)" if label[2] else "([^/]+)")
        end = label.end()
    labels = tuple(m[1] for m in LABEL.finditer(path))
    fixed = frozenset(parse_qsl(query, keep_blank_values=True))
    literal = len(LABEL.sub("", path))
    return Route(operation, http["method"], re.compile(pattern + re.escape(path[end:])), labels, fixed, literal)
