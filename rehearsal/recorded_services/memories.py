"""What moto (5.2.5) drops of the services that it answers, one line for each."""

from typing import Any

from rehearsal.front.service import Completion
from rehearsal.recorded_services.containers import ECS
from rehearsal.recorded_services.memory import Line, Memory, Recall, Structure

# --- SNS: attributes of topics; subscriptions that somebody has to confirm --------------------------------------------

TOPIC_ATTRIBUTES = ("SignatureVersion", "TracingConfig", "ArchivePolicy", "FifoThroughputScope")
# https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html: their owner has to confirm.
CONFIRMED_BY_OWNER = frozenset({"email", "email-json", "http", "https"})
PENDING = "PendingConfirmation"


def _topic_created(request: Structure, answer: Structure) -> tuple[str, Structure]:
    given = request.get("Attributes", {})
    return answer["TopicArn"], {name: given[name] for name in TOPIC_ATTRIBUTES if name in given}


def _topic_attribute(request: Structure, answer: Structure) -> tuple[str, Structure]:
    name = request["AttributeName"]
    return request["TopicArn"], {name: request.get("AttributeValue")} if name in TOPIC_ATTRIBUTES else {}


def _topic_attributes(request: Structure, answer: Structure, recall: Recall) -> None:
    answer["Attributes"].update(recall(request["TopicArn"]))


def _subscribed(request: Structure, answer: Structure) -> tuple[str, Structure]:
    pending = request["Protocol"] in CONFIRMED_BY_OWNER
    return answer["SubscriptionArn"], {PENDING: True} if pending else {}


def _subscribe(request: Structure, answer: Structure, recall: Recall) -> None:
    """The ARN of what is not confirmed is told only to who asks for it."""
    if recall(answer["SubscriptionArn"]) and not request.get("ReturnSubscriptionArn"):
        answer["SubscriptionArn"] = "pending confirmation"


def _subscription_attributes(request: Structure, answer: Structure, recall: Recall) -> None:
    if recall(request["SubscriptionArn"]):
        answer["Attributes"].update({PENDING: "true", "ConfirmationWasAuthenticated": "false"})


def _subscriptions(request: Structure, answer: Structure, recall: Recall) -> None:
    for subscription in answer["Subscriptions"]:
        if recall(subscription["SubscriptionArn"]):
            subscription["SubscriptionArn"] = PENDING


SNS = Line(
    "sns",
    remember={"CreateTopic": _topic_created, "SetTopicAttributes": _topic_attribute, "Subscribe": _subscribed},
    complete={
        "GetTopicAttributes": _topic_attributes,
        "Subscribe": _subscribe,
        "GetSubscriptionAttributes": _subscription_attributes,
        "ListSubscriptions": _subscriptions,
        "ListSubscriptionsByTopic": _subscriptions,
    },
    forget={"DeleteTopic": "TopicArn", "Unsubscribe": "SubscriptionArn"},
)

# --- SQS: who may use a queue for its dead letters --------------------------------------------------------------------

ALLOW = "RedriveAllowPolicy"


def _queue_url(url: str) -> str:
    """A queue by its path: the host is what the caller calls it."""
    return url.partition("://")[2].partition("/")[2]


def _queue(request: Structure, answer: Structure) -> tuple[str, Structure]:
    url, given = request.get("QueueUrl") or answer["QueueUrl"], request.get("Attributes", {})
    return _queue_url(url), {ALLOW: given[ALLOW] or None} if ALLOW in given else {}


def _queue_attributes(request: Structure, answer: Structure, recall: Recall) -> None:
    names, kept = request.get("AttributeNames", []), recall(_queue_url(request["QueueUrl"]))
    found = answer.setdefault("Attributes", {})
    if ALLOW in kept and {"All", ALLOW} & set(names):
        found[ALLOW] = kept[ALLOW]
    if "KmsMasterKeyId" in found and "SqsManagedSseEnabled" in found:
        found["SqsManagedSseEnabled"] = "false"  # a queue has one of the two


SQS = Line(
    "sqs",
    remember={"CreateQueue": _queue, "SetQueueAttributes": _queue},
    complete={"GetQueueAttributes": _queue_attributes},
)

# --- Config: how often the recorder records, and when a rule evaluates ------------------------------------------------


def _recorder(request: Structure, answer: Structure) -> tuple[str, Structure]:
    given = request["ConfigurationRecorder"]
    return f"recorder {given.get('name', 'default')}", {"recordingMode": given.get("recordingMode")}


