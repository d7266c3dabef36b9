"""What a group launches from: the launch template or mixed instances policy of a request, its template resolved."""

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from rehearsal.front.service import AwsError
from rehearsal.groups.model import GroupKey, Source


def source_of(template: Mapping[str, Any] | None, mixed: Mapping[str, Any] | None) -> Source:
    """What instances are launched from; template ids are resolved already."""
    if mixed:
        template = mixed["LaunchTemplate"]["LaunchTemplateSpecification"]
        types = [o["InstanceType"] for o in mixed["LaunchTemplate"].get("Overrides") or () if o.get("InstanceType")]
        distribution = mixed.get("InstancesDistribution") or {}
        return Source(
            template["LaunchTemplateId"],
            _version(template),
            tuple(types),
            int(distribution.get("OnDemandBaseCapacity") or 0),
            int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)),
        )
    return Source(template["LaunchTemplateId"], _version(template)) if template else Source("", "$Default")


def resolve(key: GroupKey, request: Mapping[str, Any]) -> tuple[dict[str, str] | None, dict[str, Any] | None]:
    """Launch template and mixed instances policy of a request, with the template's id and name filled in."""
    template, mixed = request.get("LaunchTemplate"), request.get("MixedInstancesPolicy")
    if template and mixed:
        message = "Valid requests must contain either LaunchTemplate or MixedInstancesPolicy parameter."
        raise AwsError("ValidationError", message)
    if mixed:
        inner = dict(mixed["LaunchTemplate"])
        inner["LaunchTemplateSpecification"] = _named(key, inner["LaunchTemplateSpecification"])
        return None, {**mixed, "LaunchTemplate": inner}
    return (_named(key, template), None) if template else (None, None)


def _named(key: GroupKey, template: Mapping[str, str]) -> dict[str, str]:
    ec2 = ec2_backends[key.account][key.region]
    try:
        if template.get("LaunchTemplateId"):
            found = ec2.get_launch_template(template["LaunchTemplateId"])
        else:
            found = ec2.get_launch_template_by_name(template.get("LaunchTemplateName", ""))
        found.get_version(_version(template))
    except ServiceException as error:
        raise AwsError("ValidationError", str(error.message)) from error
    return {"LaunchTemplateId": found.id, "Version": _version(template)}


def _version(template: Mapping[str, str]) -> str:
    return str(template.get("Version") or "$Default")
