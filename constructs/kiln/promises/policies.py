"""Policy documents as data: who may do what, and who may not."""

from collections.abc import Callable, Iterator
from typing import Any

from kiln.promises.demands import Demand, meets, number
from kiln.promises.paths import MISSING
from kiln.promises.values import Json, as_text

Statement = dict[str, Any]


def statements(document: Json) -> list[Statement]:
    """The statements of a policy document; none where there is no document."""
    found = document.get("Statement", []) if isinstance(document, dict) else []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def listed(value: Json) -> list[str]:
    """One text or several, as several."""
    return [as_text(item) for item in value] if isinstance(value, list) else [] if value is None else [as_text(value)]


def allows(statement: Statement) -> bool:
    """Whether it is an Allow."""
    return statement.get("Effect") == "Allow"


def is_for_anybody(statement: Statement) -> bool:
    """Whether its principal is everybody."""
    principal = statement.get("Principal")
    return "*" in (listed(principal.get("AWS")) if isinstance(principal, dict) else listed(principal))


def condition(statement: Statement, operator: str, key: str) -> list[str]:
    """The values that a condition compares a key with; none where it has no such condition."""
    return listed(statement.get("Condition", {}).get(operator, {}).get(key))


def denies(path: str, expected: str, actions: tuple[str, ...], is_meant: Callable[[Statement], bool]) -> Demand:
    """A policy in which some Deny for everybody of all these actions is meant.

    Broken by taking it away, by making it an Allow, and by denying it to somebody only, or something else only.
    """

    def stands(statement: Statement) -> bool:
        denied = listed(statement.get("Action"))
        return (
            statement.get("Effect") == "Deny"
            and is_for_anybody(statement)
            and all(_covers(denied, action) for action in actions)
            and is_meant(statement)
        )

    def worse(document: Json) -> Iterator[Json]:
        yield document | {"Statement": [one for one in statements(document) if not stands(one)]}
        elsewhere = f"{actions[0].partition(':')[0]}:TagResource"
        for change in ({"Effect": "Allow"}, {"Principal": {"AWS": "someone"}}, {"Action": elsewhere}):
            yield document | {"Statement": [one | change if stands(one) else one for one in statements(document)]}
        yield MISSING

    return meets(path, lambda doc: any(map(stands, statements(doc))), expected, worse, judges=False)


def refuses(path: str, expected: str, is_bad: Callable[[Statement], bool], such_as: Statement) -> Demand:
    """A policy in which no Allow is bad; broken by adding `such_as`."""

    def holds(document: Json) -> bool:
        return not any(allows(one) and is_bad(one) for one in statements(document))

    def worse(document: Json) -> Iterator[Json]:
        base = document if isinstance(document, dict) else {"Version": "2012-10-17"}
        yield base | {"Statement": [*statements(document), such_as | {"Effect": "Allow"}]}

    return meets(path, holds, expected, worse, judges=False)


def denies_plain_http(path: str, *actions: str) -> Demand:
    """Nobody may do these things without TLS."""
    return denies(
        path,
        f"a Deny for everybody of {' and '.join(actions)} where aws:SecureTransport is false",
        actions,
        lambda one: "false" in condition(one, "Bool", "aws:SecureTransport"),
    )


def denies_old_tls(path: str) -> Demand:
    """Nobody may come to S3 with less than TLS 1.2."""
    return denies(
        path,
        "a Deny for everybody where s3:TlsVersion is below 1.2",
        ("s3:GetObject", "s3:PutObject"),
        lambda one: any(number(v) >= 1.2 for v in condition(one, "NumericLessThan", "s3:TlsVersion")),
    )


def denies_always(path: str, *actions: str) -> Demand:
    """Nobody may do these things."""
    expected = f"a Deny for everybody of {' and '.join(actions)}"
    return denies(path, expected, actions, lambda one: not one.get("Condition"))


def refuses_anybody(path: str) -> Demand:
    """Nothing is allowed to everybody, unless a condition says who."""
    return refuses(
        path,
        "no Allow for everybody without a condition",
        lambda one: is_for_anybody(one) and not one.get("Condition"),
        {"Principal": "*", "Action": "*", "Resource": "*"},
    )


def refuses_everything(path: str) -> Demand:
    """No statement allows every action."""
    return refuses(
        path, "no Allow of every action", lambda one: "*" in listed(one.get("Action")), {"Action": "*", "Resource": "*"}
    )


def refuses_whole_services(path: str) -> Demand:
    """No statement allows every action of a service on everything."""
    return refuses(
        path,
        "no Allow of service:* on every resource",
        lambda one: any(a.endswith(":*") for a in listed(one.get("Action"))) and "*" in listed(one.get("Resource")),
        {"Action": "s3:*", "Resource": "*"},
    )


def _covers(actions: list[str], wanted: str) -> bool:
    service = wanted.partition(":")[0]
    return any(action in (wanted, f"{service}:*", "*") for action in actions)
