"""AWS::CloudTrail, AWS::Config, AWS::GuardDuty, AWS::SecurityHub, AWS::AccessAnalyzer."""

from rehearsal.resources.kind import Call, Each, Kind, Name, Tagging, op
from rehearsal.resources.special import audit
from rehearsal.resources.special.wrapping import inside

RECORDED = "Its API is Kiln's own; nothing is ever found."
RECORDER = ("Name", "RecordingGroup", "RecordingMode", "RoleARN")
CHANNEL = (
    "ConfigSnapshotDeliveryProperties",
    "Name",
    "S3BucketName",
    "S3KeyPrefix",
    "S3KmsKeyArn",
    "SnsTopicARN",
)
RULE = (
    "ConfigRuleName",
    "Description",
    "EvaluationModes",
    "InputParameters",
    "MaximumExecutionFrequency",
    "Scope",
    "Source",
)
REMEDIATION = (
    "Automatic",
    "ConfigRuleName",
    "ExecutionControls",
    "MaximumAutomaticAttempts",
    "Parameters",
    "ResourceType",
    "RetryAttemptSeconds",
    "TargetId",
    "TargetType",
    "TargetVersion",
)
DETECTOR = "arn:aws:guardduty:{Region}:{Account}:detector/{id}"
HUB = "arn:aws:securityhub:{Region}:{Account}:hub/default"


def selectors(prop: str) -> Call:
    return Call(op("put_event_selectors", TrailName="{id}", **{prop: f"${prop}"}))


TABLE = {
    "AWS::CloudTrail::Trail": Kind(
        service="cloudtrail",
        create=op("create_trail"),
        update=(op("update_trail", Name="{id}"),),
        delete=op("delete_trail", Name="{id}"),
        attributes={"Arn": "{TrailARN}", "SnsTopicArn": "{SnsTopicARN}"},
        name=Name("TrailName", 128),
        rename={"TrailName": "Name", "Tags": "TagsList"},
        tagging=Tagging(
            op("add_tags", ResourceId="{TrailARN}"),
            op("remove_tags", ResourceId="{TrailARN}"),
            "TagsList",
            "TagsList",
            keys_as_tags=True,
        ),
        steps=(
            selectors("EventSelectors"),
            selectors("AdvancedEventSelectors"),
            Call(
                op("put_insight_selectors", TrailName="{id}", InsightSelectors="$InsightSelectors"),
                undo=op("put_insight_selectors", TrailName="{id}", InsightSelectors=[]),
            ),
            audit.logging,
        ),
        remark="No event is ever written.",
    ),
    "AWS::Config::ConfigurationRecorder": Kind(
        service="config",
        create=op("put_configuration_recorder"),
        put=True,
        delete=op("delete_configuration_recorder", ConfigurationRecorderName="{id}"),
        prepare=inside("ConfigurationRecorder", *RECORDER),
        steps=(audit.start_recorder,),
        remark="It starts when it has a delivery channel; nothing is ever recorded.",
    ),
    "AWS::Config::DeliveryChannel": Kind(
        service="config",
        create=op("put_delivery_channel"),
        put=True,
        delete=op("delete_delivery_channel", DeliveryChannelName="{id}"),
        prepare=inside("DeliveryChannel", *CHANNEL),
        steps=(audit.start_recorder,),
        before_delete=audit.stop_recorder,
        follows=("AWS::Config::ConfigurationRecorder",),
    ),
    "AWS::Config::ConfigRule": Kind(
        service="config",
        create=op("put_config_rule"),
        put=True,
        delete=op("delete_config_rule", ConfigRuleName="{id}"),
        attributes={
            "Arn": audit.config_rule("ConfigRuleArn"),
            "ConfigRuleId": audit.config_rule("ConfigRuleId"),
        },
        prepare=inside("ConfigRule", *RULE),
        remark="Nothing is ever evaluated. AWS refuses a rule before there is a recorder; here it may come first.",
    ),
    "AWS::Config::RemediationConfiguration": Kind(
        service="config",
        create=op("put_remediation_configurations"),
        put=True,
        delete=op("delete_remediation_configuration", ConfigRuleName="$ConfigRuleName", ResourceType="$ResourceType"),
        ref="{ConfigRuleName}",
        prepare=inside("RemediationConfigurations", *REMEDIATION, listed=True),
        remark=f"{RECORDED} Nothing is ever remedied.",
    ),
    "AWS::GuardDuty::Detector": Kind(
        service="guardduty",
        create=op("create_detector"),
        update=(op("update_detector", DetectorId="{id}"),),
        delete=op("delete_detector", DetectorId="{id}"),
        ref="{DetectorId}",
        attributes={"Id": "{id}"},
        refused={"DataSources": "the older form: use Features"},
        tagging=Tagging(op("tag_resource", ResourceArn=DETECTOR), op("untag_resource", ResourceArn=DETECTOR)),
        remark=RECORDED,
    ),
    "AWS::SecurityHub::Hub": Kind(
        service="securityhub",
        create=op("enable_security_hub"),
        update=(op("update_security_hub_configuration"),),
        delete=op("disable_security_hub"),
        ref=HUB,
        attributes={"ARN": HUB, "SubscribedAt": audit.subscribed_at},
        defaults={"AutoEnableControls": True},
        tagging=Tagging(op("tag_resource", ResourceArn=HUB), op("untag_resource", ResourceArn=HUB)),
        steps=(Call(op("update_security_hub_configuration", AutoEnableControls="$AutoEnableControls")),),
        remark=RECORDED,
    ),
    "AWS::SecurityHub::Standard": Kind(
        service="securityhub",
        create=op("batch_enable_standards"),
        delete=op("batch_disable_standards", StandardsSubscriptionArns=["{id}"]),
        prepare=audit.standard,
        remark=f"{RECORDED} It needs the hub before it, by reference or DependsOn, as on AWS.",
    ),
    "AWS::AccessAnalyzer::Analyzer": Kind(
        service="accessanalyzer",
        create=op("create_analyzer"),
        update=(op("update_analyzer", analyzerName="{AnalyzerName}"),),
        delete=op("delete_analyzer", analyzerName="{AnalyzerName}"),
        ref="{arn}",
        attributes={"Arn": "{id}"},
        name=Name("AnalyzerName", 255),
        rename={"AnalyzerConfiguration": "configuration"},
        tagging=Tagging(
            op("tag_resource", resourceArn="{id}"), op("untag_resource", resourceArn="{id}"), "tags", "tagKeys"
        ),
        prepare=audit.analyzer,
        steps=(
            Each(
                "ArchiveRules",
                op(
                    "create_archive_rule",
                    analyzerName="{AnalyzerName}",
                    ruleName="$item.RuleName",
                    filter=audit.archive_filter,
                ),
                op("delete_archive_rule", analyzerName="{AnalyzerName}", ruleName="$item.RuleName"),
                at_create=False,
            ),
        ),
        remark=RECORDED,
    ),
}
