"""AWS::SSM beyond parameters, AWS::Budgets, AWS::ResourceGroups, AWS::IAM additions, AWS::S3 additions."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloudformation.cases import Case, live, of, some
from tests.rehearsal.cloudformation.pieces import Json

ACCOUNT = "123400000001"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
DELIVERY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": {"Fn::Sub": "${L.Arn}/*"},
        }
    ],
}
LOGS = {
    "L": {**of("S3::Bucket"), "DeletionPolicy": "Retain"},  # there will be logs in it
    "LP": of("S3::BucketPolicy", Bucket={"Ref": "L"}, PolicyDocument=DELIVERY),
}


def document(command: str, **more: Any) -> Json:
    content = {
        "schemaVersion": "2.2",
        "description": "d",
        "mainSteps": [{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": [command]}}],
    }
    return of("SSM::Document", DocumentType="Command", Content=content, **more)


def read_document(client: Any, identifier: str) -> Any:
    content = json.loads(client.get_document(Name=identifier)["Content"])
    described = client.describe_document(Name=identifier)["Document"]
    command = content["mainSteps"][0]["inputs"]["runCommand"][0]
    tags = client.list_tags_for_resource(ResourceType="Document", ResourceId=identifier)["TagList"]
    return command, described["DefaultVersion"], tags


def baseline(days: int, *groups: str, **more: Any) -> Json:
    rule = {
        "PatchFilterGroup": {"PatchFilters": [{"Key": "PRIORITY", "Values": ["required"]}]},
        "ApproveAfterDays": days,
        "ComplianceLevel": "CRITICAL",
    }
    return of(
        "SSM::PatchBaseline",
        Name="payroll",
        OperatingSystem="DEBIAN",
        ApprovalRules={"PatchRules": [rule]},
        PatchGroups=list(groups),
        **more,
    )


def read_baseline(client: Any, identifier: str) -> Any:
    found = client.get_patch_baseline(BaselineId=identifier)
    rule = found["ApprovalRules"]["PatchRules"][0]
    mappings = client.describe_patch_groups()["Mappings"]
    groups = [m["PatchGroup"] for m in mappings if m["BaselineIdentity"]["BaselineId"] == identifier]
    return (
        found["OperatingSystem"],
        rule["ApproveAfterDays"],
        rule["ComplianceLevel"],
        found["ApprovedPatchesComplianceLevel"],
        found.get("Description"),
        groups,
    )


def window(schedule: str, **more: Any) -> Json:
    required = {"Duration": 3, "Cutoff": 1, "AllowUnassociatedTargets": False}
    return of("SSM::MaintenanceWindow", Name="patching", Schedule=schedule, **required, **more)


WINDOW = {"W": window("cron(0 3 ? * SUN *)")}


def target(tier: str) -> Json:
    return of(
        "SSM::MaintenanceWindowTarget",
        WindowId={"Ref": "W"},
        ResourceType="INSTANCE",
        Targets=[{"Key": "tag:tier", "Values": [tier]}],
    )


def read_target(client: Any, identifier: str) -> Any:
    windows = client.describe_maintenance_windows()["WindowIdentities"]
    targets = (client.describe_maintenance_window_targets(WindowId=w["WindowId"])["Targets"] for w in windows)
    found = next(t for listed in targets for t in listed if t["WindowTargetId"] == identifier)
    return found["ResourceType"], found["Targets"]


def task(operation: str, **more: Any) -> Json:
    parameters = {"Parameters": {"Operation": [operation]}, "TimeoutSeconds": 3600}
    return of(
        "SSM::MaintenanceWindowTask",
        WindowId={"Ref": "W"},
        TaskType="RUN_COMMAND",
        TaskArn="AWS-RunPatchBaseline",
        Priority=1,
        MaxConcurrency="25%",
        MaxErrors="1",
        Targets=[{"Key": "WindowTargetIds", "Values": ["t"]}],
        TaskInvocationParameters={"MaintenanceWindowRunCommandParameters": parameters},
        LoggingInfo={"S3Bucket": "logs", "Region": "eu-west-1"},
        **more,
    )


def read_task(client: Any, identifier: str) -> Any:
    window_id = client.describe_maintenance_windows()["WindowIdentities"][0]["WindowId"]
    found = client.get_maintenance_window_task(WindowId=window_id, WindowTaskId=identifier)
    command = found["TaskInvocationParameters"]["RunCommand"]
    return found["MaxConcurrency"], command["Parameters"]["Operation"], found["LoggingInfo"]["S3BucketName"]


def association(schedule: str, **more: Any) -> Json:
    return of(
        "SSM::Association",
        Name="AWS-GatherSoftwareInventory",
        AssociationName="inventory",
        ScheduleExpression=schedule,
        Targets=[{"Key": "InstanceIds", "Values": ["*"]}],
        WaitForSuccessTimeoutSeconds=60,
        **more,
    )


def read_association(client: Any, identifier: str) -> Any:
    found = client.describe_association(AssociationId=identifier)["AssociationDescription"]
    return found["ScheduleExpression"], found["Targets"], found["AssociationName"]


def budget(amount: int, **more: Any) -> Json:
    alarm = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "a@example.com"}
    limit = {"Amount": amount, "Unit": "USD"}
    return of(
        "Budgets::Budget",
        Budget={"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit},
        NotificationsWithSubscribers=[{"Notification": alarm, "Subscribers": [subscriber]}],
        **more,
    )


def read_budget(client: Any, identifier: str) -> Any:
    named = {"AccountId": ACCOUNT, "BudgetName": identifier}
    found = client.describe_budget(**named)["Budget"]
    notification = client.describe_notifications_for_budget(**named)["Notifications"][0]
    asked = {k: v for k, v in notification.items() if k != "NotificationState"}
    subscribers = client.describe_subscribers_for_notification(**named, Notification=asked)["Subscribers"]
    return float(found["BudgetLimit"]["Amount"]), [s["Address"] for s in subscribers]


def group(tier: str, description: str) -> Json:
    filters = [{"Key": "tier", "Values": [tier]}]
    query = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": filters}
    return of(
        "ResourceGroups::Group",
        Name="payroll-tier",
        Description=description,
        ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": query},
    )


def read_group(client: Any, identifier: str) -> Any:
    query = client.get_group_query(GroupName=identifier)["GroupQuery"]["ResourceQuery"]["Query"]
    return json.loads(query)["TagFilters"][0]["Values"], client.get_group(GroupName=identifier)["Group"]["Description"]


def bucket(**more: Any) -> Json:
    return of("S3::Bucket", **more)


def read_bucket(client: Any, identifier: str) -> Any:
    lock = client.get_object_lock_configuration(Bucket=identifier)["ObjectLockConfiguration"]
    log = client.get_bucket_logging(Bucket=identifier).get("LoggingEnabled", {})
    block = client.get_public_access_block(Bucket=identifier)["PublicAccessBlockConfiguration"]
    ownership = client.get_bucket_ownership_controls(Bucket=identifier)["OwnershipControls"]["Rules"]
    retention = lock["Rule"]["DefaultRetention"]
    return (
        (retention["Mode"], retention["Days"]),
        log.get("TargetPrefix"),
        client.get_bucket_versioning(Bucket=identifier)["Status"],
        all(block.values()),
        ownership[0]["ObjectOwnership"],
    )


def retention(days: int) -> Json:
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}}


CLOSED = {
    "ObjectLockEnabled": True,
    "VersioningConfiguration": {"Status": "Enabled"},
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
}


def role(**more: Any) -> Json:
    return of("IAM::Role", AssumeRolePolicyDocument=TRUST, **more)


CASES = {
    "a document": Case(
        "ssm",
        document("ls", UpdateMethod="NewVersion", Tags=[{"Key": "a", "Value": "1"}]),
        document("ls -l", UpdateMethod="NewVersion", Tags=[{"Key": "b", "Value": "2"}]),
        lambda c, i: (read_document(c, i)[0], read_document(c, i)[2]),
        ("ls", [{"Key": "a", "Value": "1"}]),
        ("ls -l", [{"Key": "b", "Value": "2"}]),
    ),
    "a patch baseline": Case(
        "ssm",
        baseline(7, "web", "worker", ApprovedPatchesComplianceLevel="HIGH", Description="one"),
        baseline(3, "web", "bastion"),
        read_baseline,
        ("DEBIAN", 7, "CRITICAL", "HIGH", "one", ["web", "worker"]),
        ("DEBIAN", 3, "CRITICAL", "UNSPECIFIED", None, ["web", "bastion"]),
    ),
    "a maintenance window": Case(
        "ssm",
        window("cron(0 3 ? * SUN *)", ScheduleTimezone="Europe/Amsterdam", Description="one"),
        window("cron(0 4 ? * SUN *)"),
        lambda c, i: some(
            c.get_maintenance_window(WindowId=i), "Schedule", "ScheduleTimezone", "Description", "Enabled"
        ),
        {
            "Schedule": "cron(0 3 ? * SUN *)",
            "ScheduleTimezone": "Europe/Amsterdam",
            "Description": "one",
            "Enabled": True,
        },
        {"Schedule": "cron(0 4 ? * SUN *)", "Enabled": True},
    ),
    "a window's target": Case(
        "ssm",
        target("web"),
        target("worker"),
        read_target,
        ("INSTANCE", [{"Key": "tag:tier", "Values": ["web"]}]),
        ("INSTANCE", [{"Key": "tag:tier", "Values": ["worker"]}]),
        WINDOW,
    ),
    "a window's task": Case(
        "ssm",
        task("Scan"),
        task("Install"),
        read_task,
        ("25%", ["Scan"], "logs"),
        ("25%", ["Install"], "logs"),
        WINDOW,
    ),
    "an association": Case(
        "ssm",
        association("rate(12 hours)"),
        association("rate(1 day)"),
        read_association,
        ("rate(12 hours)", [{"Key": "InstanceIds", "Values": ["*"]}], "inventory"),
        ("rate(1 day)", [{"Key": "InstanceIds", "Values": ["*"]}], "inventory"),
    ),
    "a budget": Case(
        "budgets",
        budget(100),
        budget(200),
        read_budget,
        (100.0, ["a@example.com"]),
        (200.0, ["a@example.com"]),
    ),
    "a resource group": Case(
        "resource-groups",
        group("web", "one"),
        group("worker", "two"),
        read_group,
        (["web"], "one"),
        (["worker"], "two"),
    ),
    "a bucket with lock and access log": Case(
        "s3",
        bucket(
            **CLOSED,
            ObjectLockConfiguration=retention(365),
            LoggingConfiguration={"DestinationBucketName": {"Ref": "L"}, "LogFilePrefix": "one/"},
        ),
        bucket(**CLOSED, ObjectLockConfiguration=retention(730)),
        read_bucket,
        (("COMPLIANCE", 365), "one/", "Enabled", True, "BucketOwnerEnforced"),
        (("COMPLIANCE", 730), None, "Enabled", True, "BucketOwnerEnforced"),
        LOGS,
    ),
    "a role's boundary, which a policy of the template is": Case(
        "iam",
        role(PermissionsBoundary={"Ref": "P"}),
        role(PermissionsBoundary={"Ref": "P2"}),
        lambda c, i: c.get_role(RoleName=i)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"].split("-")[-2],
        "P",
        "P2",
        {n: of("IAM::ManagedPolicy", PolicyDocument=POLICY) for n in ("P", "P2")},
    ),
    "a service-linked role": Case(
        "iam",
        of(
            "IAM::ServiceLinkedRole", AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="kiln", Description="one"
        ),
        of(
            "IAM::ServiceLinkedRole", AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="kiln", Description="two"
        ),
        lambda c, i: (i, c.get_role(RoleName=i)["Role"]["Description"]),
        ("AWSServiceRoleForAutoScaling_kiln", "one"),
        ("AWSServiceRoleForAutoScaling_kiln", "two"),
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_made_read_back_changed_in_place_gone_back_to_and_deleted(embedded: Any, name: str, title: str) -> None:
    # The log bucket's policy has to be there before its bucket is told to receive logs.
    given = CASES[title]
    if "LP" in given.around:
        old, new = ({**r, "DependsOn": "LP"} for r in (given.old, given.new))
        given = Case(given.service, old, new, given.read, given.before, given.after, given.around)
    live(embedded, name, given)


def test_another_content_of_a_document_is_its_default_version(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"X": document("ls", UpdateMethod="NewVersion")}})
    embedded.update(name, {"Resources": {"X": document("ls -l", UpdateMethod="NewVersion")}})
    found = read_document(embedded.client("ssm"), embedded.physical_id(name, "X"))
    assert found[:2] == ("ls -l", "2")
    embedded.delete(name)


def test_a_document_that_would_be_replaced_is_refused_with_the_way_out(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"X": document("ls")}})
    assert embedded.update(name, {"Resources": {"X": document("ls -l")}})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "UpdateMethod: NewVersion" in embedded.reasons(name)
    embedded.delete(name)


def test_a_patch_group_has_one_baseline_for_each_system(embedded: Any, name: str) -> None:
    both = {"X": baseline(7, "web"), "Y": {**baseline(3, "web"), "DependsOn": "X"}}
    stack = embedded.create(name, {"Resources": both})
    assert "already has a baseline registered" in embedded.reasons(stack["StackId"])
    assert embedded.client("ssm").describe_patch_groups()["Mappings"] == []


def test_tags_of_parameters_stay_with_moto(embedded: Any, name: str) -> None:
    ssm = embedded.client("ssm")
    ssm.put_parameter(Name=name, Value="v", Type="String")
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=[{"Key": "a", "Value": "1"}])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"] == [
        {"Key": "a", "Value": "1"}
    ]


def test_a_window_takes_its_targets_and_tasks_with_it(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {**WINDOW, "T": target("web"), "X": task("Scan")}})
    ssm, window_id = embedded.client("ssm"), embedded.physical_id(name, "W")
    ssm.delete_maintenance_window(WindowId=window_id)
    with pytest.raises(ClientError):
        ssm.get_maintenance_window(WindowId=window_id)
    assert ssm.describe_maintenance_window_targets(WindowId=window_id)["Targets"] == []
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"
