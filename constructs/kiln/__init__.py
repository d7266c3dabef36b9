"""Constructs of a tiered service on AWS: secure by default, one file one construct, nothing of any application in them.

They need no look-up and no concrete account, region or number of zones, so that one template serves every environment.
They use plain CloudFormation; what it has no resource for, one custom resource does (`kiln.account.account_defaults`).

A folder is a family: `network`, `edge` (the way in), `tiers`, `data`, `backup`, `audit`, `operations`, `account`,
`images`. Beside them is what all families use, and `promises`: what is hardened, and the checks of it.
"""
