"""ECS on Fargate, read back."""

from tests.readback.expected import every, is_, is_not
from tests.readback.reading import ID, Ask, Expected, read

CLUSTER = "AWS::ECS::Cluster"


def _task(path: str, expected: Expected) -> Ask:
    request = {"taskDefinition": ID}
    kind = "AWS::ECS::TaskDefinition"
    return Ask(kind, "ecs describe_task_definition", request, f"taskDefinition.{path}", expected)


def _service(path: str, expected: Expected) -> Ask:
    return Ask(
        CLUSTER,
        "ecs describe_services",
        {"cluster": "{1}", "services": [ID]},
        f"services[].{path}",
        expected,
        each=("ecs list_services", {"cluster": ID}, "serviceArns[].join('|', [@, '{0}'])"),
    )


READINGS = (
    read("container-cannot-change-itself", _task("containerDefinitions[].readonlyRootFilesystem", is_(True))),
    read("container-has-no-privileges", _task("containerDefinitions[].privileged", is_not(True))),
    read("container-has-a-network-of-its-own", _task("networkMode", is_("awsvpc"))),
    read(
        "container-logs",
        _task(
            "containerDefinitions[].[logConfiguration.logDriver]", every("a log driver", lambda found: bool(found[0]))
        ),
    ),
    read(
        "container-has-no-public-address",
        _service("networkConfiguration.awsvpcConfiguration.assignPublicIp", is_("DISABLED")),
    ),
    read(
        "container-deployment-goes-back-by-itself",
        _service("deploymentConfiguration.deploymentCircuitBreaker.rollback", is_(True)),
    ),
    read(
        "container-cluster-is-measured",
        Ask(
            CLUSTER,
            "ecs describe_clusters",
            {"clusters": [ID], "include": ["SETTINGS"]},
            "clusters[].settings[?name=='containerInsights'].value[]",
            is_("enabled", "enhanced"),
        ),
    ),
)

UNREADABLE: dict[str, str] = {}
