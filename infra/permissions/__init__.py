"""What a deployment may do, instead of AdministratorAccess: computed from exactly the templates that there are."""

BOUNDARY = "kiln-boundary"
"""The permissions boundary of every role that a template makes; a managed policy of this name is in each account."""
