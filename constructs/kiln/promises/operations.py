"""Promises about alarms, documents, patches, money and logs."""

from kiln.promises.checks import every, some
from kiln.promises.controls import asked
from kiln.promises.demands import count_at_least, meets
from kiln.promises.paths import MISSING
from kiln.promises.promise import Promise
from kiln.promises.values import Json

CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring"
SYSTEMS_MANAGER = "https://docs.aws.amazon.com/systems-manager/latest/userguide"
ALARM = every("AWS::CloudWatch::Alarm")
DOCUMENT = every("AWS::SSM::Document")
LOG_GROUP = every("AWS::Logs::LogGroup")


def _bounded(parameters: Json) -> bool:
    """Whether each parameter says what it may be."""
    return parameters is MISSING or all(
        {"allowedPattern", "allowedValues"} & set(one) or one.get("type") in ("Boolean", "Integer")
        for one in parameters.values()
    )


PROMISES = (
    Promise(
        id="alarm-tells-somebody",
        title="Every alarm tells a topic, and of its end too",
        reason="An alarm without an action is a colour in a console.",
        controls=asked("CloudWatch.15"),
        source=f"{CLOUDWATCH}/alarm-actions.html",
        check=ALARM.asks(count_at_least("AlarmActions", 1), count_at_least("OKActions", 1)),
    ),
    Promise(
        id="alarm-is-in-force",
        title="No alarm is switched off",
        reason="What was silenced for a maintenance is forgotten.",
        controls=asked("CloudWatch.17"),
        source=f"{CLOUDWATCH}/alarm-actions.html",
        check=ALARM.never("ActionsEnabled", False),
    ),
    Promise(
        id="alarm-explains-itself",
        title="Every alarm says what it means and what to do",
        reason="Whoever is woken by it has only the mail.",
        controls=(),
        source=f"{CLOUDWATCH}/AlarmThatSendsEmail.html",
        check=ALARM.present("AlarmDescription"),
    ),
    Promise(
        id="alarm-knows-silence",
        title="Every alarm says what it means when there is no value",
        reason="By default an alarm without values keeps its last state: fine, for ever.",
        controls=(),
        source=f"{CLOUDWATCH}/alarms-and-missing-data.html",
        check=ALARM.one_of("TreatMissingData", "breaching", "notBreaching", "missing", "ignore", weak="unsaid"),
    ),
    Promise(
        id="documents-bound-their-parameters",
        title="Documents of Systems Manager say what their parameters may be",
        reason="A parameter without a pattern is a shell command in the hands of whoever may run the document.",
        controls=(),
        source=f"{SYSTEMS_MANAGER}/documents-syntax-data-elements-parameters.html",
        check=DOCUMENT.asks(
            meets(
                "Content.parameters",
                _bounded,
                "allowedPattern or allowedValues for each",
                lambda found: [(found if isinstance(found, dict) else {}) | {"worse": {"type": "String"}}],
                judges=False,
            )
        ),
    ),
    Promise(
        id="patches-are-looked-for",
        title="Where there are patch baselines, a maintenance window uses them",
        reason="A baseline that nothing runs patches nothing.",
        controls=asked("SSM.2"),
        source=f"{SYSTEMS_MANAGER}/patch-manager.html",
        check=some(
            every("AWS::SSM::MaintenanceWindowTask").where("TaskArn", "AWS-RunPatchBaseline").present("WindowId"),
            where="AWS::SSM::PatchBaseline",
        ),
    ),
    Promise(
        id="money-is-watched",
        title="A budget tells of what it will cost before it does",
        reason="A forgotten test fleet, or somebody else's miner, is seen in the bill of next month otherwise.",
        controls=(),
        source="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
        check=some(
            every("AWS::Budgets::Budget")
            .asks(count_at_least("NotificationsWithSubscribers", 1))
            .present("Budget.BudgetLimit.Amount", "NotificationsWithSubscribers[].Subscribers[].Address")
        ),
    ),
    Promise(
        id="log-group-ends",
        title="Log groups say how long they keep what is in them",
        reason="By default they keep it for ever; what is kept must be protected, and paid for.",
        controls=(),  # CloudWatch.16 asks for a year: the next one
        source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        check=LOG_GROUP.present("RetentionInDays"),
    ),
    Promise(
        id="log-group-keeps-a-year",
        title="Log groups of a protected environment keep what is in them for a year",
        reason="An intruder is noticed after months; what he did first is then still there.",
        controls=asked("CloudWatch.16"),
        source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        check=LOG_GROUP.at_least("RetentionInDays", 365),
        protected_only=True,
    ),
    Promise(
        id="log-group-encrypted-with-own-key",
        title="Log groups are encrypted with a key of our own",
        reason="Logs hold what people typed.",
        controls=(),
        source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
        check=LOG_GROUP.present("KmsKeyId"),
    ),
)
