"""A firewall before a load balancer or an API: what AWS knows to be an attack, and whoever asks too often.

Managed rules refuse and do not only count. Every request is written down, without the headers that are secrets.
"""

import aws_cdk as cdk
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from kiln.data.key_user import arn
from kiln.operations.log_group import LogGroup, Records
from kiln.refusal import require_between
from kiln.stack_unique import unique_name

MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)
"""https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html (1125 capacity units)"""
LOWEST_LIMIT, HIGHEST_LIMIT = 10, 2_000_000_000
"""https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-request-limiting.html"""
WINDOW_SECONDS = 300
LOG_PREFIX = "aws-waf-logs"
"""WAF writes to groups of no other name: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"""
METRIC = "Firewall"
"""The value of the dimension `WebACL` of its metrics."""
SECRET_HEADERS = ("authorization", "cookie")


class WebAcl(Construct):
    """A regional web ACL with AWS's managed rules and a limit per address, in force for one resource.

    Args:
        resource_arn: what it stands before: a load balancer, an API. May be a token.
        requests_per_address: in 5 minutes, 10 to 2,000,000,000; whoever sends more is refused. May be a token.
        records: where requests are written down.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resource_arn: str,
        requests_per_address: float,
        records: Records,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(
            self, "requests_per_address", requests_per_address, LOWEST_LIMIT, HIGHEST_LIMIT, "requests in 5 minutes"
        )
        # In the order in which they are asked: the limit costs least, so it is first.
        rules = [_limit(requests_per_address), *map(_managed, MANAGED_RULES)]
        acl = waf.CfnWebACL(
            self,
            "Resource",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible(METRIC),
            rules=[waf.CfnWebACL.RuleProperty(priority=place, **rule) for place, rule in enumerate(rules)],
        )
        self.arn: str = acl.attr_arn
        waf.CfnWebACLAssociation(self, "Association", resource_arn=resource_arn, web_acl_arn=acl.attr_arn)
        log = LogGroup(self, "Log", key_arn=records.key_arn, days=records.days, name=unique_name(LOG_PREFIX))
        waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            log_destination_configs=[cdk.Fn.join("", [arn("logs", cdk.Aws.REGION), ":log-group:", log.name])],
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                for name in SECRET_HEADERS
            ],
        )


def _limit(requests_per_address: float) -> dict[str, object]:
    by_address = waf.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP", limit=requests_per_address, evaluation_window_sec=WINDOW_SECONDS
    )
    return {
        "name": "RequestsPerAddress",
        "statement": waf.CfnWebACL.StatementProperty(rate_based_statement=by_address),
        "action": waf.CfnWebACL.RuleActionProperty(block={}),
        "visibility_config": _visible("RequestsPerAddress"),
    }


def _managed(group: str) -> dict[str, object]:
    statement = waf.CfnWebACL.ManagedRuleGroupStatementProperty(vendor_name="AWS", name=group)
    return {
        "name": group,
        "statement": waf.CfnWebACL.StatementProperty(managed_rule_group_statement=statement),
        "override_action": waf.CfnWebACL.OverrideActionProperty(none={}),
        "visibility_config": _visible(group),
    }


def _visible(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        metric_name=name, cloud_watch_metrics_enabled=True, sampled_requests_enabled=True
    )
