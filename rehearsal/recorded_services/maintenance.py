"""Systems Manager's patch baselines, maintenance windows and associations: kept; no window ever opens.

moto (5.2.5) can make a part of these and change none. Documents and parameters stay moto's, and so do their tags.
"""

from typing import Any

from rehearsal.front.service import AwsError, PassOn
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shapes import fitting, spelt
from rehearsal.recorded_services.shelf import Kept, Noun
from rehearsal.recorded_services.verbs import (
    Ask,
    Verb,
    asked,
    change,
    constant,
    default,
    get,
    listed,
    make,
    now,
    random_id,
    remove,
)
from rehearsal.resources.cast import pairs

MISSING = "DoesNotExistException"
STAMPS = {"CreatedDate": now, "ModifiedDate": now}

BASELINE = Noun(
    name="patch baseline",
    key=("BaselineId",),
    born={
        "BaselineId": random_id("pb-"),
        "OperatingSystem": lambda ask, members: members.get("OperatingSystem", "WINDOWS"),
        "ApprovedPatchesComplianceLevel": default("ApprovedPatchesComplianceLevel", "UNSPECIFIED"),
        "ApprovedPatchesEnableNonSecurity": default("ApprovedPatchesEnableNonSecurity", False),
        "RejectedPatchesAction": default("RejectedPatchesAction", "ALLOW_AS_DEPENDENCY"),
        "BaselineName": "{Name}",
        "DefaultBaseline": constant(False),
        "PatchGroups": constant(()),
        **STAMPS,
    },
    touched={"ModifiedDate": now, "BaselineName": "{Name}"},
    missing=MISSING,
)
WINDOW = Noun(
    name="maintenance window",
    key=("WindowId",),
    born={"WindowId": random_id("mw-"), "Enabled": constant(True), **STAMPS},
    touched={"ModifiedDate": now},
    missing=MISSING,
)
TARGET = Noun(
    name="maintenance window target",
    key=("WindowId", "WindowTargetId"),
    born={"WindowTargetId": random_id(digits=0), "ResourceType": asked("ResourceType")},
    within=WINDOW,
    missing=MISSING,
)
TASK = Noun(
    name="maintenance window task",
    key=("WindowId", "WindowTaskId"),
    born={
        "WindowTaskId": random_id(digits=0),
        "TaskType": asked("TaskType"),
        "Type": "{TaskType}",
        "Priority": default("Priority", 0),
    },
    within=WINDOW,
    missing=MISSING,
)

ASSOCIATION = Noun(
    name="association",
    key=("AssociationId",),
    born={
        "AssociationId": random_id(digits=0),
        "AssociationVersion": constant("1"),
        "Versions": constant(1),
        "Date": now,
        "LastUpdateAssociationDate": now,
        "DocumentVersion": default("DocumentVersion", "$DEFAULT"),
        "Overview": constant({"Status": "Pending", "DetailedStatus": "Creating"}),
    },
    touched={
        "LastUpdateAssociationDate": now,
        "AssociationVersion": lambda ask, members: str(int(members["Versions"]) + 1),
        "Versions": lambda ask, members: int(members["Versions"]) + 1,
    },
    missing="AssociationDoesNotExist",
)

# --- patch groups -----------------------------------------------------------------------------------------------------


def _of_group(ask: Ask, group: str, system: str) -> Kept | None:
    """The baseline of a patch group: one for each operating system."""
    for kept in ask.shelf.all(BASELINE):
        if group in kept.members["PatchGroups"] and kept.members["OperatingSystem"] == system:
            return kept
    return None


def _register(ask: Ask) -> dict[str, Any]:
    kept, group = ask.thing(BASELINE), ask.request["PatchGroup"]
    other = _of_group(ask, group, kept.members["OperatingSystem"])
    if other is not None and other is not kept:
        words = f"Patch Group baseline already has a baseline registered for OperatingSystem: {other.key[0]}"
        raise AwsError("AlreadyExistsException", words)
    kept.members["PatchGroups"] = (*(g for g in kept.members["PatchGroups"] if g != group), group)
    return {"BaselineId": kept.key[0], "PatchGroup": group}


def _deregister(ask: Ask) -> dict[str, Any]:
    kept, group = ask.thing(BASELINE), ask.request["PatchGroup"]
    kept.members["PatchGroups"] = tuple(g for g in kept.members["PatchGroups"] if g != group)
    return {"BaselineId": kept.key[0], "PatchGroup": group}


def _refuse_registered(ask: Ask, baseline: Kept) -> None:
    if baseline.members["PatchGroups"] or baseline.members["DefaultBaseline"]:
        words = f"The patch baseline {baseline.key[0]} is in use: deregister its patch groups first"
        raise AwsError("ResourceInUseException", words)


