"""An event of AWS as a message that a person can read: an EventBridge rule with a topic behind it."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_events
from constructs import Construct

MAXIMUM_AGE_SECONDS = 3600
"""An older event is no news; EventBridge tries again until then.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html"""


@dataclass(frozen=True, slots=True)
class Events:
    """Which events.

    Args:
        source: such as `aws.guardduty`.
        detail_type: such as `GuardDuty Finding`.
        detail: a pattern over the event's detail.
    """

    source: str
    detail_type: str
    detail: Mapping[str, object]


class EventNotice(Construct):
    """Tells a topic of events.

    Args:
        events: see `Events`.
        topic_arn: whose policy lets EventBridge publish; may be a token.
        description: of the rule.
        text: what is said, with names of `values` in angle brackets: `Port <port> is open`.
        values: name → JSON path in the event, such as `$.detail.title`. `<account>` and `<region>` are there always.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        events: Events,
        topic_arn: str,
        description: str,
        text: str,
        values: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        target = aws_events.CfnRule.TargetProperty(
            id="Topic",
            arn=topic_arn,
            input_transformer=aws_events.CfnRule.InputTransformerProperty(
                input_paths_map={"account": "$.account", "region": "$.region", **values},
                # EventBridge wants JSON, and this is a JSON string.
                input_template=f'"{text} Account <account>, <region>."',
            ),
            retry_policy=aws_events.CfnRule.RetryPolicyProperty(maximum_event_age_in_seconds=MAXIMUM_AGE_SECONDS),
        )
        aws_events.CfnRule(
            self,
            "Rule",
            description=description,
            event_pattern={
                "source": [events.source],
                "detail-type": [events.detail_type],
                "detail": dict(events.detail),
            },
            state="ENABLED",
            targets=[target],
        )
