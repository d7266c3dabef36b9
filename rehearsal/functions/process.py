"""One invocation: a process of the same Python that sees nothing of Kiln, ended with its timeout or the rehearsal.

The program is `bootstrap`. Memory is told to the function and not limited. It is no sandbox: the function runs as the
user of the rehearsal, on its network.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.functions.model import Function, Outcome, failure

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a function. `environment`: what Lambda adds to the function's own: region, credentials, endpoint."""

    function: Function
    event: Any
    folder: Path
    environment: Mapping[str, str]
    request_id: str
    log_stream: str


def new_request_id() -> str:
    return str(uuid.uuid4())


def log_stream(version: str) -> str:
    """The name of a log stream: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"


class Processes:
    """The processes that run now; `close` ends them all."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """End every process; what is started later ends at once."""
        with self._lock:
            self._closed = True
            for process in self._running:
                _end(process)

    def run(self, invocation: Invocation) -> Outcome:
        """Run an invocation to its end."""
        function, begin = invocation.function, time.time()
        reading, writing = os.pipe()
        with open(reading, "rb") as result:
            try:
                process = self._start(invocation, writing)
            finally:
                os.close(writing)
            answers: list[bytes] = []
            reader = threading.Thread(target=lambda: answers.append(result.read()), daemon=True)
            reader.start()
            try:
                request = json.dumps(_request(invocation, begin + function.timeout_seconds)).encode()
                said, _ = process.communicate(request, timeout=function.timeout_seconds)
                timed_out = False
            except subprocess.TimeoutExpired:
                _end(process)
                said, _ = process.communicate()
                timed_out = True
            finally:
                _end(process)  # and what it has started
                with self._lock:
                    self._running.discard(process)
            reader.join()
        lines = said.decode(errors="replace").splitlines()
        return _outcome(invocation, answers[0], lines, timed_out, process.returncode, time.time() - begin)

    def _start(self, invocation: Invocation, result: int) -> subprocess.Popen[bytes]:
        # The signal goes out when the thread that started the process ends: it is the one that waits for it.
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-I", "-S", "-u", str(BOOTSTRAP), str(result)]
        with self._lock:
            process = subprocess.Popen(
                command,
                cwd=invocation.folder,
                env=_environment(invocation),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(result,),
                start_new_session=True,
            )
            self._running.add(process)
            if self._closed:
                _end(process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with everything that it has started; one that has ended may still have left others."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _environment(invocation: Invocation) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, without what names Lambda's insides."""
    function = invocation.function
    return {
        "PATH": PATH,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": invocation.log_stream,
        "LAMBDA_TASK_ROOT": str(invocation.folder),
        "_HANDLER": str(function.handler),
        **function.environment,
        **invocation.environment,
    }


def _request(invocation: Invocation, deadline: float) -> dict[str, Any]:
    function = invocation.function
    boto3 = importlib.util.find_spec("boto3")
    assert boto3 is not None
    assert boto3.origin is not None
    return {
        "handler": function.handler,
        "event": invocation.event,
        "deadline": deadline,
        "path": [str(invocation.folder)],
        "runtime_path": [str(Path(boto3.origin).parents[1])],
        "context": {
            "function_name": function.name,
            "function_version": function.version,
            "invoked_function_arn": function.arn,
            "memory_limit_in_mb": str(function.memory_mb),
            "aws_request_id": invocation.request_id,
            "log_group_name": function.log_group,
            "log_stream_name": invocation.log_stream,
        },
    }


def _outcome(
    invocation: Invocation, answer: bytes, lines: list[str], timed_out: bool, code: int | None, seconds: float
) -> Outcome:
    function, request_id = invocation.function, invocation.request_id
    found = json.loads(answer) if answer else {}
    if timed_out:
        message = f"{request_id} Task timed out after {function.timeout_seconds:.2f} seconds"
        payload, lines = failure(message, "Sandbox.Timedout", request_id), [*lines, message]
    elif "result" in found:
        payload = found["result"]
    elif "error" in found:
        payload = json.dumps(found["error"])
    else:
        message = f"RequestId: {request_id} Error: Runtime exited with exit status {code}"
        payload = failure(message, "Runtime.ExitError", request_id)
    log = (
        f"START RequestId: {request_id} Version: {function.version}",
        *lines,
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {seconds * 1000:.2f} ms\tMemory Size: {function.memory_mb} MB",
    )
    return Outcome(request_id, payload, None if "result" in found and not timed_out else "Unhandled", log)
