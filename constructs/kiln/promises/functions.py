"""Promises about Lambda functions."""

from collections.abc import Iterator

from kiln.promises.checks import every
from kiln.promises.controls import asked
from kiln.promises.demands import meets
from kiln.promises.paths import MISSING
from kiln.promises.promise import Promise
from kiln.promises.values import Json

LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
FUNCTION = every("AWS::Lambda::Function")
PERMISSION = every("AWS::Lambda::Permission")
RUNTIMES = (
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
"""Those that AWS does not retire within a year: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"""
SECRETIVE = ("password", "secret", "token", "apikey", "api_key", "private_key")


def _tells_nothing(variables: Json) -> bool:
    return variables is MISSING or not any(part in name.lower() for name in variables for part in SECRETIVE)


def _tell(variables: Json) -> Iterator[Json]:
    yield (variables if isinstance(variables, dict) else {}) | {"DB_PASSWORD": "secret"}


PROMISES = (
    Promise(
        id="function-is-not-public",
        title="Not everybody may call a function",
        reason="A function for everybody is a bill for us.",
        controls=asked("Lambda.1"),
        source=f"{LAMBDA}/access-control-resource-based.html",
        check=PERMISSION.present("Principal").never("Principal", "*"),
    ),
    Promise(
        id="function-runtime-is-maintained",
        title="Functions run on a runtime that AWS maintains",
        reason="A runtime that is retired gets no fixes, and one day cannot be deployed.",
        controls=asked("Lambda.2"),
        source=f"{LAMBDA}/lambda-runtimes.html",
        check=FUNCTION.unless("PackageType", "Image").one_of("Runtime", *RUNTIMES, weak="python3.8"),
    ),
    Promise(
        id="function-cannot-starve-others",
        title="Functions have a share of the account's concurrency, and no more",
        reason="One function in a loop takes the whole account's otherwise.",
        controls=(),
        source=f"{LAMBDA}/configuration-concurrency.html",
        check=FUNCTION.at_least("ReservedConcurrentExecutions", 0),
    ),
    Promise(
        id="function-keeps-what-it-could-not-do",
        title="What a function could not do is kept in a dead-letter queue",
        reason="An asynchronous call that failed three times is gone otherwise.",
        controls=(),
        source=f"{LAMBDA}/invocation-async-retain-records.html",
        check=FUNCTION.present("DeadLetterConfig.TargetArn"),
    ),
    Promise(
        id="function-can-be-traced",
        title="Functions are traced",
        reason="Where the time of a slow call went is seen in its trace.",
        controls=asked("Lambda.7"),
        source=f"{LAMBDA}/services-xray.html",
        check=FUNCTION.has("TracingConfig.Mode", "Active"),
    ),
    Promise(
        id="function-variables-have-own-key",
        title="The variables of functions are encrypted with a key of our own",
        reason="They are readable to everybody who may look at a function otherwise.",
        controls=(),
        source=f"{LAMBDA}/configuration-envvars-encryption.html",
        check=FUNCTION.where("Environment.Variables").present("KmsKeyArn"),
    ),
    Promise(
        id="function-variables-hold-no-secret",
        title="No variable of a function is called like a secret",
        reason="Variables are shown in consoles, logs and templates.",
        controls=(),
        source=f"{LAMBDA}/configuration-envvars.html",
        check=FUNCTION.asks(
            meets("Environment.Variables", _tells_nothing, "no name like a secret's", _tell, judges=False)
        ),
    ),
)
