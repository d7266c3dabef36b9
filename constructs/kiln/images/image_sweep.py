"""Looks by itself, again and again, for what bakes that were killed have left, and removes it.

Nobody waits for it and it keeps nothing: what one run could not do the next one tries again, and an alarm tells of it.
It may end, delete and deregister what carries a build's tag or a builder's name, nothing of another application, and
nothing else. Two runs at once harm nobody: what the one has removed the other does not find.
"""

from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from kiln.exemption import exempt
from kiln.operations.alarm import Alarm
from kiln.operations.log_group import LogGroup, Records
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import require_between

RUNTIME = "python3.13"
MEMORY_MIB = 512
TIMEOUT_SECONDS = 900
"""The most there is: an instance is waited for until it has ended."""
BUILD_TAG = "kiln:build"
APPLICATION_TAG = "kiln:application"
LOOKING = tuple(
    f"ec2:Describe{things}"
    for things in (
        "Images",
        "Instances",
        "KeyPairs",
        "LaunchTemplates",
        "Regions",
        "SecurityGroups",
        "Snapshots",
        "SpotInstanceRequests",
        "Volumes",
    )
)
"""These know no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
REMOVING = (
    "ec2:CancelSpotInstanceRequests",
    "ec2:DeleteLaunchTemplate",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSnapshot",
    "ec2:DeleteVolume",
    "ec2:DeregisterImage",
    "ec2:TerminateInstances",
)
EXEMPTIONS = {
    "function-cannot-starve-others": "A rule alone calls it; a new account has no concurrency that it could reserve",
    "function-keeps-what-it-could-not-do": "The next run does all of it again, and an alarm tells of one that failed",
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When it looks, and for what.

    Args:
        expression: of EventBridge, such as `rate(1 hour)`; may be a token.
        older_than_hours: remains of which nothing is younger; 3 to 720: a copy that was left to EC2 has no lease until
            the next command takes it, nor has work that cannot reach S3, and only their age spares them.
    """

    expression: str
    older_than_hours: int


class ImageSweep(Construct):
    """A function with its rule; `.function_name` is a token.

    Args:
        code: a folder with the module of `handler`.
        application: whose images they are; what the tag kiln:application says is another one's stays.
        handler: such as `module.handler`; it gets the event {"bucket": …, "older_than_hours": …}.
        bucket_name: of the records and leases; with its key's ARN, tokens.
        schedule: see `Schedule`.
        records: how its log is kept.
        topics: who is told where it fails.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        application: str,
        code: Path,
        handler: str,
        bucket_name: str,
        key_arn: str,
        schedule: Schedule,
        records: Records,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "schedule.older_than_hours", schedule.older_than_hours, 3, 720, "hours")
        package = assets.Asset(self, "Code", path=str(code))
        log = LogGroup(self, "Log", key_arn=records.key_arn, days=records.days)
        role = _role(self, log, application, bucket_name, key_arn)
        function = lambda_.CfnFunction(
            self,
            "Function",
            description="Removes what bakes that were killed have left",
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=handler,
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=package.s3_bucket_name, s3_key=package.s3_object_key),
            role=role.role_arn,
            memory_size=MEMORY_MIB,
            timeout=TIMEOUT_SECONDS,
            tracing_config=lambda_.CfnFunction.TracingConfigProperty(mode="Active"),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log.name, log_format="JSON"),
        )
        function.node.add_dependency(role.node.find_child("DefaultPolicy"))
        for promise, reason in EXEMPTIONS.items():
            exempt(function, promise, reason)
        self.function_name: str = function.ref
        event = {"bucket": bucket_name, "older_than_hours": schedule.older_than_hours}
        rule = events.CfnRule(
            self,
            "Rule",
            description="Looks for what bakes that were killed have left",
            schedule_expression=schedule.expression,
            targets=[
                events.CfnRule.TargetProperty(
                    id="Sweep", arn=function.attr_arn, input=cdk.Stack.of(self).to_json_string(event)
                )
            ],
        )
        lambda_.CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=function.ref,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )
        Alarm(
            self,
            "Errors",
            metric=Metric("AWS/Lambda", "Errors", {"FunctionName": function.ref}, statistic="Sum"),
            threshold=1,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                "What a bake that was killed has left could not be removed, and costs money. The log of the function "
                "says what and why; `python -m bake sweep --apply` tries it again."
            ),
        )


def _role(scope: Construct, log: LogGroup, application: str, bucket_name: str, key_arn: str) -> iam.Role:
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    bucket = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket_name}"
    of_a_build = {
        "Null": {f"aws:ResourceTag/{BUILD_TAG}": "false"},
        "StringEqualsIfExists": {f"aws:ResourceTag/{APPLICATION_TAG}": application},
    }
    ec2 = f"arn:{cdk.Aws.PARTITION}:ec2:*"
    through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{cdk.Aws.REGION}.amazonaws.com"}}
    traces = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    of_builders = [f"{ec2}:{cdk.Aws.ACCOUNT_ID}:key-pair/packer-*"]
    for statement in (
        iam.PolicyStatement(sid="OwnLog", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log.arn]),
        iam.PolicyStatement(sid="Traces", actions=traces, resources=["*"]),
        iam.PolicyStatement(sid="Places", actions=["s3:ListBucket"], resources=[bucket]),
        iam.PolicyStatement(
            sid="LeasesAndRecords",
            actions=["s3:GetObject"],
            resources=[f"{bucket}/images/*", f"{bucket}/leases/*"],
        ),
        iam.PolicyStatement(
            sid="RemoveDocuments", actions=["s3:DeleteObject"], resources=[f"{bucket}/images/*.cdx.json"]
        ),
        iam.PolicyStatement(sid="KeyOfTheRecords", actions=["kms:Decrypt"], resources=[key_arn], conditions=through_s3),
        iam.PolicyStatement(sid="Look", actions=list(LOOKING), resources=["*"]),
        iam.PolicyStatement(
            sid="RemoveWhatIsOfABuild", actions=list(REMOVING), resources=[f"{ec2}:*:*"], conditions=of_a_build
        ),
        iam.PolicyStatement(sid="RemoveKeyPairs", actions=["ec2:DeleteKeyPair"], resources=of_builders),
    ):
        role.add_to_policy(statement)
    return role
