"""The kinds of values in a parameter file, each with the words that an error says of it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

OCTET = r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"
LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

Account = Annotated[str, Field(pattern=r"^\d{12}$", description="an AWS account id: 12 digits in quotes")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="an AWS region such as eu-west-1")]
Cidr = Annotated[
    str,
    Field(
        pattern=rf"^(10\.{OCTET}|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0/16$",
        description="a private IPv4 network of size /16 such as 10.94.0.0/16",
    ),
]
DomainName = Annotated[
    str,
    Field(
        pattern=rf"^({LABEL}\.)+[a-z]{{2,}}$", max_length=253, description="a domain name such as stage.payroll.example"
    ),
]
Organization = Annotated[
    str,
    Field(
        pattern=r"^o-[a-z0-9]{10,32}(/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})?$",
        description="the id of an organization such as o-a1b2c3d4e5, or with that of a unit: o-…/ou-…",
    ),
]
"""As API_Organization and API_OrganizationalUnit say in https://docs.aws.amazon.com/organizations/latest/APIReference/"""
InstanceType = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$")
]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+$")]
AwsSchedule = Annotated[
    str,
    Field(
        pattern=r"^cron\(\S+ \S+ \S+ \S+ \S+ \S+\)$",
        description="a schedule with six fields such as cron(0 3 ? * SUN *)",
    ),
]
Cron = Annotated[
    str, Field(pattern=r"^\S+ \S+ \S+ \S+ \S+$", description='a cron expression with five fields such as "0 19 * * *"')
]
TimeZone = Annotated[str, Field(pattern=r"^[A-Za-z_+-]+(/[A-Za-z_+-]+)*$", description="such as Europe/Berlin")]
Port = Annotated[int, Field(ge=1, le=65535, description="a port: 1 to 65535")]


class Table(BaseModel):
    """A table of a parameter file: no unknown keys, no conversions, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
