"""AWS::EC2: the account's settings against public access."""

from rehearsal.resources.kind import Kind, ec2_tags, op

TABLE = {
    "AWS::EC2::VPCBlockPublicAccessOptions": Kind(
        service="ec2",
        create=op("modify_vpc_block_public_access_options"),
        put=True,
        delete=op("modify_vpc_block_public_access_options", InternetGatewayBlockMode="off"),
        ref="{Account}",
        attributes={"AccountId": "{id}", "ExclusionsAllowed": "{ExclusionsAllowed}"},
        remark="Kept and described; no packet is stopped.",
    ),
    "AWS::EC2::VPCBlockPublicAccessExclusion": Kind(
        service="ec2",
        create=op("create_vpc_block_public_access_exclusion"),
        update=(op("modify_vpc_block_public_access_exclusion", ExclusionId="{id}"),),
        delete=op("delete_vpc_block_public_access_exclusion", ExclusionId="{id}"),
        tagging=ec2_tags("vpc-block-public-access-exclusion"),
        remark="Kept and described; no packet is stopped.",
    ),
    "AWS::EC2::SnapshotBlockPublicAccess": Kind(
        service="ec2",
        create=op("enable_snapshot_block_public_access"),
        put=True,
        delete=op("disable_snapshot_block_public_access"),
        ref="{Account}",
        attributes={"AccountId": "{id}"},
        remark="Kept and described; snapshots have no content that could be shared.",
    ),
}
