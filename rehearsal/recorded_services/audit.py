"""GuardDuty, Security Hub, Access Analyzer and Config's remediations: switched on, described, and nothing is found.

moto (5.2.5) has no Access Analyzer, no standards and no remediations; its detectors and hub forget their tags.
"""

from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Kept, Members, Noun
from rehearsal.recorded_services.verbs import (
    Ask,
    change,
    constant,
    default,
    get,
    listed,
    make,
    now,
    now_text,
    random_id,
    remove,
    say,
    tag,
    tags_of,
    untag,
)

# --- GuardDuty --------------------------------------------------------------------------------------------------------


def _features(ask: Ask, members: Members) -> list[dict[str, Any]]:
    """Each feature as it was last set; an update names those that change."""
    kept = ask.shelf.get(DETECTOR, (str(members.get("DetectorId")),))
    features = {f["Name"]: f for f in (kept.members["Features"] if kept else ())}
    stamp = now(ask, members)
    for feature in ask.request.get("Features", ()):
        extra = [{**a, "UpdatedAt": stamp} for a in feature.get("AdditionalConfiguration", ())]
        features[feature["Name"]] = {
            **feature,
            "UpdatedAt": stamp,
            **({"AdditionalConfiguration": extra} if extra else {}),
        }
    return list(features.values())


def _status(ask: Ask, members: Members) -> str:
    return "ENABLED" if members.get("Enable") else "DISABLED"


DETECTOR = Noun(
    name="detector",
    key=("DetectorId",),
    born={
        "DetectorId": random_id(digits=32),
        "Arn": "arn:aws:guardduty:{Region}:{Account}:detector/{DetectorId}",
        "ServiceRole": "arn:aws:iam::{Account}:role/aws-service-role/guardduty.amazonaws.com/"
        "AWSServiceRoleForAmazonGuardDuty",
        "FindingPublishingFrequency": default("FindingPublishingFrequency", "SIX_HOURS"),
        "CreatedAt": now_text,
        "UpdatedAt": now_text,
        "Status": _status,
        "Features": _features,
    },
    touched={"UpdatedAt": now_text, "Status": _status, "Features": _features},
    arn="Arn",
    missing="BadRequestException",
)


def _one_detector(ask: Ask, detector: Kept) -> None:
    if "DataSources" in ask.request:
        raise AwsError("BadRequestException", "DataSources is not emulated: use Features")
    if ask.shelf.all(DETECTOR):
        words = "The request is rejected because a detector already exists for the current account."
        raise AwsError("BadRequestException", words)


GUARDDUTY = {
    "CreateDetector": make(DETECTOR, also=_one_detector),
    "GetDetector": get(DETECTOR),
    "UpdateDetector": change(DETECTOR),
    "DeleteDetector": remove(DETECTOR),
    "ListDetectors": lambda ask: {"DetectorIds": [k.key[0] for k in ask.shelf.all(DETECTOR)]},
    "TagResource": tag("ResourceArn", "Tags"),
    "UntagResource": untag("ResourceArn", "TagKeys"),
    "ListTagsForResource": tags_of("ResourceArn", "Tags"),
}

# --- Security Hub -----------------------------------------------------------------------------------------------------

# What EnableSecurityHub switches on by itself (API_EnableSecurityHub: EnableDefaultStandards).
DEFAULT_STANDARDS = (
    "arn:aws:securityhub:{Region}::standards/aws-foundational-security-best-practices/v/1.0.0",
    "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
)
HUB = Noun(
    name="hub",
    key=("Hub",),
    born={
        "Hub": constant("default"),
        "HubArn": "arn:aws:securityhub:{Region}:{Account}:hub/default",
        "SubscribedAt": now_text,
        "AutoEnableControls": constant(True),
        "ControlFindingGenerator": default("ControlFindingGenerator", "SECURITY_CONTROL"),
    },
    arn="HubArn",
    missing="InvalidAccessException",
    taken="ResourceConflictException",
)


def _subscription(ask: Ask, members: Members) -> str:
    """arn:…:subscription/<standard>/v/<version>, from the standard's own ARN."""
    standard = members["StandardsArn"].partition("/")[2]
    return f"arn:aws:securityhub:{ask.caller.region}:{ask.caller.account}:subscription/{standard}"


STANDARD = Noun(
    name="standards subscription",
    key=("StandardsSubscriptionArn",),
    born={
        "StandardsSubscriptionArn": _subscription,
        "StandardsStatus": constant("READY"),
        "StandardsControlsUpdatable": constant("READY_FOR_UPDATES"),
        "StandardsInput": default("StandardsInput", {}),
    },
    within=HUB,
)


def _the_hub(ask: Ask) -> Kept:
    found = ask.shelf.all(HUB)
    if not found:
        words = f"Account {ask.caller.account} is not subscribed to AWS Security Hub"
        raise AwsError("InvalidAccessException", words)
    return found[0]


def _subscribe(ask: Ask, standard: dict[str, Any]) -> Kept:
    members: Members = {**standard, "Hub": _the_hub(ask).key[0]}
    for name, what in STANDARD.born.items():
        members[name] = say(ask, what, members)
    found = ask.shelf.get(STANDARD, (members["StandardsSubscriptionArn"],))
    if found is None:
        found = Kept(STANDARD, ask.caller, members)
        ask.shelf.add(found)
    return found


def _enable_hub(ask: Ask) -> dict[str, Any]:
    answer = make(HUB)(ask)
    if ask.request.get("EnableDefaultStandards", True):
        for arn in DEFAULT_STANDARDS:
            _subscribe(ask, {"StandardsArn": say(ask, arn, {})})
    return answer


