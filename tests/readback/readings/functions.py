"""Lambda functions, read back."""

from tests.readback.expected import at_least, is_, nothing, own_key, present, refuses_anybody
from tests.readback.reading import ID, Ask, Expected, read

FUNCTION = "AWS::Lambda::Function"
MAINTAINED = (
    "python3.12",
    "python3.13",
    "python3.14",
    "nodejs22.x",
    "nodejs24.x",
    "java21",
    "java25",
    "dotnet8",
    "dotnet10",
)
SECRETIVE = ("password", "secret", "token", "apikey", "api_key", "private_key")
TELLING = " || ".join(f"contains(@, '{part}') || contains(@, '{part.upper()}')" for part in SECRETIVE)


def _function(path: str, expected: Expected, only: str = "") -> Ask:
    return Ask(FUNCTION, "lambda get_function_configuration", {"FunctionName": ID}, path, expected, only)


READINGS = (
    read(
        "function-is-not-public",
        Ask("AWS::Lambda::Alias", "lambda get_policy", {"FunctionName": ID}, "Policy", refuses_anybody()),
    ),
    read("function-runtime-is-maintained", _function("Runtime", is_(*MAINTAINED), only="PackageType!='Image'")),
    read(
        "function-cannot-starve-others",
        Ask(
            FUNCTION,
            "lambda get_function_concurrency",
            {"FunctionName": ID},
            "ReservedConcurrentExecutions",
            at_least(0),
        ),
    ),
    read("function-keeps-what-it-could-not-do", _function("DeadLetterConfig.TargetArn", present())),
    read("function-can-be-traced", _function("TracingConfig.Mode", is_("Active"))),
    read("function-variables-have-own-key", _function("KMSKeyArn", own_key(), only="Environment.Variables")),
    read(
        "function-variables-hold-no-secret",
        _function(f"keys(Environment.Variables || `{{}}`)[?{TELLING}]", nothing()),
    ),
)

UNREADABLE: dict[str, str] = {}
