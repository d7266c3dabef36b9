"""CloudFormation: template → change set → events, rollback.

template, references, intrinsics, parameters, world   what a template says and what it can ask
stack, events, change_set                             what a stack is, what happened to it, what would
deployment, rollback, removal, outputs                how a change is carried out and undone
engine, service                                       which stacks there are, and the API over them
"""

from rehearsal.cloudformation.service import CloudFormation

__all__ = ["CloudFormation"]
