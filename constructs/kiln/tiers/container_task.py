"""A task of one container that can change nothing but its scratch folder, with two roles that may almost nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.number_text import number_text
from kiln.operations.log_group import LogGroup, Records
from kiln.refusal import refuse, require_one_of

Task = ecs.CfnTaskDefinition

CONTAINER = "app"
USER = "10001:10001"
"""Of no image: whatever runs is not root."""
SCRATCH = "/tmp"
CPU_UNITS = (256, 512, 1024, 2048, 4096, 8192, 16384)
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html"""
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


@dataclass(frozen=True, slots=True)
class Container:
    """What runs; every field may be a token.

    Args:
        image: by its digest, `registry/name@sha256:…`: a tag can be moved.
        port: where it listens.
        cpu_units: of 1024 per processor.
        memory_mib: as Fargate offers it for these units.
        repository_arns: of private repositories of ECR in which the image is.
    """

    image: str
    port: float
    cpu_units: float
    memory_mib: float
    repository_arns: Sequence[str] = ()


class ContainerTask(Construct):
    """A Fargate task definition; `.arn` is a token, `.role` what the container itself may do: nothing at first.

    The root file system is read-only, `/tmp` can be written; no privileges, no capabilities, not root.
    """

    def __init__(self, scope: Construct, construct_id: str, *, container: Container, records: Records) -> None:
        super().__init__(scope, construct_id)
        require_one_of(self, "container.cpu_units", container.cpu_units, CPU_UNITS)
        if not cdk.Token.is_unresolved(container.image) and "@sha256:" not in container.image:
            raise refuse(self, "container.image", found=container.image, expected="an image by digest: name@sha256:…")
        log = LogGroup(self, "Log", key_arn=records.key_arn, days=records.days)
        tasks = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
        self.role = iam.Role(self, "Role", assumed_by=tasks, description="What the container itself may do")
        starter = iam.Role(
            self, "ExecutionRole", assumed_by=tasks, description="Starts the container and keeps its log"
        )
        for statement in _starting(log.arn, container.repository_arns):
            starter.add_to_policy(statement)
        definition = Task(
            self,
            "Resource",
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=number_text(container.cpu_units),
            memory=number_text(container.memory_mib),
            runtime_platform=Task.RuntimePlatformProperty(operating_system_family="LINUX", cpu_architecture="X86_64"),
            task_role_arn=self.role.role_arn,
            execution_role_arn=starter.role_arn,
            volumes=[Task.VolumeProperty(name="scratch")],
            container_definitions=[_definition(container, log.name)],
        )
        # The role itself is referred to; what it may do is a resource of its own.
        definition.node.add_dependency(starter.node.find_child("DefaultPolicy"))
        self.arn: str = definition.ref


def _definition(container: Container, log_group: str) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
    capabilities = Task.KernelCapabilitiesProperty(drop=["ALL"])
    return Task.ContainerDefinitionProperty(
        name=CONTAINER,
        image=container.image,
        essential=True,
        user=USER,
        privileged=False,
        readonly_root_filesystem=True,
        linux_parameters=Task.LinuxParametersProperty(init_process_enabled=True, capabilities=capabilities),
        mount_points=[Task.MountPointProperty(source_volume="scratch", container_path=SCRATCH, read_only=False)],
        port_mappings=[Task.PortMappingProperty(container_port=container.port, protocol="tcp")],
        log_configuration=Task.LogConfigurationProperty(
            log_driver="awslogs",
            options={
                "awslogs-group": log_group,
                "awslogs-region": cdk.Aws.REGION,
                "awslogs-stream-prefix": CONTAINER,
                # A log that is slow must not hold up requests.
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        ),
    )


def _starting(log_group_arn: str, repository_arns: Sequence[str]) -> list[iam.PolicyStatement]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html"""
    writing = ["logs:CreateLogStream", "logs:PutLogEvents"]
    found = [iam.PolicyStatement(sid="OwnLog", actions=writing, resources=[log_group_arn])]
    if repository_arns:
        login = ["ecr:GetAuthorizationToken"]
        found.append(iam.PolicyStatement(sid="Registry", actions=login, resources=["*"]))
        found.append(iam.PolicyStatement(sid="Images", actions=list(PULL), resources=list(repository_arns)))
    return found
