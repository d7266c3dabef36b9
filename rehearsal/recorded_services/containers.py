"""ECS and Application Auto Scaling: what moto (5.2.5) drops of services, and the tags of scalable targets.

No task runs: moto's numbers of running tasks, which follow from nothing, are put right.
"""

from typing import Any

from rehearsal.recorded_services.memory import Line, Recall, Structure
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Kept, Noun
from rehearsal.recorded_services.verbs import Ask

# --- ECS --------------------------------------------------------------------------------------------------------------

# Members of CreateService and UpdateService that DescribeServices shows and moto does not keep.
KEPT = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "loadBalancers",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "platformVersion",
    "propagateTags",
)
# The same, shown as a part of the service's deployment.
OF_DEPLOYMENT = ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations")


def _service(request: Structure, answer: Structure) -> tuple[str, Structure]:
    kept = {name: request[name] for name in (*KEPT, *OF_DEPLOYMENT) if name in request}
    return answer["service"]["serviceArn"], kept


def _complete(service: Structure, recall: Recall) -> None:
    kept = recall(service["serviceArn"])
    service.update({name: value for name, value in kept.items() if name in KEPT})
    service["runningCount"] = service["pendingCount"] = 0
    for deployment in service.get("deployments", []):
        more = {name: value for name, value in kept.items() if name in OF_DEPLOYMENT}
        deployment.update({**more, "taskDefinition": service.get("taskDefinition"), "runningCount": 0})


def _one(request: Structure, answer: Structure, recall: Recall) -> None:
    _complete(answer["service"], recall)


def _all(request: Structure, answer: Structure, recall: Recall) -> None:
    for service in answer["services"]:
        _complete(service, recall)


ECS = Line(
    "ecs",
    remember={"CreateService": _service, "UpdateService": _service},
    complete={"CreateService": _one, "UpdateService": _one, "DeleteService": _one, "DescribeServices": _all},
)

# --- Application Auto Scaling -----------------------------------------------------------------------------------------

TARGET = Noun(name="scalable target", key=("ResourceARN",), arn="ResourceARN")


def _kept(ask: Ask) -> Kept:
    arn = ask.request["ResourceARN"]
    found = ask.shelf.get(TARGET, (arn,))
    if found is None:
        found = Kept(TARGET, ask.caller, {"ResourceARN": arn})
        ask.shelf.add(found)
    return found


def _tag(ask: Ask) -> dict[str, Any]:
    _kept(ask).tags.update(ask.request["Tags"])
    return {}


def _untag(ask: Ask) -> dict[str, Any]:
    for key in ask.request["TagKeys"]:
        _kept(ask).tags.pop(key, None)
    return {}


SCALING_TAGS = {
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": lambda ask: {"Tags": dict(_kept(ask).tags)},
}


def scaling_tags() -> RecordedService:
    """moto has no tags of scalable targets; everything else of the service is moto's."""
    return RecordedService("application-autoscaling", SCALING_TAGS, whole=False)
