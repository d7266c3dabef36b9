"""Invocations: credentials of the function's role, log lines to CloudWatch Logs, retries and destinations."""

import json
import logging
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.functions import destinations, model
from rehearsal.functions.model import Function, Outcome, Policy
from rehearsal.functions.package import unpacked
from rehearsal.functions.process import Invocation, Processes, log_stream, new_request_id

log = logging.getLogger("rehearsal.functions")

# Lambda waits one minute, then two (developer guide, "Error handling for asynchronous invocation"); nobody here has.
RETRY_SECONDS = (1.0, 2.0)
CLOSE_SECONDS = 5.0
LOG_BATCH = 1000  # PutLogEvents takes 10 000 events, and 1 MB


class Functions:
    """Every invocation of a rehearsal. `folder`: where packages are unpacked; by default one that `close` removes."""

    def __init__(self, clients: Clients, folder: Path | None = None) -> None:
        self._clients = clients
        self._temporary = tempfile.TemporaryDirectory(prefix="kiln-functions-") if folder is None else None
        self._folder = folder or Path(self._temporary.name if self._temporary else "")
        self._processes = Processes()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def close(self) -> None:
        """End everything that runs."""
        self._closing.set()
        self._processes.close()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)
        if self._temporary:
            self._temporary.cleanup()

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Run a function and wait for its end. Raises NotRunnable."""
        model.check(function)
        stream = log_stream(function.version)
        folder = unpacked(function.package, self._folder)
        environment = {**self._environment(function), **self._credentials(function)}
        outcome = self._processes.run(
            Invocation(function, event, folder, environment, new_request_id(), stream),
        )
        if not self._closing.is_set():
            self._write_log(function, stream, outcome)
        return outcome

    def invoke_later(self, function: Function, event: Any, policy: Policy) -> None:
        """Run a function in the background, again where it fails, and send the record. Raises NotRunnable."""
        model.check(function)
        for arn in (policy.on_success, policy.on_failure, policy.dead_letters):
            destinations.check(arn)
        thread = threading.Thread(
            target=self._until_it_works, args=(function, event, policy), daemon=True, name=f"function {function.name}"
        )
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def _until_it_works(self, function: Function, event: Any, policy: Policy) -> None:
        for attempt in range(1, policy.retries + 2):
            try:
                outcome = self.invoke(function, event)
            except model.NotRunnable as reason:
                log.error("%s", reason)
                return
            if self._closing.is_set():
                return
            if outcome.error is None or attempt > policy.retries:
                break
            if self._closing.wait(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1]):
                return
        self._tell(function, event, policy, outcome, attempt)

    def _tell(self, function: Function, event: Any, policy: Policy, outcome: Outcome, attempts: int) -> None:
        record = destinations.record(function, event, outcome, attempts)
        to_send = [(policy.on_failure if outcome.error else policy.on_success, record)]
        if outcome.error:
            to_send.append((policy.dead_letters, event))
        for arn, message in to_send:
            if arn:
                try:
                    destinations.send(self._clients, function, arn, message, outcome.error is None)
                except (ClientError, BotoCoreError):
                    log.exception("the record of %s could not be sent to %s", function.name, arn)

    def _environment(self, function: Function) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self._clients.url,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
        }

    def _credentials(self, function: Function) -> dict[str, str]:
        sts = self._clients.get("sts", function.account, function.region)
        session = function.name[:64].ljust(2, "-")  # AssumeRole: 2 to 64 characters
        keys = sts.assume_role(RoleArn=function.role, RoleSessionName=session)["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }

    def _write_log(self, function: Function, stream: str, outcome: Outcome) -> None:
        logs = self._clients.get("logs", function.account, function.region)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in outcome.log if line]
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=function.log_group)
        logs.create_log_stream(logGroupName=function.log_group, logStreamName=stream)
        for start in range(0, len(events), LOG_BATCH):
            batch = events[start : start + LOG_BATCH]
            logs.put_log_events(logGroupName=function.log_group, logStreamName=stream, logEvents=batch)


def event_of(payload: str | bytes | None) -> Any:
    """The event in the body of an Invoke request; none is an empty event."""
    return json.loads(payload) if payload else {}
