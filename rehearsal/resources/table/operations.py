"""AWS::SSM beyond parameters, AWS::Budgets, AWS::ResourceGroups, AWS::Events, and roles of AWS's services."""

from rehearsal.resources.kind import Computed, Each, Kind, Name, Tagging, op, replacing
from rehearsal.resources.special import operations

RECORDED = "Its API is Kiln's own; no window ever opens."
BUS = Computed(operations.event_bus)
BUDGET = "arn:aws:budgets::{Account}:budget/{id}"


def ssm_tags(kind: str) -> Tagging:
    return Tagging(
        op("add_tags_to_resource", ResourceType=kind, ResourceId="{id}"),
        op("remove_tags_from_resource", ResourceType=kind, ResourceId="{id}"),
    )


TABLE = {
    "AWS::SSM::Document": Kind(
        service="ssm",
        create=op("create_document"),
        delete=op("delete_document", Name="{id}"),
        name=Name("Name", 128),
        tagging=ssm_tags("Document"),
        prepare=operations.document,
        steps=(operations.new_version,),
        remark="Changed in place with UpdateMethod NewVersion only. No command is ever run from it.",
    ),
    "AWS::SSM::PatchBaseline": Kind(
        service="ssm",
        create=op("create_patch_baseline"),
        update=(replacing(op("update_patch_baseline", BaselineId="{id}", Replace=True)),),
        delete=op("delete_patch_baseline", BaselineId="{id}"),
        ref="{BaselineId}",
        attributes={"Id": "{id}"},
        tagging=ssm_tags("PatchBaseline"),
        prepare=operations.baseline,
        steps=(
            Each(
                "PatchGroups",
                op("register_patch_baseline_for_patch_group", BaselineId="{id}", PatchGroup="$item"),
                op("deregister_patch_baseline_for_patch_group", BaselineId="{id}", PatchGroup="$item"),
            ),
            operations.default_baseline,
        ),
        remark="Its API is Kiln's own; nothing is ever patched.",
    ),
    "AWS::SSM::MaintenanceWindow": Kind(
        service="ssm",
        create=op("create_maintenance_window"),
        update=(replacing(op("update_maintenance_window", WindowId="{id}", Replace=True)),),
        delete=op("delete_maintenance_window", WindowId="{id}"),
        tagging=ssm_tags("MaintenanceWindow"),
        remark=RECORDED,
    ),
    "AWS::SSM::MaintenanceWindowTarget": Kind(
        service="ssm",
        create=op("register_target_with_maintenance_window"),
        update=(replacing(op("update_maintenance_window_target", WindowTargetId="{id}", Replace=True)),),
        delete=op("deregister_target_from_maintenance_window", WindowId="$WindowId", WindowTargetId="{id}"),
        # An update cannot say it: what it is stays.
        skipped={"ResourceType": "honoured when the target is registered"},
        remark=RECORDED,
    ),
    "AWS::SSM::MaintenanceWindowTask": Kind(
        service="ssm",
        create=op("register_task_with_maintenance_window"),
        update=(replacing(op("update_maintenance_window_task", WindowTaskId="{id}", Replace=True)),),
        delete=op("deregister_task_from_maintenance_window", WindowId="$WindowId", WindowTaskId="{id}"),
        prepare=operations.window_task,
        remark=RECORDED,
    ),
    "AWS::SSM::Association": Kind(
        service="ssm",
        create=op("create_association"),
        update=(replacing(op("update_association", AssociationId="{id}")),),
        delete=op("delete_association", AssociationId="{id}"),
        ref="{AssociationId}",
        skipped={"WaitForSuccessTimeoutSeconds": "no association runs in a rehearsal, so nothing is waited for"},
        tagging=ssm_tags("Association"),
        remark="Its API is Kiln's own; no association ever runs.",
    ),
    "AWS::Budgets::Budget": Kind(
        service="budgets",
        create=op("create_budget", AccountId="{Account}"),
        delete=op("delete_budget", AccountId="{Account}", BudgetName="{id}"),
        ref=operations.budget_name,
        tagging=Tagging(
            op("tag_resource", ResourceARN=BUDGET),
            op("untag_resource", ResourceARN=BUDGET),
            "ResourceTags",
            "ResourceTagKeys",
        ),
        prepare=operations.budget,
        steps=(operations.change_budget,),
        remark="Its API is Kiln's own; nothing is spent and nobody is told.",
    ),
    "AWS::ResourceGroups::Group": Kind(
        service="resource-groups",
        create=op("create_group"),
        update=(op("update_group", GroupName="{id}"), op("update_group_query", GroupName="{id}")),
        delete=op("delete_group", GroupName="{id}"),
        attributes={"Arn": "{GroupArn}"},
        defaults={"Description": ""},
        tagging=Tagging(op("tag", Arn="{GroupArn}"), op("untag", Arn="{GroupArn}"), keys="Keys"),
        prepare=operations.group,
    ),
    "AWS::Events::Rule": Kind(
        service="events",
        create=op("put_rule"),
        put=True,
        delete=op("delete_rule", Name="{id}", EventBusName=BUS),
        ref="{Name}",
        attributes={"Arn": "{RuleArn}", "RuleName": "{Name}"},
        name=Name("Name", 64),
        tagging=Tagging(op("tag_resource", ResourceARN="{RuleArn}"), op("untag_resource", ResourceARN="{RuleArn}")),
        prepare=operations.rule,
        steps=(
            Each(
                "Targets",
                op("put_targets", Rule="{id}", EventBusName=BUS, Targets=["$item"]),
                op("remove_targets", Rule="{id}", EventBusName=BUS, Ids=["$item.Id"]),
            ),
        ),
        remark="Only events that a program puts onto the bus itself reach a target.",
    ),
    "AWS::IAM::ServiceLinkedRole": Kind(
        service="iam",
        create=op("create_service_linked_role"),
        update=(op("update_role", RoleName="{id}"),),
        delete=op("delete_service_linked_role", RoleName="{id}"),
        ref="{RoleName}",
        defaults={"Description": ""},
    ),
}
