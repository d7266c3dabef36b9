"""Trail, recorder and threat detection, read back."""

from tests.readback.expected import includes, is_, own_key, present
from tests.readback.reading import ACCOUNT, ID, Ask, Expected, read
from tests.readback.readings.buckets import locked

TRAIL = "AWS::CloudTrail::Trail"
RECORDER = "AWS::Config::ConfigurationRecorder"
DETECTOR = "AWS::GuardDuty::Detector"
S3_OBJECTS = "FieldSelectors[?Field=='resources.type'].Equals[]"


def _trail(path: str, expected: Expected) -> Ask:
    return Ask(TRAIL, "cloudtrail describe_trails", {"trailNameList": [ID]}, f"trailList[0].{path}", expected)


def _recorder(call: str, path: str, expected: Expected) -> Ask:
    return Ask(RECORDER, f"config {call}", {}, path, expected)


def _detector(path: str, expected: Expected) -> Ask:
    return Ask(DETECTOR, "guardduty get_detector", {"DetectorId": ID}, path, expected)


def _feature(name: str) -> Ask:
    return _detector(f"Features[?Name=='{name}'].Status", is_("ENABLED"))


def _standard(part: str) -> Ask:
    path = f"StandardsSubscriptions[?contains(StandardsArn, '{part}')].StandardsStatus"
    return _account("securityhub get_enabled_standards", path, is_("READY"))


def _account(call: str, path: str, expected: Expected) -> Ask:
    return Ask("", call, {}, path, expected)


READINGS = (
    read(
        "trail-is-everywhere",
        _trail("IsMultiRegionTrail", is_(True)),
        _trail("IncludeGlobalServiceEvents", is_(True)),
        Ask(TRAIL, "cloudtrail get_trail_status", {"Name": ID}, "IsLogging", is_(True)),
    ),
    read("trail-can-be-proven", _trail("LogFileValidationEnabled", is_(True))),
    read("trail-encrypted-with-own-key", _trail("KmsKeyId", own_key())),
    read(
        "trail-can-be-searched",
        _trail("CloudWatchLogsLogGroupArn", present()),
        _trail("CloudWatchLogsRoleArn", present()),
    ),
    read(
        "trail-sees-objects",
        Ask(
            TRAIL,
            "cloudtrail get_event_selectors",
            {"TrailName": ID},
            f"AdvancedEventSelectors[].{S3_OBJECTS}[] || EventSelectors[].DataResources[].Type",
            includes("AWS::S3::Object"),
        ),
    ),
    read("trail-cannot-be-erased", locked("ObjectLockEnabled", is_("Enabled"))),
    read(
        "trail-notices-the-unusual",
        Ask(
            TRAIL,
            "cloudtrail get_insight_selectors",
            {"TrailName": ID},
            "InsightSelectors[].InsightType",
            includes("ApiCallRateInsight", "ApiErrorRateInsight"),
        ),
    ),
    read(
        "configuration-is-recorded",
        *(
            _recorder("describe_configuration_recorders", f"ConfigurationRecorders[].{path}", expected)
            for path, expected in (
                ("recordingGroup.allSupported", is_(True)),
                ("recordingGroup.includeGlobalResourceTypes", is_(True)),
                ("roleARN", present()),
            )
        ),
        _recorder("describe_configuration_recorder_status", "ConfigurationRecordersStatus[].recording", is_(True)),
    ),
    read(
        "configuration-is-delivered",
        _recorder("describe_delivery_channels", "DeliveryChannels[].s3BucketName", present()),
    ),
    read(
        "configuration-is-judged",
        _recorder("describe_config_rules", "ConfigRules[].Source.SourceIdentifier", present()),
        _recorder("describe_config_rules", "ConfigRules[].ConfigRuleState", is_("ACTIVE")),
    ),
    read(
        "threats-are-detected",
        _detector("Status", is_("ENABLED")),
        _detector("FindingPublishingFrequency", is_("FIFTEEN_MINUTES")),
    ),
    read("threats-to-objects-are-detected", _feature("S3_DATA_EVENTS")),
    read("malware-is-looked-for", _feature("EBS_MALWARE_PROTECTION")),
    read("threats-to-databases-are-detected", _feature("RDS_LOGIN_EVENTS")),
    read("threats-to-functions-are-detected", _feature("LAMBDA_NETWORK_LOGS")),
    read("threats-at-run-time-are-detected", _feature("RUNTIME_MONITORING")),
    read("findings-come-together", _account("securityhub describe_hub", "HubArn", present())),
    read("account-is-judged-by-fsbp", _standard("standards/aws-foundational-security-best-practices")),
    read("account-is-judged-by-cis", _standard("cis-aws-foundations-benchmark/v/5.0.0")),
    read(
        "sharing-is-noticed",
        _account("accessanalyzer list_analyzers", "analyzers[?status=='ACTIVE'].type", is_("ACCOUNT", "ORGANIZATION")),
    ),
    read(
        "volumes-encrypted-by-default",
        _account("ec2 get_ebs_encryption_by_default", "EbsEncryptionByDefault", is_(True)),
        _account("ec2 get_ebs_default_kms_key_id", "KmsKeyId", own_key()),
    ),
    read(
        "account-refuses-public-buckets",
        *(
            Ask(
                "",
                "s3control get_public_access_block",
                {"AccountId": ACCOUNT},
                f"PublicAccessBlockConfiguration.{way}",
                is_(True),
            )
            for way in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        ),
    ),
    read(
        "snapshots-cannot-be-public",
        _account("ec2 get_snapshot_block_public_access_state", "State", is_("block-all-sharing")),
    ),
)

UNREADABLE = {
    "recorder-and-channel-come-together": "about which resource of a template waits for which: Config knows no order",
}
