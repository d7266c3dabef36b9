"""Lambda: moto (5.2.5) keeps the records of functions, rehearsal.functions runs them.

Hooks, and what goes wrong without each:
- LambdaBackend.invoke: moto runs functions in Docker, which pulls images, knows no context, no credentials, no timeout
  and no alias with weights, and lets the caller of an asynchronous invocation wait.
- LambdaFunction.invoke: the same for who does not come through the API: SNS, EventBridge, rotation of secrets.
- LambdaFunction.__init__, get_configuration, update_configuration: moto drops the settings in KEPT, when a function is
  made or when it is changed, and shows a VPC that does not exist.
- LambdaResponse.put_function_event_invoke_config, update_…, get_…, delete_…, list_function_event_invoke_configs: moto
  ignores the qualifier, and a second put changes nothing.
"""

import base64
import json
import random
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError, UnknownEventConfig
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends

from rehearsal.functions.functions import Functions, event_of
from rehearsal.functions.model import Function, NotRunnable, Outcome, Policy

# Members of CreateFunction and UpdateFunctionConfiguration that GetFunctionConfiguration gives back as they are.
KEPT = (
    "DeadLetterConfig",
    "DurableConfig",
    "EphemeralStorage",
    "FileSystemConfigs",
    "KMSKeyArn",
    "LoggingConfig",
    "SnapStart",
    "TracingConfig",
)
LOG_TAIL = 4096  # bytes of log that Invoke gives back with LogType Tail
DEFAULT_EVENT_CONFIG = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21600}

make_in_moto = LambdaFunction.__init__
configuration_in_moto = LambdaFunction.get_configuration
update_in_moto = LambdaFunction.update_configuration
Headers = Any


def install(functions: Functions) -> None:
    """Let `functions` run every function."""

    def run(record: Any, arn: str, qualifier: str, body: Any, asked: Headers, answer: Headers) -> bytes:
        kind = asked.get("x-amz-invocation-type") or "RequestResponse"
        function = as_function(record, arn)
        answer["X-Amz-Executed-Version"] = function.version
        try:
            if kind == "Event":
                functions.invoke_later(function, event_of(body), policy_of(record, qualifier))
            if kind != "RequestResponse":
                return b""
            outcome = functions.invoke(function, event_of(body))
        except NotRunnable as reason:
            raise LambdaClientError("InvalidRuntimeException", str(reason)) from reason
        tell(outcome, answer)
        return outcome.payload.encode()

    def invoke_backend(
        self: Any, function_name: str, qualifier: str | None, body: Any, headers: Headers, response_headers: Headers
    ) -> bytes:
        record, arn, chosen = resolve(self, function_name, qualifier)
        payload = run(record, arn, chosen, body, headers, response_headers)
        response_headers["Content-Length"] = str(len(payload))
        return payload

    def invoke_function(self: Any, body: str, request_headers: Headers, response_headers: Headers) -> bytes:
        return run(self, self.function_arn, str(self.version), body, request_headers, response_headers)

    invoke_backend.__name__ = invoke_function.__name__ = "invoke"
    for moto_class, hook in (
        (LambdaBackend, invoke_backend),
        (LambdaFunction, invoke_function),
        (LambdaFunction, get_configuration),
        (LambdaFunction, update_configuration),
        (LambdaFunction, __init__),
        (LambdaResponse, put_function_event_invoke_config),
        (LambdaResponse, update_function_event_invoke_config),
        (LambdaResponse, get_function_event_invoke_config),
        (LambdaResponse, delete_function_event_invoke_config),
        (LambdaResponse, list_function_event_invoke_configs),
    ):
        setattr(moto_class, hook.__name__, hook)


# functions ----------------------------------------------------------------------------------------------------------


def resolve(backend: Any, name: str, qualifier: str | None) -> tuple[Any, str, str]:
    """The version that an invocation runs, the ARN it was invoked by, and its qualifier. Raises moto's errors."""
    named = name.split(":function:")[-1].partition(":")[2]  # the qualifier may stand in the name or the ARN
    chosen = named or qualifier or "$LATEST"
    record = backend.get_function(name, qualifier)
    bare = backend._lambdas.split_function_arn(record.function_arn)[0] if record.version != "$LATEST" else ""
    bare = bare or record.function_arn
    alias = backend._lambdas._aliases[bare].get(chosen)
    if alias is not None:
        record = backend.get_function(record.function_name, weighted(alias.function_version, alias.routing_config))
    return record, bare if chosen == "$LATEST" else f"{bare}:{chosen}", chosen


def weighted(version: str, routing: dict[str, Any] | None, dice: float | None = None) -> str:
    """The version that one invocation of an alias goes to; `dice`: a number from 0 up to 1."""
    left = random.random() if dice is None else dice
    for other, weight in ((routing or {}).get("AdditionalVersionWeights") or {}).items():
        left -= float(weight)
        if left < 0:
            return str(other)
    return version