def _patch_groups(ask: Ask) -> dict[str, Any]:
    item = ask.output.members["Mappings"].member.members["BaselineIdentity"]
    found = [(g, k) for k in ask.shelf.all(BASELINE) for g in k.members["PatchGroups"]]
    mappings = [{"PatchGroup": g, "BaselineIdentity": fitting(item, k.members, k.tags)} for g, k in found]
    return {"Mappings": mappings}


def _baselines(ask: Ask) -> dict[str, Any]:
    """The account's own baselines; those of AWS are moto's, and are asked for as such."""
    wanted = {f["Key"]: f["Values"] for f in ask.request.get("Filters", ())}
    if wanted.get("OWNER") == ["AWS"]:
        raise PassOn
    found: list[dict[str, Any]] = listed(BASELINE, "BaselineIdentities")(ask)["BaselineIdentities"]
    systems, prefixes = wanted.get("OPERATING_SYSTEM"), wanted.get("NAME_PREFIX", [""])
    return {
        "BaselineIdentities": [
            b
            for b in found
            if (not systems or b["OperatingSystem"] in systems) and b["BaselineName"].startswith(tuple(prefixes))
        ]
    }


def _make_default(ask: Ask) -> dict[str, Any]:
    chosen = ask.thing(BASELINE)
    for kept in ask.shelf.all(BASELINE):
        if kept.members["OperatingSystem"] == chosen.members["OperatingSystem"]:
            kept.members["DefaultBaseline"] = kept is chosen
    return {"BaselineId": chosen.key[0]}


def _default_of(ask: Ask) -> dict[str, Any]:
    system = ask.request.get("OperatingSystem", "WINDOWS")
    for kept in ask.shelf.all(BASELINE):
        if kept.members["DefaultBaseline"] and kept.members["OperatingSystem"] == system:
            return {"BaselineId": kept.key[0], "OperatingSystem": system}
    raise PassOn  # AWS's own baselines are moto's


# --- tags: by type and id, where the others are moto's ----------------------------------------------------------------

TAGGED = {"PatchBaseline": BASELINE, "MaintenanceWindow": WINDOW, "Association": ASSOCIATION}


def _of_tags(ask: Ask) -> Kept:
    noun = TAGGED.get(ask.request["ResourceType"])
    if noun is None:
        raise PassOn
    return ask.shelf.need(noun, (ask.request["ResourceId"],))


def _tag(ask: Ask) -> dict[str, Any]:
    _of_tags(ask).tags.update(pairs(ask.request["Tags"]))
    return {}


def _untag(ask: Ask) -> dict[str, Any]:
    tags = _of_tags(ask).tags
    for key in ask.request["TagKeys"]:
        tags.pop(key, None)
    return {}


TABLE: dict[str, Verb] = {
    "CreatePatchBaseline": make(BASELINE),
    "UpdatePatchBaseline": change(BASELINE),
    "GetPatchBaseline": get(BASELINE),
    "DeletePatchBaseline": remove(BASELINE, also=_refuse_registered),
    "DescribePatchBaselines": _baselines,
    "RegisterDefaultPatchBaseline": _make_default,
    "GetDefaultPatchBaseline": _default_of,
    "RegisterPatchBaselineForPatchGroup": _register,
    "DeregisterPatchBaselineForPatchGroup": _deregister,
    "DescribePatchGroups": _patch_groups,
    "CreateMaintenanceWindow": make(WINDOW),
    "UpdateMaintenanceWindow": change(WINDOW),
    "GetMaintenanceWindow": get(WINDOW),
    "DeleteMaintenanceWindow": remove(WINDOW),
    "DescribeMaintenanceWindows": listed(WINDOW, "WindowIdentities"),
    "RegisterTargetWithMaintenanceWindow": make(TARGET),
    "UpdateMaintenanceWindowTarget": change(TARGET),
    "DeregisterTargetFromMaintenanceWindow": remove(TARGET),
    "DescribeMaintenanceWindowTargets": listed(TARGET, "Targets", by=("WindowId",)),
    "RegisterTaskWithMaintenanceWindow": make(TASK),
    "UpdateMaintenanceWindowTask": change(TASK),
    "GetMaintenanceWindowTask": get(TASK),
    "DeregisterTaskFromMaintenanceWindow": remove(TASK),
    "DescribeMaintenanceWindowTasks": listed(TASK, "Tasks", by=("WindowId",)),
    "CreateAssociation": make(ASSOCIATION, "AssociationDescription"),
    "UpdateAssociation": change(ASSOCIATION, "AssociationDescription"),
    "DescribeAssociation": get(ASSOCIATION, "AssociationDescription"),
    "DeleteAssociation": remove(ASSOCIATION),
    "ListAssociations": listed(ASSOCIATION, "Associations"),
    "AddTagsToResource": _tag,
    "RemoveTagsFromResource": _untag,
    "ListTagsForResource": lambda ask: {"TagList": spelt(ask.output.members["TagList"], _of_tags(ask).tags)},
}


def service() -> RecordedService:
    return RecordedService("ssm", TABLE, whole=False)
