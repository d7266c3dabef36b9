"""The way in for people."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.records import read_records
from infra.stacks.tiers import read_image, read_network
from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.network.opening import Opening, Peer
from kiln.shared_values import ValueType
from kiln.tiers.bastion import Bastion as WayIn
from kiln.tiers.bastion import Machine
from kiln.tiers.surroundings import Surroundings


class Bastion(cdk.Stack):
    """One instance without an open port, from which the database can be reached."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        machine = Machine(
            image_id=read_image(self, "bastion"), instance_type=PAYROLL.read(self, "bastion/instance-type")
        )
        # Without the schedule of the tiers: whoever repairs something at night comes this way.
        surroundings = Surroundings(
            vpc=read_network(self),
            data_key_arn=PAYROLL.read(self, "keys/data-arn"),
            records=read_records(self),
            topics=read_topics(self),
            protected=PAYROLL.read(self, "protected"),
        )
        bastion = WayIn(self, "Bastion", machine=machine, surroundings=surroundings)
        database = Peer(
            "database",
            PAYROLL.read(self, "database/security-group-id", ValueType.SECURITY_GROUP),
            PAYROLL.read_number(self, "database/port"),
        )
        Opening(self, "Database", security_group=bastion.security_group, who="bastion", peer=database)
        PAYROLL.write(self, "bastion/session-document", bastion.sessions.name)
        PAYROLL.write(self, "bastion/security-group-id", bastion.security_group.security_group_id)