def _recorders(request: Structure, answer: Structure, recall: Recall) -> None:
    for recorder in answer["ConfigurationRecorders"]:
        recorder.update(recall(f"recorder {recorder['name']}"))


def _rule(request: Structure, answer: Structure) -> tuple[str, Structure]:
    given = request["ConfigRule"]
    return f"rule {given.get('ConfigRuleName')}", {"EvaluationModes": given.get("EvaluationModes")}


def _rules(request: Structure, answer: Structure, recall: Recall) -> None:
    for rule in answer["ConfigRules"]:
        rule.update(recall(f"rule {rule['ConfigRuleName']}"))


CONFIG = Line(
    "config",
    remember={"PutConfigurationRecorder": _recorder, "PutConfigRule": _rule},
    complete={"DescribeConfigurationRecorders": _recorders, "DescribeConfigRules": _rules},
)

# --- DynamoDB: class, throughput limits, encryption that was changed --------------------------------------------------


def _table(request: Structure, answer: Structure) -> tuple[str, Structure]:
    kept: Structure = {}
    if "TableClass" in request:
        kept["TableClassSummary"] = {"TableClass": request["TableClass"]}
    if "OnDemandThroughput" in request:
        kept["OnDemandThroughput"] = request["OnDemandThroughput"]
    if "SSESpecification" in request:
        kept["SSEDescription"] = _encryption(request["SSESpecification"], answer["TableDescription"]["TableArn"])
    return request["TableName"], kept


def _encryption(asked: Structure, table: str) -> Structure | None:
    """As DescribeTable tells it; a table with the key that is DynamoDB's own tells nothing."""
    if not asked.get("Enabled"):
        return None
    where = ":".join(table.split(":")[3:5])
    key = str(asked.get("KMSMasterKeyId", "alias/aws/dynamodb"))
    bare = key if ":" in key or key.startswith("alias/") else f"key/{key}"
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{where}:{bare}"
    return {"Status": "ENABLED", "SSEType": asked.get("SSEType", "KMS"), "KMSMasterKeyArn": arn}


def _described(member: str) -> Any:
    def complete(request: Structure, answer: Structure, recall: Recall) -> None:
        answer[member].update(recall(request["TableName"].rpartition("/")[2]))

    return complete


DYNAMODB = Line(
    "dynamodb",
    remember={"CreateTable": _table, "UpdateTable": _table},
    complete={
        "CreateTable": _described("TableDescription"),
        "UpdateTable": _described("TableDescription"),
        "DescribeTable": _described("Table"),
    },
    forget={"DeleteTable": "TableName"},
)

# --- CloudTrail: whether a trail has selectors, and of which kind -----------------------------------------------------


def _selectors(request: Structure, answer: Structure) -> tuple[str, Structure]:
    kinds = {name: request.get(name) for name in ("EventSelectors", "AdvancedEventSelectors")}
    return answer["TrailARN"], {"selectors": kinds}


def _insights(request: Structure, answer: Structure) -> tuple[str, Structure]:
    return answer["TrailARN"], {"insights": request.get("InsightSelectors", [])}


def _insight_selectors(request: Structure, answer: Structure, recall: Recall) -> None:
    """A trail has those that it was told last; moto adds them up."""
    answer["InsightSelectors"] = recall(answer["TrailARN"]).get("insights", [])


def _event_selectors(request: Structure, answer: Structure, recall: Recall) -> None:
    """A trail has one kind of selectors; moto keeps both."""
    for name, value in recall(answer["TrailARN"]).get("selectors", {}).items():
        answer[name] = value or []


def _flags(trail: Structure, recall: Recall) -> None:
    kept = recall(trail["TrailARN"])
    trail["HasCustomEventSelectors"] = any(kept.get("selectors", {}).values())
    trail["HasInsightSelectors"] = bool(kept.get("insights"))


def _trails(request: Structure, answer: Structure, recall: Recall) -> None:
    for trail in answer["trailList"]:
        _flags(trail, recall)


CLOUDTRAIL = Line(
    "cloudtrail",
    remember={"PutEventSelectors": _selectors, "PutInsightSelectors": _insights},
    complete={
        "GetEventSelectors": _event_selectors,
        "GetInsightSelectors": _insight_selectors,
        "GetTrail": lambda request, answer, recall: _flags(answer["Trail"], recall),
        "DescribeTrails": _trails,
    },
    forget={"DeleteTrail": "Name"},
)

LINES = (ECS, SNS, SQS, CONFIG, DYNAMODB, CLOUDTRAIL)


def completions() -> list[Completion]:
    return [Memory(line) for line in LINES]
