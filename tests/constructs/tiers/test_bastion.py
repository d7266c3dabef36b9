from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.network.imported_network import imported_network
from kiln.network.opening import Opening, Peer
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty
from kiln.tiers.bastion import Bastion, Machine
from kiln.tiers.session_document import SessionDocument
from kiln.tiers.surroundings import Surroundings

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
RECORDS = Records(key_arn="arn:aws:kms:eu-west-1:111111111111:key/2", days=30)
TOPICS = Topics(urgent_arn="arn:urgent", warning_arn="arn:warning", info_arn="arn:info")


def build(stack: cdk.Stack) -> Bastion:
    image, kind = (cdk.CfnParameter(stack, name).value_as_string for name in ("Image", "Type"))
    subnets = cdk.CfnParameter(stack, "Subnets", type="List<AWS::EC2::Subnet::Id>").value_as_list
    surroundings = Surroundings(
        vpc=imported_network(stack, "Vpc", vpc_id="vpc-1", app_subnet_ids=subnets),
        data_key_arn=KEY,
        records=RECORDS,
        topics=TOPICS,
        protected="true",
    )
    return Bastion(stack, "Bastion", machine=Machine(image_id=image, instance_type=kind), surroundings=surroundings)


@pytest.fixture
def bastion(template: Callable[..., Any]) -> Any:
    return template(build)


def properties(template: Any, resource_type: str) -> Any:
    [resource] = template.find_resources(resource_type).values()
    return resource["Properties"]


def test_nothing_comes_in_and_only_https_goes_out(bastion: Any) -> None:
    group = properties(bastion, "AWS::EC2::SecurityGroup")
    bastion.resource_count_is("AWS::EC2::SecurityGroupIngress", 0)
    assert "SecurityGroupIngress" not in group
    assert [(rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]] == [(443, 443)]


def test_there_is_one_and_only_one_and_it_is_of_the_type_that_is_wanted(bastion: Any) -> None:
    group = properties(bastion, "AWS::AutoScaling::AutoScalingGroup")
    assert (group["MinSize"], group["MaxSize"]) == ("1", "1")
    assert "DesiredCapacity" not in group
    assert group["VPCZoneIdentifier"] == {"Ref": "Subnets"}
    assert group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"] == [{"InstanceType": {"Ref": "Type"}}]


def test_its_machine_is_hardened(bastion: Any) -> None:
    data = properties(bastion, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert data["ImageId"] == {"Ref": "Image"}
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert data["Monitoring"] == {"Enabled": True}
    assert "KeyName" not in data
    assert "UserData" not in data
    [disk] = data["BlockDeviceMappings"]
    assert (disk["Ebs"]["Encrypted"], disk["Ebs"]["KmsKeyId"], disk["Ebs"]["VolumeType"]) == (True, KEY, "gp3")


def test_it_may_be_managed_and_write_sessions_and_reads_no_parameter_nor_secret(bastion: Any) -> None:
    role = properties(bastion, "AWS::IAM::Role")
    assert "ManagedPolicyArns" not in role
    statements = properties(bastion, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    actions = {
        action
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert {action.split(":")[0] for action in actions} == {"ec2messages", "kms", "logs", "ssm", "ssmmessages"}
    assert not [action for action in actions if "GetParameter" in action or "*" in action]


def test_a_session_is_encrypted_written_down_and_ends(bastion: Any) -> None:
    document = properties(bastion, "AWS::SSM::Document")
    [log] = bastion.find_resources("AWS::Logs::LogGroup")
    assert document["DocumentType"] == "Session"
    assert "Name" not in document
    assert document["Content"]["inputs"] == {
        "cloudWatchLogGroupName": {"Ref": log},
        "cloudWatchEncryptionEnabled": True,
        "cloudWatchStreamingEnabled": True,
        "kmsKeyId": KEY,
        "idleSessionTimeout": "15",
        "maxSessionDuration": "480",
        "runAsEnabled": False,
    }


@pytest.mark.parametrize("minutes", [0, 1441])
def test_a_session_that_session_manager_would_not_end_is_refused(template: Callable[..., Any], minutes: int) -> None:
    with pytest.raises(WrongProperty, match=f"longest_minutes is {minutes}; expected 1 to 1440 minutes"):
        template(lambda stack: SessionDocument(stack, "S", key_arn=KEY, records=RECORDS, longest_minutes=minutes))


def test_a_way_from_it_is_one_port_out_here_and_in_there(template: Callable[..., Any]) -> None:
    def open_way(stack: cdk.Stack) -> None:
        port = cdk.Token.as_number(cdk.CfnParameter(stack, "Port").value)
        peer = Peer("database", "sg-database", port)
        Opening(stack, "Way", security_group=build(stack).security_group, who="bastion", peer=peer)

    made = template(open_way)
    out, into = (properties(made, f"AWS::EC2::SecurityGroup{way}") for way in ("Egress", "Ingress"))
    assert out["DestinationSecurityGroupId"] == into["GroupId"] == "sg-database"
    assert out["GroupId"] == into["SourceSecurityGroupId"]
    for rule in (out, into):
        assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == ({"Ref": "Port"}, {"Ref": "Port"}, "tcp")
        assert rule["Description"] == "From bastion to database"
