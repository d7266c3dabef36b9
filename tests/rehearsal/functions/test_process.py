"""One invocation, run for real: what the function sees, returns, prints, and how it ends otherwise."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.functions.model import Function, NotRunnable, Outcome, check
from rehearsal.functions.package import inline, unpacked
from rehearsal.functions.process import Invocation, Processes

ENVIRONMENT = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key of the role"}


def function(source: str, timeout_seconds: float = 20) -> Function:
    return Function(
        "name",
        "7",
        "arn:aws:lambda:eu-west-1:123400000001:function:name:live",
        "123400000001",
        "eu-west-1",
        "arn:aws:iam::123400000001:role/r",
        "python3.12",
        "index.handler",
        inline(source, "index.py"),
        {"OWN": "own"},
        timeout_seconds,
        256,
        "/aws/lambda/name",
    )


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.close()


def run(processes: Processes, folder: Path, source: str, event: object = None, timeout_seconds: float = 20) -> Outcome:
    made = function(source, timeout_seconds)
    return processes.run(Invocation(made, event, unpacked(made.package, folder), ENVIRONMENT, "request-1", "stream"))


def test_it_gets_event_context_and_environment_and_its_return_value_is_the_payload(
    processes: Processes, tmp_path: Path
) -> None:
    source = """
import os

def handler(event, context):
    print("hello")
    return [
        event["a"], context.function_version, context.invoked_function_arn, context.aws_request_id,
        context.memory_limit_in_mb, 0 < context.get_remaining_time_in_millis() <= 20000,
        os.environ["OWN"], os.environ["AWS_REGION"], os.environ["AWS_ACCESS_KEY_ID"], "HOME" in os.environ,
    ]
"""
    outcome = run(processes, tmp_path, source, {"a": 1})
    arn = "arn:aws:lambda:eu-west-1:123400000001:function:name:live"
    expected = [1, "7", arn, "request-1", "256", True, "own", "eu-west-1", "key of the role", False]
    assert json.loads(outcome.payload) == expected
    assert outcome.error is None
    assert outcome.log[0] == "START RequestId: request-1 Version: 7"
    assert "hello" in outcome.log
    assert outcome.log[-1].startswith("REPORT RequestId: request-1\tDuration: ")


def test_it_sees_boto3_and_nothing_of_kiln(processes: Processes, tmp_path: Path) -> None:
    source = """
def handler(event, context):
    import boto3
    try:
        import rehearsal
    except ImportError:
        return boto3.__name__
"""
    assert run(processes, tmp_path, source).payload == '"boto3"'


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("def handler(e, c):\n    raise KeyError('lost')", "KeyError", "'lost'"),
        ("import nowhere", "Runtime.ImportModuleError", "Unable to import module 'index': No module named 'nowhere'"),
        ("def handler(e, c) return", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("def other(e, c): pass", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("def handler(e, c): return {1, 2}", "Runtime.MarshalError", "Unable to marshal response"),
        ("import os\ndef handler(e, c): os._exit(3)", "Runtime.ExitError", "Runtime exited with exit status 3"),
        ("import sys\ndef handler(e, c): sys.exit(3)", "SystemExit", "3"),
    ],
)
def test_a_failure_is_told_as_lambda_tells_it(
    processes: Processes, tmp_path: Path, source: str, kind: str, said: str
) -> None:
    outcome = run(processes, tmp_path, source)
    payload = json.loads(outcome.payload)
    assert outcome.error == "Unhandled"
    assert payload["errorType"] == kind
    assert said in payload["errorMessage"]


def test_a_function_that_takes_too_long_is_ended_with_what_it_has_started(processes: Processes, tmp_path: Path) -> None:
    source = """
import subprocess, time

def handler(event, context):
    print(subprocess.Popen(["sleep", "60"]).pid)
    time.sleep(60)
"""
    begin = time.monotonic()
    outcome = run(processes, tmp_path, source, timeout_seconds=1.0)
    assert time.monotonic() - begin < 10
    assert "Task timed out after 1.00 seconds" in json.loads(outcome.payload)["errorMessage"]
    started = next(line for line in outcome.log if line.isdecimal())
    assert gone(started)


def test_closing_ends_what_runs(processes: Processes, tmp_path: Path) -> None:
    ended: list[Outcome] = []
    source = "import time\ndef handler(e, c): time.sleep(60)"
    thread = threading.Thread(target=lambda: ended.append(run(processes, tmp_path, source, timeout_seconds=60)))
    thread.start()
    time.sleep(0.3)
    processes.close()
    thread.join(10)
    assert ended[0].error == "Unhandled"


def test_it_ends_with_the_process_that_runs_it(tmp_path: Path) -> None:
    here = Path(__file__)
    script = f"""
import sys
sys.path.insert(0, {str(here.parents[3])!r})
from pathlib import Path
from rehearsal.functions.process import Processes
from tests.rehearsal.functions.test_process import run
source = "import os, time\\ndef handler(e, c):\\n    open('pid', 'w').write(str(os.getpid()))\\n    time.sleep(60)"
run(Processes(), Path({str(tmp_path)!r}), source, timeout_seconds=60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script])
    end = time.monotonic() + 20
    while not (found := [p.read_text() for p in tmp_path.glob("*/pid")]) or not found[0]:
        assert time.monotonic() < end
        time.sleep(0.05)
    parent.kill()
    parent.wait(10)
    while alive(found[0]):
        assert time.monotonic() < end
        time.sleep(0.05)


def gone(pid: str) -> bool:
    """Whether a process ends within a few seconds: a signal is sent in no time, and dying takes the kernel a moment."""
    limit = time.monotonic() + 5
    while alive(pid) and time.monotonic() < limit:
        time.sleep(0.02)
    return not alive(pid)


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("runtime", "handler", "package", "said"),
    [
        ("nodejs22.x", "index.handler", b"zip", "runtime nodejs22.x: a rehearsal runs python3.* only"),
        (None, "index.handler", b"zip", "is a container image"),
        ("python3.12", "index", b"zip", "expected module.function"),
        ("python3.12", "index.handler", b"", "has no code"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(
    runtime: str | None, handler: str, package: bytes, said: str
) -> None:
    with pytest.raises(NotRunnable, match=said.replace("*", r"\*")):
        check(Function("f", "1", "arn", "1", "r", "role", runtime, handler, package))


def test_what_is_no_zip_file_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotRunnable, match="no zip file"):
        unpacked(b"text", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_same_source_is_the_same_package() -> None:
    assert inline("x = 1", "index.py") == inline("x = 1", "index.py")
