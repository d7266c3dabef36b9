"""What every tier of an environment has in common: where it is, with which keys, and whom it tells what."""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2

from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.tiers.scheduled_stop import Schedule


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The surroundings of a tier; every text may be a token.

    Args:
        vpc: with its app subnets.
        data_key_arn: of the key of volumes; its policy must have `kiln.data.volume_key_user.auto_scaling_volumes`.
        records: how logs are kept.
        topics: who is told what.
        protected: "true" or "false": whether groups refuse to be deleted.
        schedule: when tiers stop and start; always on without it.
        messages_key_arn: of the key of queues, for tiers that send or take messages.
    """

    vpc: ec2.IVpc
    data_key_arn: str
    records: Records
    topics: Topics
    protected: str
    schedule: Schedule | None = None
    messages_key_arn: str | None = None
