from collections.abc import Callable
from typing import Any

from kiln.operations.event_notice import EventNotice, Events


def test_events_come_to_the_topic_as_a_sentence(template: Callable[..., Any]) -> None:
    found = template(
        lambda stack: EventNotice(
            stack,
            "Notice",
            events=Events("aws.shop", "Door", {"state": ["open"]}),
            topic_arn="arn:topic",
            description="Doors that are open",
            text="Door <door> is open.",
            values={"door": "$.detail.door"},
        )
    )
    [rule] = found.find_resources("AWS::Events::Rule").values()
    assert rule["Properties"] == {
        "Description": "Doors that are open",
        "EventPattern": {"source": ["aws.shop"], "detail-type": ["Door"], "detail": {"state": ["open"]}},
        "State": "ENABLED",
        "Targets": [
            {
                "Id": "Topic",
                "Arn": "arn:topic",
                "InputTransformer": {
                    "InputPathsMap": {"account": "$.account", "region": "$.region", "door": "$.detail.door"},
                    "InputTemplate": '"Door <door> is open. Account <account>, <region>."',
                },
                "RetryPolicy": {"MaximumEventAgeInSeconds": 3600},
            }
        ],
    }
