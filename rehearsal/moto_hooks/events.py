"""EventBridge: events reach topics. moto 5.2.5.

Hook:
- Rule.send_to_targets: moto delivers to queues, log groups and buses only, and fails the whole PutEvents on a topic.
  Here a topic is told. A target of another kind is left out with a line in the log, as AWS too fails nobody's
  PutEvents for a target that cannot be reached.
"""

import copy
import json
import logging
from typing import Any

from moto.events.models import EventTemplateParser, Rule
from moto.sns.models import sns_backends

send_in_moto = Rule.send_to_targets
OF_MOTO = frozenset({"logs", "sqs", "events"})

log = logging.getLogger("rehearsal.moto_hooks")


def install() -> None:
    """Let topics be targets."""

    def send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.state == "DISABLED" or not self.event_pattern.matches_event(original_event):
            return
        theirs = copy.copy(self)
        theirs.targets = [t for t in self.targets if service_of(t) in OF_MOTO]
        send_in_moto(theirs, original_event, transform_input)
        for target in self.targets:
            if service_of(target) == "sns":
                publish(target, original_event)
            elif service_of(target) not in OF_MOTO:
                log.warning("the event target %s is not emulated", target["Arn"])

    setattr(Rule, send_to_targets.__name__, send_to_targets)


def service_of(target: dict[str, Any]) -> str:
    """The service in the target's ARN."""
    return str(target["Arn"]).split(":")[2]


def publish(target: dict[str, Any], event: Any) -> None:
    """The event, or what the target's transformer makes of it, as a message to the topic."""
    transformer = target.get("InputTransformer", {})
    made = EventTemplateParser.parse(
        input_template=transformer.get("InputTemplate"),
        input_paths_map=transformer.get("InputPathsMap", {}),
        event=event,
    )
    message = target.get("Input") or (made if isinstance(made, str) else json.dumps(made))
    _, _, _, region, account, _ = str(target["Arn"]).split(":")
    sns_backends[account][region].publish(message, arn=target["Arn"])
