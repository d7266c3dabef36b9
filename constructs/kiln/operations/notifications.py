"""Three topics, one per severity, and the mail addresses that get what is said there.

The policy of a topic lets exactly these services of this account publish, and nobody without TLS. Principals of the
account need no statement here: what their own policies allow them is enough.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from kiln.operations.topics import Severity, Topics
from kiln.optional import NONE, places
from kiln.refusal import refuse

ADDRESSES = 5
"""Places for mail addresses in a template."""

PUBLISHERS = (
    "backup.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "events.rds.amazonaws.com",
)
"""Who publishes in the name of an account and says of which: so no other account can use them to reach a topic."""
EVENT_BRIDGE = "events.amazonaws.com"
"""A statement with a condition never lets EventBridge publish: it says nothing of the account of the rule.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html"""
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


class Notifications(Construct):
    """The topics urgent, warning and info, encrypted; `.topics` has their ARNs.

    Args:
        key_arn: of the key of the messages; its policy must let the publishers use it. May be a token.
        addresses: a list of `ADDRESSES` mail addresses, filled up with `kiln.optional.NONE`; may be a list token. Each
            gets the messages of all three topics, once somebody has confirmed it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key_arn: str, addresses: list[str]) -> None:
        super().__init__(scope, construct_id)
        _require_somebody(self, addresses)
        found = {severity: self._topic(severity, key_arn) for severity in Severity}
        for number, (address, used) in enumerate(_given(self, addresses), start=1):
            for severity, topic in found.items():
                mail = sns.CfnSubscription(
                    self,
                    f"{severity.capitalize()}Mail{number}",
                    topic_arn=topic.ref,
                    protocol="email",
                    endpoint=address,
                )
                if used:
                    mail.cfn_options.condition = used
        self.topics = _topics(found)

    def _topic(self, severity: Severity, key_arn: str) -> sns.CfnTopic:
        name = severity.capitalize()
        topic = sns.CfnTopic(
            self, name, display_name=f"{name} of {cdk.Aws.STACK_NAME}", kms_master_key_id=key_arn, signature_version="2"
        )
        here = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        statements = [
            iam.PolicyStatement(
                sid="ServicesOfThisAccount",
                principals=[iam.ServicePrincipal(service) for service in PUBLISHERS],
                actions=["sns:Publish"],
                resources=[topic.ref],
                conditions=here,
            ),
            iam.PolicyStatement(
                sid="EventBridge",
                principals=[iam.ServicePrincipal(EVENT_BRIDGE)],
                actions=["sns:Publish"],
                resources=[topic.ref],
            ),
            iam.PolicyStatement(
                sid="OnlyWithTls",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["sns:Publish", "sns:Subscribe"],
                resources=[topic.ref],
                conditions=WITHOUT_TLS,
            ),
        ]
        sns.CfnTopicPolicy(
            self, f"{name}Policy", topics=[topic.ref], policy_document=iam.PolicyDocument(statements=statements)
        )
        return topic


def _given(construct: Construct, addresses: list[str]) -> list[tuple[str, cdk.CfnCondition | None]]:
    """Each address, with the condition under which it is one where that is only known in the account."""
    if cdk.Token.is_unresolved(addresses):
        return [*places(construct, "HasAddress", addresses, ADDRESSES)]
    return [(address, None) for address in addresses if address != NONE]


def _require_somebody(construct: Construct, addresses: list[str]) -> None:
    if cdk.Token.is_unresolved(addresses):
        return
    if len(addresses) != ADDRESSES:
        expected = f"{ADDRESSES} places, filled up with {NONE!r}"
        raise refuse(construct, "addresses", found=addresses, expected=expected)
    if all(address == NONE for address in addresses):
        raise refuse(construct, "addresses", found=addresses, expected="at least one mail address")


def _topics(found: Mapping[Severity, sns.CfnTopic]) -> Topics:
    return Topics(
        urgent_arn=found[Severity.URGENT].ref,
        warning_arn=found[Severity.WARNING].ref,
        info_arn=found[Severity.INFO].ref,
    )
