"""Stacks, change sets and events in the structures of CloudFormation's API."""

from typing import Any

from rehearsal.cloudformation.change_set import ChangeSet
from rehearsal.cloudformation.events import STACK_TYPE, Event
from rehearsal.cloudformation.stack import Output, Plan, Stack, StackResource
from rehearsal.cloudformation.template import Template

Structure = dict[str, Any]


def stack(found: Stack) -> Structure:
    return {
        "StackId": found.id,
        "StackName": found.name,
        "Description": found.plan.template.description,
        "Parameters": parameters(found.plan),
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
        "DeletionTime": found.deleted,
        "StackStatus": found.status,
        "StackStatusReason": found.reason or None,
        "Capabilities": found.capabilities,
        "Outputs": [output(o) for o in found.outputs],
        "RoleARN": found.role,
        "Tags": tags(found.plan),
        "NotificationARNs": [],
        "EnableTerminationProtection": found.protected,
        "DisableRollback": False,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "RollbackConfiguration": found.plan.rollback.shown(),
    }


def stack_summary(found: Stack) -> Structure:
    return {
        "StackId": found.id,
        "StackName": found.name,
        "TemplateDescription": found.plan.template.description,
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
        "DeletionTime": found.deleted,
        "StackStatus": found.status,
        "StackStatusReason": found.reason or None,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def output(found: Output) -> Structure:
    return {
        "OutputKey": found.key,
        "OutputValue": found.value,
        "Description": found.description,
        "ExportName": found.export,
    }


def tags(plan: Plan) -> list[Structure]:
    return [{"Key": k, "Value": v} for k, v in plan.tags.items()]


def parameters(plan: Plan) -> list[Structure]:
    return [
        {
            "ParameterKey": name,
            "ParameterValue": "****" if p.no_echo else p.given,
            "ResolvedValue": "****" if p.no_echo and p.resolved else p.resolved,
        }
        for name, p in plan.parameters.items()
    ]


def declared_parameters(template: Template) -> list[Structure]:
    return [
        {
            "ParameterKey": name,
            "DefaultValue": None if "Default" not in spec else str(spec["Default"]),
            "ParameterType": spec.get("Type", "String"),
            "NoEcho": str(spec.get("NoEcho", "")).lower() == "true",
            "Description": spec.get("Description"),
        }
        for name, spec in template.parameters.items()
    ]


def change_set(found: ChangeSet) -> Structure:
    return {
        **change_set_summary(found),
        "Parameters": parameters(found.plan),
        "Capabilities": found.stack.capabilities,
        "Tags": tags(found.plan),
        "OnStackFailure": found.on_failure,
        "RollbackConfiguration": found.plan.rollback.shown(),
        "Changes": [{"Type": "Resource", "ResourceChange": change} for change in found.changes],
    }


def change_set_summary(found: ChangeSet) -> Structure:
    return {
        "StackId": found.stack.id,
        "StackName": found.stack.name,
        "ChangeSetId": found.id,
        "ChangeSetName": found.name,
        "ExecutionStatus": found.execution,
        "Status": found.status,
        "StatusReason": found.reason or None,
        "CreationTime": found.created,
        "Description": found.description or None,
    }


def resource(found: StackResource, owner: Stack) -> Structure:
    return {
        "StackName": owner.name,
        "StackId": owner.id,
        "LogicalResourceId": found.logical_id,
        "PhysicalResourceId": found.physical_id,
        "ResourceType": found.type,
        "Timestamp": found.changed,
        "LastUpdatedTimestamp": found.changed,
        "ResourceStatus": found.status,
        "ResourceStatusReason": found.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def event(found: Event, owner: Stack) -> Structure:
    return {
        "StackId": owner.id,
        "StackName": owner.name,
        "EventId": found.id,
        "OperationId": found.operation,
        "LogicalResourceId": found.logical_id,
        "PhysicalResourceId": found.physical_id,
        "ResourceType": found.type,
        "Timestamp": found.time,
        "ResourceStatus": found.status,
        "ResourceStatusReason": found.reason or None,
        "ClientRequestToken": found.token,
        "ResourceProperties": found.properties,
    }


def operation_event(found: Event, owner: Stack) -> Structure:
    """The same event as DescribeEvents tells it."""
    failed = found.status.endswith("_FAILED") and found.type != STACK_TYPE
    told = event(found, owner)
    del told["StackName"]
    return {**told, "EventType": "PROVISIONING_ERROR" if failed else "STACK_EVENT"}
