"""A log of JSON objects, one a line: level, logger, message, and what belongs to the line (`extra={"job": …}`).

Nobody's name, pay or secret belongs into it: a job is known by its id.
"""

import json
import logging
import sys

FIELDS = ("job", "payslip", "attempt", "seconds")  # what lines may carry beside their message


class JsonLine(logging.Formatter):
    """One record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname, "logger": record.name, "message": record.getMessage()}
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def tell_broken_connection(log: logging.Logger) -> None:
    """For `handle_error` of a socket server, which would write a traceback of many lines: what went wrong, as one line.

    A client that is gone is no fault of ours.
    """
    problem = sys.exception()
    if isinstance(problem, OSError):
        log.info("a connection broke: %s", problem)
    else:
        log.error("a request failed: %s", problem, exc_info=problem)


def write_json_lines() -> None:
    """Everything from INFO on to the standard error stream, which systemd keeps; of the AWS SDK, warnings only."""
    logging.getLogger("botocore").setLevel(logging.WARNING)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
