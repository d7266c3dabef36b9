"""Promises about what is written down and watched: trail, recorder, threat detection."""

from collections.abc import Iterator

from kiln.promises.checks import Breach, Every, Mutation, Own, every, shown, some
from kiln.promises.controls import Controls, asked
from kiln.promises.demands import meets
from kiln.promises.paths import MISSING, put
from kiln.promises.promise import Promise
from kiln.promises.template import Environment
from kiln.promises.values import Json

TRAIL = every("AWS::CloudTrail::Trail")
DETECTOR = every("AWS::GuardDuty::Detector")
RECORDER = every("AWS::Config::ConfigurationRecorder")
CLOUDTRAIL = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide"
CONFIG = "https://docs.aws.amazon.com/config/latest/developerguide"
GUARDDUTY = "https://docs.aws.amazon.com/guardduty/latest/ug"
HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide"

FSBP_ARN, CIS_ARN = "standards/aws-foundational-security-best-practices", "cis-aws-foundations-benchmark/v/5.0.0"


def feature(name: str) -> Every:
    """The detector with one of its features on."""
    return DETECTOR.one_of(f"Features[Name={name}].Status", "ENABLED", weak="DISABLED")


def _standard(part: str) -> Every:
    return every("AWS::SecurityHub::Standard").asks(
        meets(
            "StandardsArn",
            lambda arn: part in str(arn),
            f"the ARN of {part}",
            lambda _: ("arn:aws:securityhub:::another",),
            judges=False,
        )
    )


def _watches_objects(selectors: Json) -> bool:
    """Whether advanced or basic event selectors take the events of objects in S3."""
    return isinstance(selectors, list) and "AWS::S3::Object" in str(selectors)


def _data_events(environment: Environment) -> Iterator[Breach]:
    for trail in environment.of_type("AWS::CloudTrail::Trail"):
        selectors = [trail.properties.get(name) for name in ("AdvancedEventSelectors", "EventSelectors")]
        if not any(map(_watches_objects, selectors)):
            yield Breach(trail, "Properties.AdvancedEventSelectors", shown(selectors), "events of AWS::S3::Object")


def _without_data_events(environment: Environment) -> Iterator[Mutation]:
    for trail in environment.of_type("AWS::CloudTrail::Trail"):
        body = trail.body
        for name in ("AdvancedEventSelectors", "EventSelectors"):
            body = put(body, ("Properties", name), MISSING)
        yield Mutation(f"{trail.stack}/{trail.logical_id}: take away its data events", ((trail, body),))


def _loose_buckets(environment: Environment) -> Iterator[Breach]:
    for trail in environment.of_type("AWS::CloudTrail::Trail"):
        locked = [
            b for b in environment.of_type("AWS::S3::Bucket") if str(b.properties.get("ObjectLockEnabled")) == "True"
        ]
        if not any(bucket.is_in(trail.properties.get("S3BucketName", "")) for bucket in locked):
            found = shown(trail.properties.get("S3BucketName", MISSING))
            yield Breach(trail, "Properties.S3BucketName", found, "a bucket with Object Lock")


def _loosen_buckets(environment: Environment) -> Iterator[Mutation]:
    for trail in environment.of_type("AWS::CloudTrail::Trail"):
        for bucket in environment.of_type("AWS::S3::Bucket"):
            if bucket.is_in(trail.properties.get("S3BucketName", "")):
                body = put(bucket.body, ("Properties", "ObjectLockEnabled"), False)
                yield Mutation(f"{bucket.stack}/{bucket.logical_id}: without Object Lock", ((bucket, body),))


def _circles(environment: Environment) -> Iterator[Breach]:
    for kind in ("AWS::Config::ConfigurationRecorder", "AWS::Config::DeliveryChannel"):
        for resource in environment.of_type(kind):
            wanted = resource.body.get("DependsOn", [])
            others = [
                other
                for other in (
                    *environment.of_type("AWS::Config::ConfigurationRecorder"),
                    *environment.of_type("AWS::Config::DeliveryChannel"),
                )
                if other is not resource and other.stack == resource.stack
            ]
            if any(other.logical_id in ([wanted] if isinstance(wanted, str) else wanted) for other in others):
                yield Breach(resource, "DependsOn", shown(wanted), "no dependency between recorder and channel")


