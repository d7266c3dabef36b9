"""Constructs of a tiered service on AWS: secure by default, one file one construct, nothing of any application in them.

They use plain CloudFormation resources, and a custom resource only where there is none
(`account_defaults`): no look-up, nothing that needs a concrete account, region or number of zones, so that one template
serves every environment.
"""
