"""What needs an image, in every account and region: asked of AWS, each time, of all or of none.

Policy: fails closed. One account or region that cannot be asked, and nothing is known: an image might be in use there.
A launch template counts with all its versions: a group goes back to an older one when its instance refresh fails.
One that names its image by a parameter needs the image that the parameter holds in the version that it asks for.
Not asked are the values of secure parameters: an AMI id is no secret, and the role for look-ups may not decrypt.
It takes, in each account: ec2:DescribeInstances, ec2:DescribeLaunchTemplates, ec2:DescribeLaunchTemplateVersions,
autoscaling:DescribeAutoScalingGroups, autoscaling:DescribeLaunchConfigurations, ssm:DescribeParameters and
ssm:GetParameters; the role for look-ups has them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bake.retire.plan import DIGEST, Use
from console.accounts import Accounts, Environment
from console.aws import Aws, errors
from console.errors import KilnError, NotReady

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-launch-template.html#use-an-ssm-parameter-instead-of-an-ami-id
ALIAS = "resolve:ssm:"  # + NAME, NAME:VERSION or NAME:LABEL, as GetParameters takes it
AMI = re.compile(r"ami-[0-9a-f]{8,17}")
RUNNING = ("pending", "running", "stopping", "stopped")  # states in which an instance is, or can be started again
AT_ONCE = 6
PARAMETERS_AT_ONCE = 10  # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html


def gather(accounts: Accounts, regions: Iterable[str]) -> tuple[Use, ...]:
    """Every use in every account: in its own region and in all of `regions`, those where there are images.

    Raises NotReady with all accounts and regions that could not be asked.
    """
    places = [(one, region) for one in accounts.environments for region in sorted({one.region, *regions})]
    found: list[Use] = []
    problems: list[tuple[str, KilnError]] = []
    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = [(place, threads.submit(_ask, accounts, *place)) for place in places]
        for (environment, region), answer in asked:
            try:
                found += answer.result()
            except KilnError as problem:
                problems.append((f"{environment.name} ({environment.account}) in {region}", problem))
    if problems:
        _, first = problems[0]
        raise NotReady(
            "nothing is retired: not every account and region could be asked what it uses",
            where=", ".join(place for place, _ in problems),
            found=f"{first.what}: {first.found}" + (f" ({first.where})" if first.where else ""),
            expected="an answer from each: an image might be in use where nobody looks",
            next_step=first.next_step or "try again when they answer",
        )
    return tuple(sorted(found))


def _ask(accounts: Accounts, environment: Environment, region: str) -> list[Use]:
    aws = accounts.reader(environment.account, region)
    with errors(f"asking {environment.name} ({environment.account}) in {region} what it uses"):
        found = [*_instances(aws), *_templates(aws), *_configurations(aws), *_parameters(aws)]
    return [Use(environment.name, region, kind, name, what) for kind, name, what in found]


Named = Iterator[tuple[str, str, str]]  # kind, name, AMI id or digest


def _pages(aws: Aws, service: str, operation: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
    yield from aws.client(service).get_paginator(operation).paginate(**asked)


def _instances(aws: Aws) -> Named:
    states = [{"Name": "instance-state-name", "Values": list(RUNNING)}]
    for page in _pages(aws, "ec2", "describe_instances", Filters=states):
        for one in (instance for reservation in page["Reservations"] for instance in reservation["Instances"]):
            yield "instance", one["InstanceId"], one["ImageId"]


def _templates(aws: Aws) -> Named:
    """Every version of every launch template; one that an Auto Scaling group uses is told as the group."""
    groups = [
        one for page in _pages(aws, "autoscaling", "describe_auto_scaling_groups") for one in page["AutoScalingGroups"]
    ]
    users = {template: str(group["AutoScalingGroupName"]) for group in groups for template in _templates_of(group)}
    for page in _pages(aws, "ec2", "describe_launch_templates"):
        for template in page["LaunchTemplates"]:
            asked = {"LaunchTemplateId": template["LaunchTemplateId"]}
            for versions in _pages(aws, "ec2", "describe_launch_template_versions", **asked):
                for version in versions["LaunchTemplateVersions"]:
                    if named := version["LaunchTemplateData"].get("ImageId"):
                        kind, name = _told(template, version["VersionNumber"], users)
                        yield kind, name, _resolved(aws, named, f"{kind} {name}")
    for group in groups:
        name = str(group["AutoScalingGroupName"])
        for override in _mixed(group).get("Overrides", ()):
            if named := override.get("ImageId"):
                yield "Auto Scaling group", name, _resolved(aws, named, f"Auto Scaling group {name}")


def _resolved(aws: Aws, named: str, where: str) -> str:
    """The AMI id that an ImageId means. Raises NotReady where it means none that can be known."""
    found = named
    if named.startswith(ALIAS):
        answer = aws.client("ssm").get_parameters(Names=[named.removeprefix(ALIAS)])["Parameters"]
        found = answer[0]["Value"] if answer else "nothing: there is no such parameter, or no such version of it"
    if not AMI.fullmatch(found):
        raise NotReady(
            "an image is named in a way that cannot be followed",
            where=where,
            found=f"{named}" + (f", which is {found}" if found != named else ""),
            expected=f"an AMI id, or {ALIAS}NAME with a parameter that holds one",
            next_step="mend it, or delete that version of the launch template",
        )
    return found


def _told(template: Mapping[str, Any], number: int, users: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    words = {str(number)}
    words |= {"$Latest"} if number == template["LatestVersionNumber"] else set()
    words |= {"$Default"} if number == template["DefaultVersionNumber"] else set()
    name, found = template["LaunchTemplateName"], {template["LaunchTemplateName"], template["LaunchTemplateId"]}
    for (used, version), group in users.items():
        if used in found and version in words:
            return "Auto Scaling group", group
    return "launch template", f"{name}, version {number}"


def _templates_of(group: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Id or name, and version, of the launch templates of a group; a version that is not said is the default one."""
    mixed = _mixed(group)
    specifications = [group.get("LaunchTemplate"), mixed.get("LaunchTemplateSpecification")]
    specifications += [one.get("LaunchTemplateSpecification") for one in mixed.get("Overrides", ())]
    for one in specifications:
        if one:
            yield one.get("LaunchTemplateId") or one["LaunchTemplateName"], one.get("Version") or "$Default"


def _mixed(group: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    return found


def _configurations(aws: Aws) -> Named:
    for page in _pages(aws, "autoscaling", "describe_launch_configurations"):
        for one in page["LaunchConfigurations"]:
            yield "launch configuration", one["LaunchConfigurationName"], one["ImageId"]


def _parameters(aws: Aws) -> Named:
    readable = [{"Key": "Type", "Option": "Equals", "Values": ["String", "StringList"]}]
    pages = _pages(aws, "ssm", "describe_parameters", ParameterFilters=readable)
    names = [one["Name"] for page in pages for one in page["Parameters"]]
    for first in range(0, len(names), PARAMETERS_AT_ONCE):
        answer = aws.client("ssm").get_parameters(Names=names[first : first + PARAMETERS_AT_ONCE])
        for one in answer["Parameters"]:  # one that was deleted since it was listed needs nothing any more
            for what in sorted({*AMI.findall(one["Value"]), *DIGEST.findall(one["Value"])}):
                yield "SSM parameter", one["Name"], what