def _make_circles(environment: Environment) -> Iterator[Mutation]:
    for recorder in environment.of_type("AWS::Config::ConfigurationRecorder"):
        for channel in environment.of_type("AWS::Config::DeliveryChannel"):
            if channel.stack == recorder.stack:
                for one, other in ((recorder, channel), (channel, recorder)):
                    body = put(one.body, ("DependsOn",), [other.logical_id])
                    yield Mutation(f"{one.logical_id} waits for {other.logical_id}", ((one, body),))


def _detects(name: str, id: str, title: str, reason: str, page: str, controls: Controls) -> Promise:
    return Promise(id, title, reason, controls, f"{GUARDDUTY}/{page}.html", feature(name))


PROMISES = (
    Promise(
        id="trail-is-everywhere",
        title="A trail writes down what is done in every region, global services included",
        reason="What an intruder does is done where nobody looks: in a region that is not used.",
        controls=asked("CloudTrail.1", "CloudTrail.3"),
        source=f"{CLOUDTRAIL}/receive-cloudtrail-log-files-from-multiple-regions.html",
        check=some(
            TRAIL.has("IsMultiRegionTrail", True).has("IncludeGlobalServiceEvents", True).has("IsLogging", True)
        ),
    ),
    Promise(
        id="trail-can-be-proven",
        title="A trail signs its files",
        reason="A file that was changed or taken away is noticed, by whoever has to believe it.",
        controls=asked("CloudTrail.4"),
        source=f"{CLOUDTRAIL}/cloudtrail-log-file-validation-intro.html",
        check=TRAIL.has("EnableLogFileValidation", True),
    ),
    Promise(
        id="trail-encrypted-with-own-key",
        title="A trail is encrypted with a key of our own",
        reason="It says who may do what, and holds names and addresses.",
        controls=asked("CloudTrail.2"),
        source=f"{CLOUDTRAIL}/encrypting-cloudtrail-log-files-with-aws-kms.html",
        check=TRAIL.present("KMSKeyId"),
    ),
    Promise(
        id="trail-can-be-searched",
        title="A trail goes to CloudWatch Logs too",
        reason="Alarms and searches need it there; a file in a bucket wakes nobody.",
        controls=asked("CloudTrail.5"),
        source=f"{CLOUDTRAIL}/send-cloudtrail-events-to-cloudwatch-logs.html",
        check=TRAIL.present("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"),
    ),
    Promise(
        id="trail-sees-objects",
        title="A trail writes down who read and wrote objects in S3",
        reason="Management events do not say that somebody downloaded everything.",
        controls=asked("S3.22", "S3.23"),
        source=f"{CLOUDTRAIL}/logging-data-events-with-cloudtrail.html",
        check=Own(_data_events, _without_data_events),
    ),
    Promise(
        id="trail-cannot-be-erased",
        title="A trail writes into a bucket with Object Lock",
        reason="Who has taken an account over deletes the trail first.",
        controls=asked("S3.15"),
        source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
        check=Own(_loose_buckets, _loosen_buckets),
    ),
    Promise(
        id="trail-notices-the-unusual",
        title="A trail reports unusual rates of calls and of errors",
        reason="A stolen key shows as calls that nobody here ever makes.",
        controls=(),
        source=f"{CLOUDTRAIL}/logging-insights-events-with-cloudtrail.html",
        check=TRAIL.present("InsightSelectors[].InsightType"),
    ),
    Promise(
        id="configuration-is-recorded",
        title="Every change of every resource is recorded",
        reason="What was open when, and since when, is a question that only a record answers.",
        controls=asked("Config.1"),
        source=f"{CONFIG}/select-resources.html",
        check=some(
            RECORDER.has("RecordingGroup.AllSupported", True)
            .has("RecordingGroup.IncludeGlobalResourceTypes", True)
            .present("RoleARN")
        ),
    ),
    Promise(
        id="configuration-is-delivered",
        title="The recorder has a channel to a bucket",
        reason="A recorder without a channel never starts.",
        controls=(),
        source=f"{CONFIG}/manage-delivery-channel.html",
        check=some(
            every("AWS::Config::DeliveryChannel").present("S3BucketName"), where="AWS::Config::ConfigurationRecorder"
        ),
    ),
    Promise(
        id="recorder-and-channel-come-together",
        title="Recorder and channel do not wait for each other",
        reason="Each needs the other to become ready: one that waits ends in a timeout after three hours.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-config-configurationrecorder.html",
        check=Own(_circles, _make_circles),
    ),
    Promise(
        id="configuration-is-judged",
        title="AWS Config judges what it records by rules",
        reason="A record that nobody reads finds nothing.",
        controls=(),
        source=f"{CONFIG}/evaluate-config.html",
        check=some(
            every("AWS::Config::ConfigRule").present("Source.SourceIdentifier"),
            where="AWS::Config::ConfigurationRecorder",
        ),
    ),
    Promise(
        id="threats-are-detected",
        title="GuardDuty is on and tells every fifteen minutes",
        reason="By default it tells of what goes on every six hours.",
        controls=asked("GuardDuty.1"),
        source=f"{GUARDDUTY}/guardduty_findings_cloudwatch.html",
        check=some(DETECTOR.has("Enable", True).has("FindingPublishingFrequency", "FIFTEEN_MINUTES")),
    ),
    _detects(
        "S3_DATA_EVENTS",
        "threats-to-objects-are-detected",
        "GuardDuty watches what is done with objects in S3",
        "Data is carried out of buckets, with credentials that are valid.",
        "s3-protection",
        asked("GuardDuty.10"),
    ),
    _detects(
        "EBS_MALWARE_PROTECTION",
        "malware-is-looked-for",
        "GuardDuty looks through the volumes of an instance that behaves oddly",
        "What runs there can be known without touching the instance.",
        "malware-protection",
        asked("GuardDuty.8"),
    ),
    _detects(
        "RDS_LOGIN_EVENTS",
        "threats-to-databases-are-detected",
        "GuardDuty watches who logs in to databases",
        "A guessed or stolen password shows as a login from elsewhere.",
        "rds-protection",
        asked("GuardDuty.9"),
    ),
    _detects(
        "LAMBDA_NETWORK_LOGS",
        "threats-to-functions-are-detected",
        "GuardDuty watches whom functions talk to",
        "A package that was taken over calls home.",
        "lambda-protection",
        asked("GuardDuty.6"),
    ),
    _detects(
        "RUNTIME_MONITORING",
        "threats-at-run-time-are-detected",
        "GuardDuty watches what runs on instances and in containers",
        "What happens inside an instance is seen by no log of the network.",
        "runtime-monitoring",
        asked("GuardDuty.11"),
    ),
    Promise(
        id="findings-come-together",
        title="Security Hub is on",
        reason="Findings of six services in six places are read by nobody.",
        controls=(),
        source=f"{HUB}/what-is-securityhub.html",
        check=some(every("AWS::SecurityHub::Hub")),
    ),
    Promise(
        id="account-is-judged-by-fsbp",
        title="Security Hub judges the account by AWS's best practices",
        reason="What was changed by hand beside all templates is found within a day.",
        controls=(),
        source=f"{HUB}/fsbp-standard.html",
        check=some(_standard(FSBP_ARN), where="AWS::SecurityHub::Hub"),
    ),
    Promise(
        id="account-is-judged-by-cis",
        title="Security Hub judges the account by the CIS benchmark, version 5.0.0",
        reason="Auditors ask for it by name.",
        controls=(),
        source=f"{HUB}/cis-aws-foundations-benchmark.html",
        check=some(_standard(CIS_ARN), where="AWS::SecurityHub::Hub"),
    ),
    Promise(
        id="sharing-is-noticed",
        title="Access Analyzer looks for what is shared with others",
        reason="A policy that lets somebody outside in is found, whoever wrote it.",
        controls=asked("IAM.28"),
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/what-is-access-analyzer.html",
        check=some(every("AWS::AccessAnalyzer::Analyzer").one_of("Type", "ACCOUNT", "ORGANIZATION", weak="none")),
    ),
    Promise(
        id="volumes-encrypted-by-default",
        title="The account encrypts every new volume, with a key of our own",
        reason="What somebody starts by hand, beside all templates, is encrypted too.",
        controls=asked("EC2.7"),
        source="https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html",
        check=some(every("Custom::EncryptedVolumes").present("KeyArn", "ServiceToken")),
    ),
    Promise(
        id="account-refuses-public-buckets",
        title="The account blocks public access to all its buckets",
        reason="What somebody makes by hand, beside all templates, is not public either.",
        controls=asked("S3.1"),
        source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
        check=some(every("Custom::PrivateBuckets").present("AccountId", "ServiceToken")),
    ),
    Promise(
        id="snapshots-cannot-be-public",
        title="The account refuses to make snapshots of volumes public",
        reason="One click publishes a disk.",
        controls=asked("EC2.182", "EC2.1"),
        source="https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html",
        check=some(every("AWS::EC2::SnapshotBlockPublicAccess").has("State", "block-all-sharing")),
    ),
)
