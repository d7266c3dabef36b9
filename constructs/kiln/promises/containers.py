"""Promises about ECS on Fargate."""

from kiln.promises.checks import every
from kiln.promises.controls import asked, fsbp, nist
from kiln.promises.promise import Promise

ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
TASK = every("AWS::ECS::TaskDefinition")
SERVICE = every("AWS::ECS::Service")
CLUSTER = every("AWS::ECS::Cluster")
EACH = "ContainerDefinitions[]"
ACCESS = nist("AC-2(1)", "AC-3", "AC-3(15)", "AC-3(7)", "AC-5", "AC-6")
LOGGING = nist("AC-4(26)", "AU-10", "AU-12", "AU-2", "AU-3", "AU-6(3)", "CA-7", "SC-7(9)", "SI-7(8)")

PROMISES = (
    Promise(
        id="container-cannot-change-itself",
        title="Containers have a read-only root file system",
        reason="What gets in cannot install anything.",
        controls=asked(fsbp("ECS.5"), ACCESS),
        source=f"{ECS}/task_definition_parameters.html",
        check=TASK.has(f"{EACH}.ReadonlyRootFilesystem", True),
    ),
    Promise(
        id="container-has-no-privileges",
        title="Containers are not privileged",
        reason="A privileged container is root on its host.",
        controls=fsbp("ECS.4"),
        source=f"{ECS}/task_definition_parameters.html",
        check=TASK.never(f"{EACH}.Privileged", True),
    ),
    Promise(
        id="container-has-a-network-of-its-own",
        title="Tasks have a network interface of their own",
        reason="Security groups then say who may talk to each task.",
        controls=fsbp("ECS.1"),
        source=f"{ECS}/task-networking-awsvpc.html",
        check=TASK.has("NetworkMode", "awsvpc"),
    ),
    Promise(
        id="container-logs",
        title="Containers send away what they say",
        reason="A task that has ended is gone with what it wrote.",
        controls=asked(fsbp("ECS.9"), LOGGING),
        source=f"{ECS}/using_awslogs.html",
        check=TASK.present(f"{EACH}.LogConfiguration.LogDriver"),
    ),
    Promise(
        id="container-has-no-public-address",
        title="Services give their tasks no public address",
        reason="A task is reached through a load balancer, never directly.",
        controls=asked(fsbp("ECS.2"), nist("AC-3", "AC-4", "SC-7", "SC-7(11)")),
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
        controls=asked(fsbp("ECS.12"), nist("AU-6(3)", "AU-6(4)", "CA-7", "SI-2")),
        source=f"{ECS}/cloudwatch-container-insights.html",
        check=CLUSTER.one_of("ClusterSettings[Name=containerInsights].Value", "enabled", "enhanced", weak="disabled"),
    ),
)
