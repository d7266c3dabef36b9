"""What differs from environment to environment in everything that is not a tier."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from infra.parameters.fields import (
    LOG_DAYS,
    AwsSchedule,
    Cidr,
    DomainName,
    InstanceType,
    MailAddress,
    Organization,
    Region,
    Table,
    TimeZone,
)

SERVERLESS = "db.serverless"


class Network(Table):
    """The VPC."""

    cidr: Cidr
    nat_gateways: Annotated[int, Field(ge=1, le=3, description="NAT gateways: 1, 2 or 3; zones without one share")]
    interface_endpoints: Annotated[
        bool, Field(description="true or false: reach the APIs of AWS by endpoints inside the VPC")
    ]


class Dns(Table):
    """The names of the environment."""

    domain_name: Annotated[DomainName, Field(description="the domain name of the service in this environment")]
    internal_name: Annotated[
        DomainName, Field(description="the private zone with the names of the roles, such as stage.payroll.internal")
    ]


class LoadBalancer(Table):
    """The public load balancer."""

    requests_per_address: Annotated[
        int,
        Field(ge=10, le=2_000_000_000, description="requests that one address may send in 5 minutes: 10 to 2000000000"),
    ]
    access_log_days: Annotated[int, Field(ge=1, le=3653, description="days that access logs are kept: 1 to 3653")]


class Database(Table):
    """The Aurora MySQL cluster."""

    instance_class: Annotated[
        str,
        Field(
            pattern=r"^db\.(serverless|[a-z][a-z0-9]*\.(medium|large|\d*xlarge))$",
            description="an Aurora instance class such as db.r7g.large, or db.serverless",
        ),
    ]
    minimum_acus: Annotated[float, Field(ge=0.5, le=256, description="Aurora capacity units: 0.5 to 256")] | None = None
    maximum_acus: Annotated[float, Field(ge=1, le=256, description="Aurora capacity units: 1 to 256")] | None = None
    readers: Annotated[int, Field(ge=0, le=2, description="readers beside the writer, in the other zones: 0, 1 or 2")]
    backup_days: Annotated[int, Field(ge=1, le=35, description="days of continuous backup: 1 to 35")]
    snapshot: Annotated[
        str | None,
        Field(
            pattern=r"^arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:\S+$",
            description="the ARN of a cluster snapshot to restore from; set before the first deployment only",
        ),
    ] = None

    @model_validator(mode="after")
    def _serverless_has_a_range(self) -> "Database":
        units = (self.minimum_acus, self.maximum_acus)
        if (self.instance_class == SERVERLESS) != all(units) or any(units) != all(units):
            raise ValueError(f"minimum_acus and maximum_acus with {SERVERLESS}, and only with it")
        return self


class Broker(Table):
    """The message broker."""

    instance_type: Annotated[
        str, Field(pattern=r"^mq\.[a-z0-9]+\.(micro|medium|large|\d*xlarge)$", description="such as mq.m7g.medium")
    ]
    cluster: Annotated[bool, Field(description="true: three nodes in three zones; false: one node")]


class Bastion(Table):
    """The way in for people, without an open port."""

    instance_type: Annotated[InstanceType, Field(description="an instance type such as t3.micro")]


class Retention(Table):
    """How long things are kept."""

    log_days: Annotated[int, Field(description="days that logs are kept, of those that CloudWatch offers")]
    audit_days: Annotated[
        int, Field(ge=1, le=3653, description="days for which nobody can delete an audit record: 1 to 3653")
    ]

    @field_validator("log_days")
    @classmethod
    def _offered(cls, days: int) -> int:
        if days not in LOG_DAYS:
            raise ValueError(f"one of {', '.join(map(str, LOG_DAYS))}")
        return days


class Alarms(Table):
    """Who is told."""

    addresses: Annotated[
        tuple[MailAddress, ...],
        Field(
            min_length=1,
            max_length=5,
            strict=False,
            description='one to five mail addresses such as ["on-call@payroll.example"]',
        ),
    ]


class Budget(Table):
    """What the environment may cost."""

    monthly_usd: Annotated[int, Field(ge=1, le=1_000_000, description="US dollars per month: 1 to 1000000")]


class Operations(Table):
    """When instances are patched."""

    patch_schedule: AwsSchedule
    patch_hours: Annotated[int, Field(ge=2, le=24, description="length of the maintenance window: 2 to 24 hours")]
    time_zone: TimeZone


class Backup(Table):
    """The daily backup, and its copy in the account of the environment with the vault."""

    schedule: AwsSchedule
    keep_days: Annotated[int, Field(ge=1, le=36500, description="days that a backup is kept here: 1 to 36500")]
    copy_keep_days: Annotated[int, Field(ge=1, le=36500, description="days that its copy is kept: 1 to 36500")]


class Vault(Table):
    """The vault that takes the copies; nobody can shorten what it keeps."""

    minimum_days: Annotated[int, Field(ge=1, le=36500, description="the shortest that a copy may be kept: 1 to 36500")]
    maximum_days: Annotated[int, Field(ge=1, le=36500, description="the longest that a copy may be kept: 1 to 36500")]
    changeable_for_days: Annotated[
        int, Field(ge=3, le=36500, description="days after which the lock is for good: 3 to 36500")
    ]
    restore_test_schedule: AwsSchedule

    @field_validator("maximum_days")
    @classmethod
    def _not_below_the_minimum(cls, maximum: int, others: ValidationInfo) -> int:
        minimum = others.data.get("minimum_days", maximum)
        if maximum < minimum:
            raise ValueError(f"at least minimum_days, which is {minimum}")
        return maximum


class DataTable(Table):
    """The DynamoDB table."""

    recovery_days: Annotated[int, Field(ge=1, le=35, description="days back that it can be recovered to: 1 to 35")]


class Cdn(Table):
    """The content delivery network for files."""

    price_class: Annotated[
        str,
        Field(
            pattern=r"^PriceClass_(100|200|All)$",
            description="how far it reaches: PriceClass_100, PriceClass_200 or PriceClass_All",
        ),
    ]
    domain_name: (
        Annotated[DomainName, Field(description="a name of our own; without it, CloudFront gives one")] | None
    ) = None
    certificate_arn: (
        Annotated[
            str,
            Field(
                pattern=r"^arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/\S+$",
                description="the ARN of the certificate of domain_name, in us-east-1, where CloudFront looks for it",
            ),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _name_has_a_certificate(self) -> "Cdn":
        if (self.domain_name is None) != (self.certificate_arn is None):
            raise ValueError("domain_name and certificate_arn, or neither")
        return self


class Tooling(Table):
    """The place where images are baked; it lives in the account of the file that has this table."""

    cidr: Cidr
    sweep_schedule: Annotated[
        str,
        Field(
            pattern=r"^(rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)|cron\(.+\))$",
            description="when it is looked for what killed bakes have left, as EventBridge writes it: rate(1 hour)",
        ),
    ] = "rate(1 hour)"
    sweep_older_than_hours: Annotated[
        int, Field(ge=3, le=720, description="what killed bakes have left is removed when it is so old, 3 to 720")
    ] = 3
    copy_regions: Annotated[
        tuple[Region, ...],
        Field(
            strict=False,
            description='regions that images can be copied to, each once, such as ["eu-central-1"]; a stack in each',
        ),
    ] = ()
    organizations: Annotated[
        tuple[Organization, ...],
        Field(
            strict=False,
            description='organizations, or units of one, whose accounts may use the key of images: ["o-a1b2c3d4e5"]',
        ),
    ] = ()

    @field_validator("copy_regions", "organizations")
    @classmethod
    def _each_once(cls, listed: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(listed)) < len(listed):
            raise ValueError("each once")
        return listed
