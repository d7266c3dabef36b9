"""What a recorded service keeps, gives back and refuses; the tables against botocore's models."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.front.clients import Clients
from rehearsal.front.models import service_model
from rehearsal.front.service import AwsError, Caller, PassOn
from rehearsal.recorded_services import audit, backup, brokers, budgets, databases, maintenance, memories
from rehearsal.recorded_services.behind import NOTHING
from rehearsal.recorded_services.databases import clusters, instances, subscriptions
from rehearsal.recorded_services.memory import Memory
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Kept, Noun

HERE, THERE = Caller("123400000001", "eu-west-1"), Caller("123400000002", "eu-west-1")
ELSEWHERE = Caller("123400000001", "eu-central-1")
NOBODY = Clients("http://localhost:0")
SERVICES = [
    *audit.services(),
    backup.service(),
    budgets.service(),
    maintenance.service(),
    brokers.service(NOTHING),
    databases.service(NOBODY, NOTHING),
]


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_every_operation_of_a_table_is_one_of_the_service(service: RecordedService) -> None:
    assert set(service.table) - set(service_model(service.name).operation_names) == set()


@pytest.mark.parametrize("line", memories.LINES, ids=lambda line: line.service)
def test_every_operation_of_a_memory_is_one_of_the_service(line: Any) -> None:
    operations = {*line.remember, *line.complete, *line.forget}
    assert operations - set(service_model(line.service).operation_names) == set()
    for operation, member in line.forget.items():
        assert member in service_model(line.service).operation_model(operation).input_shape.members


# Nouns with the operation that makes one and where one is described; what is kept and, for a reason, not shown so.
MADE_AND_READ = [
    (backup.PLAN, "backup", "CreateBackupPlan", "GetBackupPlan", "", ""),
    (backup.TESTING, "backup", "CreateRestoreTestingPlan", "GetRestoreTestingPlan", "RestoreTestingPlan", ""),
    (
        backup.TESTED,
        "backup",
        "CreateRestoreTestingSelection",
        "GetRestoreTestingSelection",
        "RestoreTestingSelection",
        "",
    ),
    (maintenance.BASELINE, "ssm", "CreatePatchBaseline", "GetPatchBaseline", "", ""),
    (maintenance.WINDOW, "ssm", "CreateMaintenanceWindow", "GetMaintenanceWindow", "", ""),
    (maintenance.TASK, "ssm", "RegisterTaskWithMaintenanceWindow", "GetMaintenanceWindowTask", "", ""),
    (maintenance.ASSOCIATION, "ssm", "CreateAssociation", "DescribeAssociation", "AssociationDescription", ""),
    (audit.DETECTOR, "guardduty", "CreateDetector", "GetDetector", "", "Enable"),
    (audit.ANALYZER, "accessanalyzer", "CreateAnalyzer", "GetAnalyzer", "analyzer", "analyzerName archiveRules"),
    (budgets.BUDGET, "budgets", "CreateBudget", "DescribeBudget", "Budget", "AccountId NotificationsWithSubscribers"),
    (brokers.BROKER, "mq", "CreateBroker", "DescribeBroker", "", "Configuration"),
    (brokers.CONFIGURATION, "mq", "CreateConfiguration", "DescribeConfiguration", "", ""),
    (
        clusters.CLUSTER,
        "rds",
        "CreateDBCluster",
        "DescribeDBClusters",
        "DBClusters",
        "EnableLocalWriteForwarding ManageMasterUserPassword MasterUserPassword MasterUserSecretKmsKeyId "
        "VpcSecurityGroupIds",
    ),
    (
        instances.INSTANCE,
        "rds",
        "CreateDBInstance",
        "DescribeDBInstances",
        "DBInstances",
        "DBParameterGroupName DBSubnetGroupName",
    ),
    (
        subscriptions.SUBSCRIPTION,
        "rds",
        "CreateEventSubscription",
        "DescribeEventSubscriptions",
        "EventSubscriptionsList",
        "",
    ),
]


@pytest.mark.parametrize(("noun", "service", "maker", "reader", "member", "otherwise"), MADE_AND_READ)
def test_every_member_that_is_taken_is_described_again_or_refused(
    noun: Noun, service: str, maker: str, reader: str, member: str, otherwise: str
) -> None:
    model = service_model(service)
    described = model.operation_model(reader).output_shape
    if member:
        described = described.members[member]
    shown = set((described.member if described.type_name == "list" else described).members)
    taken: set[str] = set()
    for name, shape in model.operation_model(maker).input_shape.members.items():
        taken |= set(shape.members) if name in noun.bodies else {name}
    of_the_call = {noun.tags, "ClientToken", "clientToken", "CreatorRequestId"}
    lost = {n for n in taken if noun.rename.get(n, n) not in shown} - noun.refused - of_the_call
    assert lost == set(otherwise.split())


@pytest.fixture
def vaults() -> RecordedService:
    return backup.service()


def make(service: RecordedService, name: str, caller: Caller = HERE, **more: Any) -> Any:
    return service.answer(caller, "CreateBackupVault", {"BackupVaultName": name, **more})


def names(service: RecordedService, caller: Caller = HERE) -> list[str]:
    found = service.answer(caller, "ListBackupVaults", {})["BackupVaultList"]
    return [vault["BackupVaultName"] for vault in found]


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), unique=True))
def test_what_was_made_and_not_removed_is_listed_in_its_order(made: list[str]) -> None:
    service = backup.service()
    for name in made:
        make(service, name)
    for name in made[::2]:
        service.answer(HERE, "DeleteBackupVault", {"BackupVaultName": name})
    assert names(service) == made[1::2]


def test_accounts_and_regions_are_apart(vaults: RecordedService) -> None:
    make(vaults, "a")
    make(vaults, "b", THERE)
    assert (names(vaults), names(vaults, THERE), names(vaults, ELSEWHERE)) == (["a"], ["b"], [])


def refusal(service: RecordedService, operation: str, **request: Any) -> str:
    with pytest.raises(AwsError) as refused:
        service.answer(HERE, operation, request)
    return f"{refused.value.code}: {refused.value.message}"


def test_a_second_of_the_same_name_one_that_is_not_there_and_an_unknown_operation_are_refused(
    vaults: RecordedService,
) -> None:
    make(vaults, "a")
    assert refusal(vaults, "CreateBackupVault", BackupVaultName="a").startswith("AlreadyExistsException")
    assert "backup vault b does not exist" in refusal(vaults, "DescribeBackupVault", BackupVaultName="b")
    assert refusal(vaults, "StartBackupJob", BackupVaultName="a").startswith("InvalidAction")


def test_requests_are_checked_against_botocores_shapes(vaults: RecordedService) -> None:
    make(vaults, "a")
    assert "SNSTopicArn" in refusal(vaults, "PutBackupVaultNotifications", BackupVaultName="a", BackupVaultEvents=[])
    said = refusal(
        vaults, "PutBackupVaultNotifications", BackupVaultName="a", SNSTopicArn="t", BackupVaultEvents=["NOPE"]
    )
    assert "NOPE is none of BACKUP_JOB_STARTED" in said


def test_tags_come_with_the_thing_and_change_by_its_arn(vaults: RecordedService) -> None:
    arn = make(vaults, "a", BackupVaultTags={"a": "1", "b": "2"})["BackupVaultArn"]
    vaults.answer(HERE, "TagResource", {"ResourceArn": arn, "Tags": {"b": "3"}})
    vaults.answer(HERE, "UntagResource", {"ResourceArn": arn, "TagKeyList": ["a"]})
    assert vaults.answer(HERE, "ListTags", {"ResourceArn": arn}) == {"Tags": {"b": "3"}}


def test_what_belongs_to_a_thing_goes_with_it() -> None:
    service = maintenance.service()
    window = {
        "Name": "window",
        "Schedule": "rate(1 day)",
        "Duration": 2,
        "Cutoff": 1,
        "AllowUnassociatedTargets": False,
    }
    window_id = service.answer(HERE, "CreateMaintenanceWindow", window)["WindowId"]
    target = {"WindowId": window_id, "ResourceType": "INSTANCE", "Targets": []}
    target_id = service.answer(HERE, "RegisterTargetWithMaintenanceWindow", target)["WindowTargetId"]
    service.answer(HERE, "DeleteMaintenanceWindow", {"WindowId": window_id})
    again = {"WindowId": window_id, "WindowTargetId": target_id}
    assert refusal(service, "DeregisterTargetFromMaintenanceWindow", **again).startswith("DoesNotExistException")


def test_a_replacing_change_goes_back_to_the_defaults() -> None:
    service = maintenance.service()
    made = service.answer(
        HERE, "CreatePatchBaseline", {"Name": "before", "Description": "d", "RejectedPatchesAction": "BLOCK"}
    )
    service.answer(HERE, "UpdatePatchBaseline", {"BaselineId": made["BaselineId"], "Name": "after", "Replace": True})
    found = service.answer(HERE, "GetPatchBaseline", made)
    assert (found["Name"], found["RejectedPatchesAction"], found.get("Description")) == (
        "after",
        "ALLOW_AS_DEPENDENCY",
        None,
    )


def test_tags_of_what_is_motos_are_passed_on() -> None:
    request = {"ResourceType": "Parameter", "ResourceId": "p", "Tags": [{"Key": "a", "Value": "1"}]}
    with pytest.raises(PassOn):
        maintenance.service().answer(HERE, "AddTagsToResource", request)


class Watching:
    """What stands behind a broker, in a test."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def made(self, kept: Kept) -> None:
        if kept.members["BrokerName"] == "impossible":
            raise AwsError("InternalServerErrorException", "no room")
        self.told.append(f"made {kept.members['BrokerName']}")
        kept.members["BrokerState"] = "CREATION_IN_PROGRESS"

    def changed(self, kept: Kept) -> None:
        self.told.append("changed")

    def removed(self, kept: Kept) -> None:
        self.told.append("removed")