def as_function(record: Any, arn: str) -> Function:
    """moto's record as what a process needs."""
    logging = getattr(record, "kept", {}).get("LoggingConfig", {})
    return Function(
        name=record.function_name,
        version=str(record.version),
        arn=arn,
        account=record.account_id,
        region=record.region,
        role=record.role,
        runtime=record.run_time if record.package_type == "Zip" else None,
        handler=record.handler,
        package=getattr(record, "code_bytes", b""),
        environment={k: str(v) for k, v in record.environment_vars.items()},
        timeout_seconds=float(record.timeout),
        memory_mb=int(record.memory_size),
        log_group=logging.get("LogGroup") or record.logs_group_name,
    )


def policy_of(record: Any, qualifier: str) -> Policy:
    """What happens around an asynchronous invocation by this qualifier."""
    config = event_configs(record).get(qualifier)
    given = config.config if config else {}
    destinations = given.get("DestinationConfig") or {}
    return Policy(
        retries=int(given.get("MaximumRetryAttempts", Policy().retries)),
        on_success=destinations.get("OnSuccess", {}).get("Destination"),
        on_failure=destinations.get("OnFailure", {}).get("Destination"),
        dead_letters=getattr(record, "kept", {}).get("DeadLetterConfig", {}).get("TargetArn"),
    )


def tell(outcome: Outcome, answer: Headers) -> None:
    """The headers of an Invoke response."""
    tail = "\n".join(outcome.log).encode()[-LOG_TAIL:]
    answer["x-amz-log-result"] = base64.b64encode(tail).decode()
    if outcome.error:
        answer["x-amz-function-error"] = outcome.error


# settings -----------------------------------------------------------------------------------------------------------


def __init__(self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
    make_in_moto(self, account_id, spec, region, version)
    self.kept = {name: spec[name] for name in KEPT if spec.get(name)}


def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
    """moto's, with what it drops, and the VPC that the subnets are in."""
    found = {**configuration_in_moto(self, on_create), **self.kept}
    found["RevisionId"] = str(self.policy.revision)
    if found.get("SnapStart"):
        found["SnapStart"] = {"OptimizationStatus": "Off", **found["SnapStart"]}
    found.setdefault("LoggingConfig", {})
    found["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.logs_group_name, **found["LoggingConfig"]}
    network = found.get("VpcConfig")
    if network and network.get("SubnetIds"):
        subnet = ec2_backends[self.account_id][self.region].get_subnet(network["SubnetIds"][0])
        found["VpcConfig"] = {**network, "VpcId": subnet.vpc_id}
    return found


def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
    self.kept = {**self.kept, **{name: config_updates[name] for name in KEPT if name in config_updates}}
    update_in_moto(self, config_updates)
    return get_configuration(self)


# asynchronous invocation --------------------------------------------------------------------------------------------


def event_configs(record: Any) -> dict[str, EventInvokeConfig]:
    """Qualifier → configuration; all versions of a function share one table, kept with what they share in moto."""
    shared = record.policy
    if not hasattr(shared, "event_configs"):
        shared.event_configs = {}
    found: dict[str, EventInvokeConfig] = shared.event_configs
    return found


def _asked(response: Any) -> tuple[Any, str]:
    parts = response.path.split("/")
    name = unquote(parts[parts.index("functions") + 1])
    qualifier = response.querystring.get("Qualifier", [None])[0]
    named = name.split(":function:")[-1].partition(":")[2]
    return response.backend.get_function(name, qualifier), named or qualifier or "$LATEST"


def _shown(config: EventInvokeConfig, qualifier: str) -> dict[str, Any]:
    return {**config.response(), "FunctionArn": f"{config.arn}:{qualifier}"}


def _bare_arn(record: Any) -> str:
    return ":".join(record.function_arn.split(":")[:7])


def put_function_event_invoke_config(self: Any) -> ActionResult:
    record, qualifier = _asked(self)
    made = EventInvokeConfig(_bare_arn(record), record.last_modified, {**DEFAULT_EVENT_CONFIG, **self.json_body})
    event_configs(record)[qualifier] = made
    return ActionResult(_shown(made, qualifier))


def update_function_event_invoke_config(self: Any) -> str:
    record, qualifier = _asked(self)
    before = event_configs(record).get(qualifier)
    given = {**(before.config if before else DEFAULT_EVENT_CONFIG), **self.json_body}
    event_configs(record)[qualifier] = made = EventInvokeConfig(_bare_arn(record), record.last_modified, given)
    return json.dumps(_shown(made, qualifier), default=str)


def get_function_event_invoke_config(self: Any) -> ActionResult:
    record, qualifier = _asked(self)
    if qualifier not in event_configs(record):
        raise UnknownEventConfig(f"{_bare_arn(record)}:{qualifier}")
    return ActionResult(_shown(event_configs(record)[qualifier], qualifier))


def delete_function_event_invoke_config(self: Any) -> Any:
    record, qualifier = _asked(self)
    if event_configs(record).pop(qualifier, None) is None:
        raise UnknownEventConfig(f"{_bare_arn(record)}:{qualifier}")
    return 204, {"status": 204}, ""


def list_function_event_invoke_configs(self: Any) -> str:
    record, _ = _asked(self)
    found = [_shown(config, qualifier) for qualifier, config in event_configs(record).items()]
    return json.dumps({"FunctionEventInvokeConfigs": found}, default=str)