def _update_hub(ask: Ask) -> dict[str, Any]:
    _the_hub(ask).members.update(ask.request)
    return {}


def _disable_hub(ask: Ask) -> dict[str, Any]:
    ask.shelf.remove(_the_hub(ask))
    return {}


def _shown(ask: Ask, found: list[Kept]) -> dict[str, Any]:
    names = ask.output.members["StandardsSubscriptions"].member.members
    return {"StandardsSubscriptions": [{k: v for k, v in s.members.items() if k in names} for s in found]}


def _enable_standards(ask: Ask) -> dict[str, Any]:
    return _shown(ask, [_subscribe(ask, s) for s in ask.request["StandardsSubscriptionRequests"]])


def _disable_standards(ask: Ask) -> dict[str, Any]:
    found = [ask.shelf.need(STANDARD, (arn,)) for arn in ask.request["StandardsSubscriptionArns"]]
    for kept in found:
        ask.shelf.remove(kept)
    return _shown(ask, found)


def _enabled_standards(ask: Ask) -> dict[str, Any]:
    _the_hub(ask)
    wanted = ask.request.get("StandardsSubscriptionArns")
    return _shown(ask, [k for k in ask.shelf.all(STANDARD) if not wanted or k.key[0] in wanted])


SECURITY_HUB = {
    "EnableSecurityHub": _enable_hub,
    "DescribeHub": lambda ask: ask.answer(_the_hub(ask)),
    "UpdateSecurityHubConfiguration": _update_hub,
    "DisableSecurityHub": _disable_hub,
    "BatchEnableStandards": _enable_standards,
    "BatchDisableStandards": _disable_standards,
    "GetEnabledStandards": _enabled_standards,
    "TagResource": tag("ResourceArn", "Tags"),
    "UntagResource": untag("ResourceArn", "TagKeys"),
    "ListTagsForResource": tags_of("ResourceArn", "Tags"),
}

# --- Access Analyzer --------------------------------------------------------------------------------------------------

ANALYZER = Noun(
    name="analyzer",
    key=("analyzerName",),
    born={
        "arn": "arn:aws:access-analyzer:{Region}:{Account}:analyzer/{analyzerName}",
        "name": "{analyzerName}",
        "status": constant("ACTIVE"),
        "createdAt": now,
    },
    tags="tags",
    arn="arn",
    taken="ConflictException",
)
ARCHIVE_RULE = Noun(
    name="archive rule",
    key=("analyzerName", "ruleName"),
    born={"createdAt": now, "updatedAt": now},
    touched={"updatedAt": now},
    within=ANALYZER,
    taken="ConflictException",
)


def _archive_rules(ask: Ask, analyzer: Kept) -> None:
    """The rules that come with a new analyzer are things of their own."""
    stamp = now(ask, {})
    for rule in analyzer.members.pop("archiveRules", ()):
        members = {**rule, "analyzerName": analyzer.key[0], "createdAt": stamp, "updatedAt": stamp}
        ask.shelf.add(Kept(ARCHIVE_RULE, ask.caller, members))


ACCESS_ANALYZER = {
    "CreateAnalyzer": make(ANALYZER, also=_archive_rules),
    "GetAnalyzer": get(ANALYZER, "analyzer"),
    "UpdateAnalyzer": change(ANALYZER),
    "DeleteAnalyzer": remove(ANALYZER),
    "ListAnalyzers": listed(ANALYZER, "analyzers", by=("type",)),
    "CreateArchiveRule": make(ARCHIVE_RULE),
    "GetArchiveRule": get(ARCHIVE_RULE, "archiveRule"),
    "UpdateArchiveRule": change(ARCHIVE_RULE),
    "DeleteArchiveRule": remove(ARCHIVE_RULE),
    "ListArchiveRules": listed(ARCHIVE_RULE, "archiveRules", by=("analyzerName",)),
    "TagResource": tag("resourceArn", "tags"),
    "UntagResource": untag("resourceArn", "tagKeys"),
    "ListTagsForResource": tags_of("resourceArn", "tags"),
}

# --- Config -----------------------------------------------------------------------------------------------------------

REMEDIATION = Noun(
    name="remediation configuration",
    key=("ConfigRuleName",),
    born={
        "Arn": lambda ask, members: (
            f"arn:aws:config:{ask.caller.region}:{ask.caller.account}:remediation-configuration/"
            f"{members['ConfigRuleName']}"
        )
    },
    missing="NoSuchRemediationConfigurationException",
)


def _put_remediations(ask: Ask) -> dict[str, Any]:
    for asked in ask.request["RemediationConfigurations"]:
        members = {**asked, "Arn": say(ask, REMEDIATION.born["Arn"], asked)}
        old = ask.shelf.get(REMEDIATION, (asked["ConfigRuleName"],))
        if old:
            old.members = members
        else:
            ask.shelf.add(Kept(REMEDIATION, ask.caller, members))
    return {"FailedBatches": []}


def _remediations(ask: Ask) -> dict[str, Any]:
    found = (ask.shelf.get(REMEDIATION, (name,)) for name in ask.request["ConfigRuleNames"])
    return {"RemediationConfigurations": [kept.members for kept in found if kept]}


CONFIG = {
    "PutRemediationConfigurations": _put_remediations,
    "DescribeRemediationConfigurations": _remediations,
    "DeleteRemediationConfiguration": remove(REMEDIATION),
}


def services() -> list[RecordedService]:
    return [
        RecordedService("guardduty", GUARDDUTY),
        RecordedService("securityhub", SECURITY_HUB),
        RecordedService("accessanalyzer", ACCESS_ANALYZER),
        RecordedService("config", CONFIG, whole=False),
    ]
