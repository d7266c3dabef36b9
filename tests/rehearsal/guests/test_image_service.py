"""Deprecation, protection and permissions of images."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehearsal.front.service import AwsError, Caller
from rehearsal.guests.image_service import COOLDOWN, ImageActions, ImageRecord, permissions, refuse_protected

NOW = datetime.now(UTC)
DEV = Caller("111111111111", "eu-west-1")


@dataclass
class Image:
    id: str = "ami-1"
    state: str = "available"
    launch_permissions: list[dict[str, str]] = field(default_factory=list)
    description: str | None = None
    imds_support: str | None = None
    deprecation_time: str | None = None
    deregistration_protection: str = "disabled"
    protected_until: datetime | None = None


class OneImage:
    """A catalogue with one image of the Dev account."""

    def __init__(self) -> None:
        self.image = Image()
        self.changes: list[tuple[list[dict[str, str]], list[dict[str, str]]]] = []

    def publish_base_image(self, region: str) -> None: ...
    def publish_windows_image(self, region: str) -> None: ...

    def launchable(self, backend: Any, image_id: str) -> Any: ...

    def with_image(self, kwargs: dict[str, Any], image: Any) -> dict[str, Any]:
        return kwargs

    def own_image(self, caller: Caller, image_id: str) -> ImageRecord:
        if caller != DEV or image_id != self.image.id:
            raise AwsError("InvalidAMIID.NotFound", image_id)
        return self.image

    def change_permissions(
        self, caller: Caller, image_id: str, add: list[dict[str, str]], remove: list[dict[str, str]]
    ) -> None:
        self.changes.append((add, remove))


def ask(catalogue: OneImage, operation: str, **request: Any) -> dict[str, Any]:
    return ImageActions(catalogue).answer(DEV, operation, {"ImageId": "ami-1", **request})


def test_a_protected_image_is_refused_and_an_unprotected_one_is_not() -> None:
    catalogue = OneImage()
    refuse_protected(catalogue.image, NOW)
    ask(catalogue, "EnableImageDeregistrationProtection", WithCooldown=False)
    with pytest.raises(AwsError, match="deregistration protection"):
        refuse_protected(catalogue.image, NOW)
    ask(catalogue, "DisableImageDeregistrationProtection")
    refuse_protected(catalogue.image, NOW)


def test_protection_with_a_cooldown_goes_on_for_a_day_after_it_is_disabled() -> None:
    catalogue = OneImage()
    ask(catalogue, "EnableImageDeregistrationProtection", WithCooldown=True)
    assert catalogue.image.deregistration_protection == "enabled-with-cooldown"
    ask(catalogue, "DisableImageDeregistrationProtection")
    until = catalogue.image.protected_until
    assert until
    assert abs(until - datetime.now(UTC) - COOLDOWN) < timedelta(minutes=1)
    with pytest.raises(AwsError, match="until"):
        refuse_protected(catalogue.image, until - timedelta(seconds=1))
    refuse_protected(catalogue.image, until)


def test_a_deprecation_is_in_the_future_and_can_be_taken_back() -> None:
    catalogue = OneImage()
    with pytest.raises(AwsError, match="not in the future"):
        ask(catalogue, "EnableImageDeprecation", DeprecateAt="2020-01-01T00:00:00Z")
    ask(catalogue, "EnableImageDeprecation", DeprecateAt="2050-01-02T03:04:05Z")
    assert catalogue.image.deprecation_time == "2050-01-02T03:04:00.000Z"
    ask(catalogue, "DisableImageDeprecation")
    assert catalogue.image.deprecation_time is None


def test_only_the_owner_changes_an_image() -> None:
    for operation in ImageActions.operations or ():
        with pytest.raises(AwsError) as caught:
            ImageActions(OneImage()).answer(Caller("4" * 12, "eu-west-1"), operation, {"ImageId": "ami-1"})
        assert caught.value.code == "InvalidAMIID.NotFound"


def test_modify_image_attribute_changes_description_imds_support_and_permissions() -> None:
    catalogue = OneImage()
    ask(catalogue, "ModifyImageAttribute", Description={"Value": "text"})
    ask(catalogue, "ModifyImageAttribute", ImdsSupport={"Value": "v2.0"})
    ask(catalogue, "ModifyImageAttribute", LaunchPermission={"Add": [{"UserId": "4" * 12}]})
    assert (catalogue.image.description, catalogue.image.imds_support) == ("text", "v2.0")
    assert catalogue.changes == [([{"UserId": "4" * 12}], [])]


def test_an_attribute_that_is_not_emulated_is_refused() -> None:
    with pytest.raises(AwsError, match="cannot change the attribute productCodes"):
        ask(OneImage(), "ModifyImageAttribute", Attribute="productCodes", ProductCodes=["a"])


def test_permissions_have_two_forms() -> None:
    assert permissions({"LaunchPermission": {"Remove": [{"Group": "all"}]}}) == ([], [{"Group": "all"}])
    flat = {"OperationType": "add", "UserIds": ["1", "2"], "UserGroups": ["all"]}
    assert permissions(flat) == ([{"UserId": "1"}, {"UserId": "2"}, {"Group": "all"}], [])
    with pytest.raises(AwsError, match="operationType"):
        permissions({"UserIds": ["1"]})


def test_a_disabled_image_is_nobody_elses_any_more_and_cannot_be_shared_until_it_is_enabled() -> None:
    catalogue = OneImage()
    catalogue.image.launch_permissions.append({"UserId": "444444444444"})
    ask(catalogue, "DisableImage")
    assert (catalogue.image.state, catalogue.image.launch_permissions) == ("disabled", [])
    sharing = {"LaunchPermission": {"Add": [{"UserId": "444444444444"}]}}
    with pytest.raises(AwsError, match="disabled and cannot be shared"):
        ask(catalogue, "ModifyImageAttribute", **sharing)
    ask(catalogue, "EnableImage")
    assert (catalogue.image.state, catalogue.image.launch_permissions) == ("available", []), "it is shared anew, or not"
    ask(catalogue, "ModifyImageAttribute", **sharing)
    assert catalogue.changes == [([{"UserId": "444444444444"}], [])]
