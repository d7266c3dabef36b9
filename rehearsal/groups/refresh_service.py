"""The API of instance refreshes: start, describe, cancel, roll back."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from rehearsal.front.service import AwsError, Caller
from rehearsal.groups import configuration, records, refresh
from rehearsal.groups.group_service import next_token, offset
from rehearsal.groups.launches import LaunchError, Launches
from rehearsal.groups.model import GroupKey, Source
from rehearsal.groups.preferences import Preferences, parse
from rehearsal.groups.refresh import Configuration, Outlook, Refresh, Status
from rehearsal.groups.store import Store

MOST_REFRESHES = 100


class RefreshService:
    """Operations on instance refreshes."""

    name = "autoscaling"

    def __init__(self, store: Store, launches: Launches, wake: Callable[[], None]) -> None:
        self._store = store
        self._launches = launches
        self._wake = wake
        self._answers: dict[str, Callable[[GroupKey, Mapping[str, Any]], dict[str, Any]]] = {
            "StartInstanceRefresh": self._start,
            "DescribeInstanceRefreshes": self._describe,
            "CancelInstanceRefresh": self._cancel,
            "RollbackInstanceRefresh": self._roll_back,
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`."""
        key = GroupKey(caller.account, caller.region, request["AutoScalingGroupName"])
        try:
            return self._answers[operation](key, request)
        finally:
            self._wake()

    def _start(self, key: GroupKey, request: Mapping[str, Any]) -> dict[str, Any]:
        if request.get("Strategy", "Rolling") != "Rolling":
            raise AwsError(
                "ValidationError",
                f"Strategy {request['Strategy']} is not emulated; use Rolling.",
            )
        group = records.read(key)
        preferences = parse(request.get("Preferences", {}), group)
        wanted = request.get("DesiredConfiguration") or {}
        target_source = configuration.source_of(*configuration.resolve(key, wanted)) if wanted else group.source
        target = self._configuration(key, target_source)
        previous = self._configuration(key, group.source) if wanted else target
        if preferences.auto_rollback:
            _must_be_reversible(wanted, previous, target, "ValidationError")
        with self._store.lock:
            state = self._store.state(key)
            if state.refresh is not None:
                message = (
                    "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
                )
                raise AwsError("InstanceRefreshInProgress", message)
            if state.deleting:
                raise AwsError(
                    "ScalingActivityInProgress",
                    f"The group {key.name} is being deleted.",
                )
            scope = refresh.scope(state.members, preferences, target.fingerprint)
            started = Refresh(
                id=str(uuid.uuid4()),
                preferences=preferences,
                target=target,
                previous=previous,
                scope=scope,
                total=max(len(scope), sum(m.counted for m in state.members)),
                started=time.time(),
                desired_configuration=wanted,
                remaining=len(scope),
            )
            state.put_refresh(started)
        return {"InstanceRefreshId": started.id}

    def _describe(self, key: GroupKey, request: Mapping[str, Any]) -> dict[str, Any]:
        records.find(key)
        ids = request.get("InstanceRefreshIds")
        with self._store.lock:
            found = [r for r in reversed(self._store.state(key).refreshes) if not ids or r.id in ids]
        start, most = (
            offset(request),
            min(request.get("MaxRecords", MOST_REFRESHES), MOST_REFRESHES),
        )
        answer: dict[str, Any] = {"InstanceRefreshes": [described(r, key) for r in found[start : start + most]]}
        return answer | next_token(start + most, len(found))

    def _cancel(self, key: GroupKey, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._store.lock:
            active = self._active(key)
            wait = request.get("WaitForTransitioningInstances", True)
            self._store.state(key).put_refresh(
                replace(
                    active,
                    status=Status.CANCELLING,
                    wait_for_transitions=wait,
                    reason="Cancelled by user request.",
                )
            )
        return {"InstanceRefreshId": active.id}

    def _roll_back(self, key: GroupKey, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._store.lock:
            active = self._active(key)
            code = "IrreversibleInstanceRefresh"
            if active.status in (Status.ROLLBACK_IN_PROGRESS, Status.CANCELLING):
                raise AwsError(code, f"The instance refresh {active.id} is {active.status}.")
            _must_be_reversible(active.desired_configuration, active.previous, active.target, code)
            group, state = records.read(key), self._store.state(key)
            outlook = Outlook(group, state.members, time.time())
            state.put_refresh(refresh.begin_rollback(active, outlook, "Rollback requested by user."))
        return {"InstanceRefreshId": active.id}

    def _active(self, key: GroupKey) -> Refresh:
        records.find(key)
        active = self._store.state(key).refresh
        if active is None:
            message = f"No in progress or pending Instance Refresh found for Auto Scaling group {key.name}"
            raise AwsError("ActiveInstanceRefreshNotFound", message)
        return active

    def _configuration(self, key: GroupKey, source: Source) -> Configuration:
        try:
            return Configuration(
                source,
                self._launches.resolve(key.account, key.region, source).fingerprint,
            )
        except LaunchError as error:
            raise AwsError("ValidationError", str(error)) from error


def _must_be_reversible(wanted: Mapping[str, Any], previous: Configuration, target: Configuration, code: str) -> None:
    if not wanted:
        raise AwsError(code, "A rollback needs a refresh that was started with a desired configuration.")
    if not (previous.reversible and target.reversible):
        raise AwsError(code, "A rollback is not possible with the launch template versions $Latest and $Default.")


def described(found: Refresh, key: GroupKey) -> dict[str, Any]:
    """A refresh in botocore's shape."""
    percentage = found.percentage(found.remaining)
    shown: dict[str, Any] = {
        "InstanceRefreshId": found.id,
        "AutoScalingGroupName": key.name,
        "Status": str(found.status),
        "StartTime": datetime.fromtimestamp(found.started, UTC),
        "PercentageComplete": percentage,
        "InstancesToUpdate": found.remaining,
        "ProgressDetails": {
            "LivePoolProgress": {
                "PercentageComplete": percentage,
                "InstancesToUpdate": found.remaining,
            }
        },
        "Preferences": _preferences(found.preferences),
        "Strategy": "Rolling",
    }
    if found.reason:
        shown["StatusReason"] = found.reason[:1023]
    if found.ended is not None:
        shown["EndTime"] = datetime.fromtimestamp(found.ended, UTC)
    if found.desired_configuration:
        shown["DesiredConfiguration"] = dict(found.desired_configuration)
    if found.rollback_started is not None:
        back, left = (
            found.percentage(found.rollback_remaining),
            found.rollback_remaining,
        )
        shown["RollbackDetails"] = {
            "RollbackReason": found.rollback_reason[:1023],
            "RollbackStartTime": datetime.fromtimestamp(found.rollback_started, UTC),
            "PercentageCompleteOnRollback": back,
            "InstancesToUpdateOnRollback": left,
            "ProgressDetailsOnRollback": {
                "LivePoolProgress": {
                    "PercentageComplete": back,
                    "InstancesToUpdate": left,
                }
            },
        }
    return shown


def _preferences(preferences: Preferences) -> dict[str, Any]:
    return {
        "MinHealthyPercentage": preferences.min_healthy_percentage,
        "MaxHealthyPercentage": preferences.max_healthy_percentage,
        "InstanceWarmup": int(preferences.warmup_seconds),
        "SkipMatching": preferences.skip_matching,
        "AutoRollback": preferences.auto_rollback,
        "ScaleInProtectedInstances": preferences.protected,
        "StandbyInstances": preferences.standby,
        **preferences.asked,
    }
