"""The tags by which an instance is found: their value is the name of its tier."""

TIER = "kiln:tier"
PATCH_GROUP = "PatchGroup"
"""Says to Patch Manager which baseline an instance is compared with. Without a space, because EC2 allows none where the
metadata service shows tags.
https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-patch-groups.html"""
