"""Event subscriptions of RDS: kept; no event ever comes."""

from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.recorded_services.shelf import Noun
from rehearsal.recorded_services.verbs import Ask, constant, default, now_text

SUBSCRIPTION = Noun(
    name="event subscription",
    key=("CustSubscriptionId",),
    rename={
        "SubscriptionName": "CustSubscriptionId",
        "SourceIds": "SourceIdsList",
        "EventCategories": "EventCategoriesList",
    },
    born={
        "EventSubscriptionArn": "arn:aws:rds:{Region}:{Account}:es:{CustSubscriptionId}",
        "CustomerAwsId": "{Account}",
        "Status": constant("active"),
        "SubscriptionCreationTime": now_text,
        "Enabled": default("Enabled", True),
        "SourceIdsList": default("SourceIdsList", []),
    },
    arn="EventSubscriptionArn",
    missing="SubscriptionNotFound",
    taken="SubscriptionAlreadyExist",
)


def add_source(ask: Ask) -> dict[str, Any]:
    kept, source = ask.thing(SUBSCRIPTION), ask.request["SourceIdentifier"]
    if "SourceType" not in kept.members:
        raise AwsError("InvalidParameterCombination", "SourceIds need a SourceType.")
    kept.members["SourceIdsList"] = [*(s for s in kept.members["SourceIdsList"] if s != source), source]
    return ask.answer(kept, "EventSubscription")


def remove_source(ask: Ask) -> dict[str, Any]:
    kept, source = ask.thing(SUBSCRIPTION), ask.request["SourceIdentifier"]
    if source not in kept.members["SourceIdsList"]:
        raise AwsError("SourceNotFound", f"{source} is no source of {kept.key[0]}", 404)
    kept.members["SourceIdsList"] = [s for s in kept.members["SourceIdsList"] if s != source]
    return ask.answer(kept, "EventSubscription")
