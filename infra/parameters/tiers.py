"""What differs from environment to environment in a tier, and in what may take a tier's place."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from infra.parameters.fields import Cron, InstanceType, Port, Table, TimeZone

BURSTABLE = ("t2.", "t3.", "t3a.", "t4g.")
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html"""


class Tier(Table):
    """One tier's Auto Scaling group."""

    instance_types: Annotated[
        tuple[InstanceType, ...],
        Field(
            min_length=1,
            max_length=4,
            strict=False,
            description='one to four instance types, the preferred first, such as ["m7i.large", "m6i.large"]',
        ),
    ]
    minimum: Annotated[int, Field(ge=1, le=1000, description="the least number of instances: 1 to 1000")]
    maximum: Annotated[int, Field(ge=1, le=1000, description="the largest number of instances: 1 to 1000")]
    spot_percent: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="percent of the instances beyond the minimum that are Spot: 0 to 100, with two types at least",
        ),
    ] = 0
    root_volume_gib: Annotated[int, Field(ge=8, le=16384, description="the root volume's size in GiB: 8 to 16384")]
    health_check_grace_seconds: Annotated[
        int, Field(ge=10, le=7200, description="seconds until a new instance must be healthy: 10 to 7200")
    ]
    warmup_seconds: Annotated[
        int, Field(ge=0, le=3600, description="seconds from running to healthy; the next one waits for it: 0 to 3600")
    ]

    @field_validator("instance_types")
    @classmethod
    def _each_once(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(types)) < len(types):
            raise ValueError("each type once: Auto Scaling refuses a type that is there twice")
        return types

    @field_validator("maximum")
    @classmethod
    def _not_below_the_minimum(cls, maximum: int, others: ValidationInfo) -> int:
        minimum = others.data.get("minimum", maximum)
        if maximum < minimum:
            raise ValueError(f"at least the minimum, which is {minimum}")
        return maximum

    @field_validator("spot_percent")
    @classmethod
    def _spot_needs_a_choice(cls, percent: int, others: ValidationInfo) -> int:
        if percent and len(others.data.get("instance_types", ())) == 1:
            raise ValueError("0, or a second type in instance_types: one Spot pool alone runs dry")
        return percent


class WebTier(Tier):
    """A tier behind the load balancer."""

    deregistration_delay_seconds: Annotated[
        int, Field(ge=0, le=3600, description="seconds a leaving instance may finish its requests: 0 to 3600")
    ]
    requests_per_instance: Annotated[
        int, Field(ge=1, le=1_000_000, description="requests per instance and minute to scale to: 1 to 1000000")
    ]


class QueueTier(Tier):
    """A tier that takes jobs from a queue."""

    backlog_per_instance: Annotated[
        int, Field(ge=1, le=100_000, description="waiting jobs per instance to scale to: 1 to 100000")
    ]
    job_seconds: Annotated[
        int, Field(ge=1, le=43200, description="the longest that one job takes, in seconds: 1 to 43200 (12 hours)")
    ]
    waiting_seconds: Annotated[
        int,
        Field(
            ge=60,
            le=345_600,
            description="seconds that a job may wait before somebody is told: 60 to 345600 (4 days)",
        ),
    ] = 3600


class CalculationTier(QueueTier):
    """A tier of long calculations, which an instance that has to go may finish."""

    job_seconds: Annotated[
        int,
        Field(ge=30, le=7200, description="the longest that one calculation takes, in seconds: 30 to 7200 (2 hours)"),
    ]
    unlimited_credits: Annotated[
        bool, Field(description="true or false: burstable instances never slow down and cost more when they are busy")
    ] = False

    @field_validator("unlimited_credits")
    @classmethod
    def _of_burstable_types(cls, unlimited: bool, others: ValidationInfo) -> bool:
        steady = [one for one in others.data.get("instance_types", ()) if not one.startswith(BURSTABLE)]
        if unlimited and steady:
            raise ValueError(f"false, or no {', '.join(steady)} in instance_types: only t types have credits")
        return unlimited


class MqTier(Tier):
    """A tier that listens to a message broker."""

    cpu_percent: Annotated[int, Field(ge=10, le=90, description="processor use to scale to, in percent: 10 to 90")]


class Schedule(Table):
    """When all tiers stop and start; in an environment without these keys they run always."""

    stop: Cron | None = None
    start: Cron | None = None
    time_zone: TimeZone | None = None

    @model_validator(mode="after")
    def _all_or_none(self) -> "Schedule":
        known = (self.stop, self.start, self.time_zone)
        if any(known) and not all(known):
            raise ValueError("stop, start and time_zone, or none of the three")
        return self


class Container(Table):
    """The container tier."""

    image: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9.-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$",
            description="an image by its digest: registry/name@sha256:…",
        ),
    ]
    port: Port
    cpu_units: Annotated[
        int, Field(ge=256, le=16384, description="of 1024 per processor, as Fargate offers: 256 to 16384")
    ]
    memory_mib: Annotated[int, Field(ge=512, le=122880, description="memory in MiB, as Fargate offers: 512 to 122880")]
    minimum: Annotated[int, Field(ge=1, le=1000, description="the least number of tasks: 1 to 1000")]
    maximum: Annotated[int, Field(ge=1, le=1000, description="the largest number of tasks: 1 to 1000")]


class Function(Table):
    """The function tier."""

    memory_mib: Annotated[int, Field(ge=128, le=10240, description="memory in MiB: 128 to 10240")]
    new_version_percent: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="percent of the requests that the newest version takes beside the stable one: 0 to 100",
        ),
    ]
    stable_version: Annotated[
        str | None,
        Field(
            pattern=r"^[1-9]\d*$",
            description="the number of the version that takes the other requests; without it the newest takes all",
        ),
    ] = None
