"""The VPC and what goes through it."""
