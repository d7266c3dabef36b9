"""Promises about ECS on Fargate."""

from kiln.promises.checks import every
from kiln.promises.controls import asked
from kiln.promises.promise import Promise

ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
TASK = every("AWS::ECS::TaskDefinition")
SERVICE = every("AWS::ECS::Service")
CLUSTER = every("AWS::ECS::Cluster")
EACH = "ContainerDefinitions[]"

PROMISES = (
    Promise(
        id="container-cannot-change-itself",
        title="Containers have a read-only root file system",
        reason="What gets in cannot install anything.",
        controls=asked("ECS.5"),
        source=f"{ECS}/task_definition_parameters.html",
        check=TASK.has(f"{EACH}.ReadonlyRootFilesystem", True),
    ),
    Promise(
        id="container-has-no-privileges",
        title="Containers are not privileged",
        reason="A privileged container is root on its host.",
        controls=asked("ECS.4"),
        source=f"{ECS}/task_definition_parameters.html",
        check=TASK.never(f"{EACH}.Privileged", True),
    ),
    Promise(
        id="container-has-a-network-of-its-own",
        title="Tasks have a network interface of their own",
        reason="Security groups then say who may talk to each task.",
        controls=(),
        source=f"{ECS}/task-networking-awsvpc.html",
        check=TASK.has("NetworkMode", "awsvpc"),
    ),
    Promise(
        id="container-logs",
        title="Containers send away what they say",
        reason="A task that has ended is gone with what it wrote.",
        controls=asked("ECS.9"),
        source=f"{ECS}/using_awslogs.html",
        check=TASK.present(f"{EACH}.LogConfiguration.LogDriver"),
    ),
    Promise(
        id="container-has-no-public-address",
        title="Services give their tasks no public address",
        reason="A task is reached through a load balancer, never directly.",
        controls=asked("ECS.2"),
        source=f"{ECS}/fargate-task-networking.html",
        check=SERVICE.has("NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", "DISABLED"),
    ),
    Promise(
        id="container-deployment-goes-back-by-itself",
        title="A deployment of a service that fails goes back by itself",
        reason="Otherwise it tries for hours, while the old tasks dwindle.",
        controls=(),
        source=f"{ECS}/deployment-circuit-breaker.html",
        check=SERVICE.has("DeploymentConfiguration.DeploymentCircuitBreaker.Rollback", True),
    ),
    Promise(
        id="container-cluster-is-measured",
        title="Clusters publish what their tasks use",
        reason="A task that runs out of memory leaves nothing but its number.",
        controls=asked("ECS.12"),
        source=f"{ECS}/cloudwatch-container-insights.html",
        check=CLUSTER.one_of("ClusterSettings[Name=containerInsights].Value", "enabled", "enhanced", weak="disabled"),
    ),
)
