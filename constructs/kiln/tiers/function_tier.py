"""A tier of one function: nothing runs while nobody asks, and a new version gets its requests little by little."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from kiln.exemption import exempt
from kiln.number_text import number_text
from kiln.operations.alarm import Alarm
from kiln.operations.log_group import LogGroup, Records
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import refuse, require_between
from kiln.tiers.dead_letter_queue import DeadLetterQueue
from kiln.tiers.function_alias import LIVE, FunctionAlias, Traffic
from kiln.tiers.function_role import function_role
from kiln.tiers.function_route import FunctionRoute, FunctionTargets

Function = lambda_.CfnFunction

RUNTIME = "python3.13"
MOST_INLINE_BYTES = 4096
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html"""
LOWEST_MIB, HIGHEST_MIB = 128, 10_240
LONGEST_SECONDS = 900
CONCURRENCY = 20
ERRORS_PER_MINUTE = 5


@dataclass(frozen=True, slots=True)
class Code:
    """What runs.

    Args:
        source: Python with a function `handler(event, context)`, at most 4096 bytes. Larger code is a recipe's matter.
        memory_mib: 128 to 10240; may be a token.
        timeout_seconds: 1 to 900.
        concurrency: how many run at once at most; taken from those of the account.
    """

    source: str
    memory_mib: float
    timeout_seconds: int = 10
    concurrency: int = CONCURRENCY


class FunctionTier(Construct):
    """A function in the app subnets behind the alias `live`; `.alias_arn`, `.role`, `.security_group`.

    Traced, logged under a key of ours, and what an asynchronous call could not do is set aside.

    Args:
        name: of the tier, as a tag.
        code: see `Code`.
        traffic: see `Traffic`.
        vpc: with its app subnets.
        records: how its log is kept.
        topics: who is told.
        queue_key_arn: of the key of its dead-letter queue; may be a token.
        route: see `FunctionRoute`; without one, nobody calls it but who is allowed to by IAM.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        code: Code,
        traffic: Traffic,
        vpc: ec2.IVpc,
        records: Records,
        topics: Topics,
        queue_key_arn: str,
        route: FunctionRoute | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        _require_sense(self, code)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description=f"Function {name}", allow_all_outbound=False
        )
        self.security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs over HTTPS")
        log = LogGroup(self, "Log", key_arn=records.key_arn, days=records.days)
        failed = DeadLetterQueue(self, "SetAside", key_arn=queue_key_arn, topics=topics)
        exempt(failed.resource, "queue-sets-poison-aside", "It takes what a function could not do: nothing works on it")
        self.role = function_role(self, "Role", log_group_arn=log.arn, queue_arn=failed.arn, key_arn=queue_key_arn)
        subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids
        function = Function(
            self,
            "Resource",
            runtime=RUNTIME,
            handler="index.handler",
            code=Function.CodeProperty(zip_file=code.source),
            role=self.role.role_arn,
            memory_size=code.memory_mib,
            timeout=code.timeout_seconds,
            reserved_concurrent_executions=code.concurrency,
            tracing_config=Function.TracingConfigProperty(mode="Active"),
            dead_letter_config=Function.DeadLetterConfigProperty(target_arn=failed.arn),
            logging_config=Function.LoggingConfigProperty(log_group=log.name, log_format="JSON"),
            vpc_config=Function.VpcConfigProperty(
                subnet_ids=subnets, security_group_ids=[self.security_group.security_group_id]
            ),
        )
        function.node.add_dependency(self.role.node.find_child("DefaultPolicy"))
        alias = FunctionAlias(
            self,
            "Live",
            function=function,
            settings=[RUNTIME, code.source, code.timeout_seconds],
            deployed_settings=f"{number_text(code.memory_mib)} MiB",
            traffic=traffic,
        )
        self.alias_arn = alias.arn
        if route:
            FunctionTargets(self, "Targets", alias_arn=alias.arn, route=route)
        self.rollback_alarms = [self._errors(name, function.ref, topics)]
        cdk.Tags.of(self).add("kiln:tier", name)

    def _errors(self, name: str, function: str, topics: Topics) -> Alarm:
        of_alias = {"FunctionName": function, "Resource": f"{function}:{LIVE}"}
        return Alarm(
            self,
            "Errors",
            metric=Metric("AWS/Lambda", "Errors", of_alias, statistic="Sum"),
            threshold=ERRORS_PER_MINUTE,
            periods=2,
            severity=Severity.URGENT,
            topics=topics,
            description=(
                f"The function {name} fails. If a new version has some of its requests, take them away by its share in "
                "the parameter file; then read its log."
            ),
        )


def _require_sense(construct: Construct, code: Code) -> None:
    """Raises `WrongProperty`."""
    require_between(construct, "code.memory_mib", code.memory_mib, LOWEST_MIB, HIGHEST_MIB, "MiB")
    require_between(construct, "code.timeout_seconds", code.timeout_seconds, 1, LONGEST_SECONDS, "seconds")
    size = len(code.source.encode())
    require_between(construct, "code.source", size, 1, MOST_INLINE_BYTES, "bytes: CloudFormation takes no more inline")
    if "def handler(" not in code.source:
        raise refuse(construct, "code.source", found="no handler", expected="a function handler(event, context)")
