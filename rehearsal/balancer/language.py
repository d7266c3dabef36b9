"""Rules in HAProxy's language: an ALB's conditions and actions as pieces of a configuration file.

Everything that comes from the API is quoted; what a configuration line cannot hold is refused, never dropped.
"""

import re

from rehearsal.balancer.model import Condition, FixedResponse, Redirect, Unsupported

RANDOM_RANGE = 1_000_000  # weights become thresholds in a random number below this

# What stands for the parts of the request in a redirect; the query brings its own question mark.
REDIRECT_PARTS = {
    "#{protocol}": "%[var(txn.protocol)]",
    "#{host}": "%[req.hdr(host),field(1,:)]",
    "#{port}": "%[dst_port]",
    "#{path}": "%[path,regsub(^/,)]",
    "#{query}": "%[query]",
}


def quoted(text: str) -> str:
    """The text as one word of a configuration line. Raises Unsupported where no line can hold it."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise Unsupported(f"control characters in {text!r}")
    return "'" + text.replace("'", "'\\''") + "'"


def wildcard(value: str, anything: str = ".", escapes: bool = False) -> str:
    """An ALB pattern with * and ? as a regular expression; `anything`: what the two may stand for."""
    parts, characters = [], iter(value)
    for character in characters:
        if escapes and character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        elif character in "*?":
            parts.append(anything + ("*" if character == "*" else ""))
        else:
            parts.append(re.escape(character))
    return "".join(parts)


def _any_of(values: tuple[str, ...]) -> str:
    return quoted("^(" + "|".join(wildcard(value) for value in values) + ")$")


def _query(pairs: tuple[tuple[str | None, str], ...]) -> str:
    def part(value: str) -> str:
        return wildcard(value, "[^&]", escapes=True)  # a wildcard stays within its own parameter

    found = ["[^&=]*=" + part(value) if key is None else part(key) + "=" + part(value) for key, value in pairs]
    return quoted("(^|&)(" + "|".join(found) + ")(&|$)")


def condition(wanted: Condition) -> str:
    """A condition as an anonymous ACL. Raises Unsupported for a field that is not known."""
    values = wanted.values
    match wanted.field:
        case "path-pattern":
            return f"{{ path -m reg {_any_of(values)} }}"
        case "host-header":
            return f"{{ req.hdr(host),field(1,:) -i -m reg {_any_of(values)} }}"
        case "http-header":
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", wanted.header) or "'" in wanted.header:
                raise Unsupported(f"the name of the HTTP header {wanted.header!r}")
            return f"{{ req.hdr({wanted.header}) -i -m reg {_any_of(values)} }}"
        case "http-request-method":
            return "{ method " + " ".join(quoted(value) for value in values) + " }"
        case "source-ip":
            return "{ src " + " ".join(quoted(value) for value in values) + " }"
        case "query-string":
            return f"{{ query -i -m reg {_query(wanted.pairs)} }}"
        case other:
            raise Unsupported(f"the rule condition {other!r}")


def redirect(wanted: Redirect) -> str:
    """A redirect; needs the variables txn.protocol and txn.query that every frontend sets.

    An ALB names the port in every location, also the usual one, and leaves out the question mark of an empty query.
    """
    query = "%[var(txn.query)]" if wanted.query == "#{query}" else f"?{_filled(wanted.query)}" if wanted.query else ""
    origin = f"{_filled(wanted.protocol.lower())}://{_filled(wanted.host)}:{_filled(wanted.port)}"
    return f'http-request redirect code {wanted.status} location "{origin}{_filled(wanted.path)}{query}"'


def _filled(template: str) -> str:
    """A part of a URL with the request's own parts in it, as a piece of a double-quoted log format."""
    quoted(template)
    pieces = re.split(r"(#\{[a-z]+\})", template)
    literals = [REDIRECT_PARTS.get(piece) or re.sub(r'([\\"$])', r"\\\1", piece.replace("%", "%%")) for piece in pieces]
    return "".join(literals)


def fixed_response(wanted: FixedResponse) -> str:
    """A response of the load balancer's own; a body may have several lines."""
    line = f"http-request return status {wanted.status}"
    if not wanted.body:
        return line
    # In double quotes HAProxy knows \n, \r and \t; what else it would interpret is escaped.
    body = re.sub(r'([\\"$])', r"\\\1", wanted.body)
    for character, escape in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        body = body.replace(character, escape)
    quoted(body)
    return f'{line} content-type {quoted(wanted.content_type)} string "{body}"'


def thresholds(weights: tuple[tuple[str, int], ...]) -> dict[str, str]:
    """Weighted names as the lines of an integer map: {"0-949999" → "blue", …} in HAProxy's notation 0:949999.

    The whole range is covered without gap or overlap; names without weight are left out; no weight at all: no lines.
    """
    total, upto, lines = sum(weight for _, weight in weights), 0, {}
    for name, weight in weights:
        if weight:
            start, upto = upto, upto + weight
            lines[f"{start * RANDOM_RANGE // total}:{upto * RANDOM_RANGE // total - 1}"] = name
    return lines
