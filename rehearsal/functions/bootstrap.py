"""The program inside a function's process: loads the handler, calls it with event and context, writes what it returns.

    python -I -S bootstrap.py RESULT_FD < request.json

It runs with an empty module path: only Python itself, the function's own files and the folder of boto3 are there, as
in Lambda's Python runtimes. Standard output and error are the function's log; the result goes to a pipe of its own.
"""

import importlib
import json
import logging
import socket
import sys
import time
import traceback
from typing import Any


class Context:
    """The context object: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    identity = None
    client_context = None

    def __init__(self, facts: dict[str, Any], deadline: float) -> None:
        self.function_name = facts["function_name"]
        self.function_version = facts["function_version"]
        self.invoked_function_arn = facts["invoked_function_arn"]
        self.memory_limit_in_mb = facts["memory_limit_in_mb"]
        self.aws_request_id = facts["aws_request_id"]
        self.log_group_name = facts["log_group_name"]
        self.log_stream_name = facts["log_stream_name"]
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


class RuntimeFault(Exception):
    """What goes wrong before and after the handler; `kind` is Lambda's name of it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def find_localhost() -> None:
    """Let names below localhost mean this machine, as RFC 6761 asks of resolvers and this machine's need not do.

    SDKs put the account in front of the endpoint's host for some services, such as S3 Control.
    """
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        local = isinstance(host, str) and host.rstrip(".").endswith(".localhost")
        return resolve("localhost" if local else host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def load(handler: str) -> Any:
    """The function that a handler's name stands for. Raises RuntimeFault."""
    module_name, _, name = handler.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise RuntimeFault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        message = f"Handler '{name}' missing on module '{module_name}'"
        raise RuntimeFault("Runtime.HandlerNotFound", message) from None


def run(request: dict[str, Any]) -> dict[str, Any]:
    """{"result": …} or {"error": …}."""
    context = Context(request["context"], request["deadline"])
    try:
        returned = load(request["handler"])(request["event"], context)
        try:
            return {"result": json.dumps(returned)}
        except (TypeError, ValueError) as error:
            raise RuntimeFault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    except BaseException as error:  # whatever the function raises, SystemExit among it, is its answer
        traceback.print_exc()
        kind = error.kind if isinstance(error, RuntimeFault) else type(error).__name__
        lines = [] if isinstance(error, RuntimeFault) else traceback.format_tb(error.__traceback__)[1:]
        return {
            "error": {
                "errorMessage": str(error),
                "errorType": kind,
                "requestId": context.aws_request_id,
                "stackTrace": lines,
            }
        }


def main() -> None:
    request = json.load(sys.stdin)
    sys.path[:0] = request["path"]
    sys.path += request["runtime_path"]
    request_id = request["context"]["aws_request_id"]
    logging.basicConfig(stream=sys.stdout, format=f"[%(levelname)s]\t%(asctime)s\t{request_id}\t%(message)s")
    find_localhost()
    answer = run(request)
    sys.stdout.flush()
    with open(int(sys.argv[1]), "w") as out:
        json.dump(answer, out)


if __name__ == "__main__":
    main()
