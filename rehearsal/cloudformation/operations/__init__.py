"""The operations of CloudFormation's API, one function each; importing this registers them all."""

from rehearsal.cloudformation.operations import change_sets, reading, stacks
from rehearsal.cloudformation.operations.registry import OPERATIONS, Operation

__all__ = ["OPERATIONS", "Operation", "change_sets", "reading", "stacks"]