def test_what_stands_behind_a_thing_is_told_and_writes_into_its_record() -> None:
    behind = Watching()
    service = brokers.service(behind)

    def asked(name: str) -> dict[str, Any]:
        return {
            "BrokerName": name,
            "EngineType": "RABBITMQ",
            "DeploymentMode": "SINGLE_INSTANCE",
            "HostInstanceType": "mq.m7g.large",
            "PubliclyAccessible": False,
            "Users": [{"Username": "payroll", "Password": "0123456789ab"}],
        }

    broker = {"BrokerId": service.answer(HERE, "CreateBroker", asked("b"))["BrokerId"]}
    assert service.answer(HERE, "DescribeBroker", broker)["BrokerState"] == "CREATION_IN_PROGRESS"
    service.answer(HERE, "RebootBroker", broker)
    service.answer(HERE, "DeleteBroker", broker)
    assert behind.told == ["made b", "changed", "removed"]
    assert "no room" in refusal(service, "CreateBroker", **asked("impossible"))
    assert service.answer(HERE, "ListBrokers", {})["BrokerSummaries"] == []


def test_a_memory_puts_what_moto_dropped_into_its_answer_until_its_owner_goes() -> None:
    memory = Memory(memories.SNS)
    topic = {"TopicArn": "arn:aws:sns:eu-west-1:123400000001:t"}
    memory.complete(HERE, "CreateTopic", {"Name": "t", "Attributes": {"SignatureVersion": "2"}}, dict(topic))

    def signature(caller: Caller = HERE) -> Any:
        answer = memory.complete(caller, "GetTopicAttributes", topic, {"Attributes": {"Owner": "x"}})
        return answer["Attributes"].get("SignatureVersion")

    assert signature() == "2"
    assert signature(THERE) is None
    changed = {**topic, "AttributeName": "SignatureVersion", "AttributeValue": "1"}
    memory.complete(HERE, "SetTopicAttributes", changed, {})
    assert signature() == "1"
    memory.complete(HERE, "DeleteTopic", topic, {})
    assert signature() is None
