"""Actions on images that moto lacks (deprecation, deregistration protection) or half does.

Half: ModifyImageAttribute knows one attribute, DisableImage leaves who may launch it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from rehearsal.front.service import AwsError, Caller

COOLDOWN = timedelta(hours=24)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deregistration-protection.html
WITH_COOLDOWN, WITHOUT_COOLDOWN, DISABLED = "enabled-with-cooldown", "enabled-without-cooldown", "disabled"


class ImageRecord(Protocol):
    """What the API has on record of an image, as far as these actions change it."""

    id: str
    state: str
    launch_permissions: list[dict[str, str]]
    description: str | None
    imds_support: str | None
    deprecation_time: str | None
    deregistration_protection: str
    protected_until: datetime | None


class Catalogue(Protocol):
    """The API's records of images; moto_hooks/ec2_images.py gives it."""

    def publish_base_image(self, region: str) -> None:
        """Show the base image to every account, as a public image of Debian's account."""

    def publish_windows_image(self, region: str) -> None:
        """Show the Windows image to every account, as a public image of Amazon's account."""

    def launchable(self, backend: Any, image_id: str) -> Any:
        """An image that the account of an API's backend may launch. Raises AwsError."""

    def with_image(self, kwargs: dict[str, Any], image: Any) -> dict[str, Any]:
        """The arguments of a launch with what the image decides."""

    def own_image(self, caller: Caller, image_id: str) -> ImageRecord:
        """An image that the caller owns. Raises AwsError where there is none of this id."""

    def change_permissions(
        self, caller: Caller, image_id: str, add: list[dict[str, str]], remove: list[dict[str, str]]
    ) -> None:
        """Change who may launch an image."""


def refuse_protected(image: ImageRecord, now: datetime) -> None:
    """Raises AwsError where deregistration protection keeps the image."""
    cooling = image.protected_until is not None and now < image.protected_until
    if image.deregistration_protection != DISABLED or cooling:
        until = f" until {image.protected_until:%Y-%m-%dT%H:%M:%SZ}" if cooling else ""
        raise AwsError(
            "OperationNotPermitted",
            f"The image {image.id} has deregistration protection{until} and cannot be deregistered.",
        )


def disable_protection(image: ImageRecord, now: datetime) -> None:
    """Take the protection away; one with a cooldown goes on for 24 hours."""
    if image.deregistration_protection == WITH_COOLDOWN:
        image.protected_until = now + COOLDOWN
    image.deregistration_protection = DISABLED


def permissions(request: dict[str, Any]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The launch permissions that ModifyImageAttribute adds and removes, in either of the request's two forms."""
    given = request.get("LaunchPermission", {})
    changes = {"add": [*given.get("Add", [])], "remove": [*given.get("Remove", [])]}
    named = {
        "UserId": request.get("UserIds", []),
        "Group": request.get("UserGroups", []),
        "OrganizationArn": request.get("OrganizationArns", []),
        "OrganizationalUnitArn": request.get("OrganizationalUnitArns", []),
    }
    flat = [{kind: value} for kind, values in named.items() for value in values]
    if flat:
        operation = request.get("OperationType")
        if operation not in changes:
            raise AwsError("MissingParameter", "The request must contain the parameter operationType")
        changes[operation] += flat
    return changes["add"], changes["remove"]


class ImageActions:
    """The Service of these actions; each is for the image's owner only, as on EC2."""

    name = "ec2"
    operations: frozenset[str] | None = frozenset(
        {
            "EnableImageDeprecation",
            "DisableImageDeprecation",
            "EnableImageDeregistrationProtection",
            "DisableImageDeregistrationProtection",
            "DisableImage",
            "EnableImage",
            "ModifyImageAttribute",
        }
    )

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one of the actions."""
        image = self._catalogue.own_image(caller, request["ImageId"])
        match operation:
            case "EnableImageDeprecation":
                image.deprecation_time = _deprecation(request["DeprecateAt"], datetime.now(UTC))
            case "DisableImageDeprecation":
                image.deprecation_time = None
            case "EnableImageDeregistrationProtection":
                image.deregistration_protection = WITH_COOLDOWN if request.get("WithCooldown") else WITHOUT_COOLDOWN
                image.protected_until = None
                return {"Return": "true"}
            case "DisableImageDeregistrationProtection":
                disable_protection(image, datetime.now(UTC))
                return {"Return": "true"}
            case "DisableImage":
                # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisableImage.html
                image.state = DISABLED
                image.launch_permissions.clear()
            case "EnableImage":
                image.state = "available"
            case _:
                self._modify(caller, image, request)
                return {}
        return {"Return": True}

    def _modify(self, caller: Caller, image: ImageRecord, request: dict[str, Any]) -> None:
        value = request.get("Value")
        attribute = request.get("Attribute", "")
        if "Description" in request or attribute == "description":
            image.description = request.get("Description", {}).get("Value", value)
            return
        if "ImdsSupport" in request or attribute == "imdsSupport":
            support = request.get("ImdsSupport", {}).get("Value", value)
            if support != "v2.0":
                raise AwsError("InvalidParameterValue", f"Value ({support}) for parameter imdsSupport is invalid.")
            image.imds_support = support
            return
        add, remove = permissions(request)
        if not add and not remove:
            raise AwsError("Unsupported", f"The embedded AWS cannot change the attribute {attribute} of an image.")
        if add and image.state == DISABLED:
            raise AwsError("InvalidAMIID.Unavailable", f"The image {image.id} is disabled and cannot be shared.")
        self._catalogue.change_permissions(caller, image.id, add, remove)


def _deprecation(at: datetime | str, now: datetime) -> str:
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at.replace("Z", "+00:00"))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= now:
        raise AwsError("InvalidParameterValue", f"The deprecation date {at} is not in the future.")
    return moment.strftime("%Y-%m-%dT%H:%M:00.000Z")  # EC2 rounds to the minute
