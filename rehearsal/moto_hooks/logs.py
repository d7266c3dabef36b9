"""CloudWatch Logs: what moto (5.2.5) does not know of log groups.

Hooks:
- LogsResponse.create_log_group, LogGroup.to_describe_dict: moto drops class and deletion
  protection.
- LogsBackend.delete_log_group: a protected group would be deleted all the same.
- MetricFilters.add_filter: a filter that is put again would be a second one, and the first one the one that is shown.
- LogsResponse.associate_kms_key, disassociate_kms_key, put_log_group_deletion_protection: operations that moto lacks.
"""

from typing import Any

from moto.logs.exceptions import LogsClientError
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

Properties = dict[str, Any]

create_in_moto = LogsResponse.create_log_group
describe_in_moto = LogGroup.to_describe_dict
delete_in_moto = LogsBackend.delete_log_group
add_filter_in_moto = MetricFilters.add_filter


def install() -> None:
    """Install the hooks; twice does nothing more."""
    for moto_class, hook in (
        (LogsResponse, create_log_group),
        (LogsResponse, associate_kms_key),
        (LogsResponse, disassociate_kms_key),
        (LogsResponse, put_log_group_deletion_protection),
        (LogGroup, to_describe_dict),
        (LogsBackend, delete_log_group),
        (MetricFilters, add_filter),
    ):
        setattr(moto_class, hook.__name__, hook)


def create_log_group(self: Any) -> str:
    create_in_moto(self)
    group = self.logs_backend.groups[self._get_param("logGroupName")]
    group.log_group_class = self._get_param("logGroupClass") or "STANDARD"
    group.deletion_protected = bool(self._get_param("deletionProtectionEnabled"))
    return ""


def to_describe_dict(self: Any) -> Properties:
    found: Properties = describe_in_moto(self)
    found["logGroupClass"] = getattr(self, "log_group_class", "STANDARD")
    found["deletionProtectionEnabled"] = getattr(self, "deletion_protected", False)
    return found


def delete_log_group(self: Any, log_group_name: str) -> None:
    group = self.groups.get(log_group_name)
    if group is not None and getattr(group, "deletion_protected", False):
        raise LogsClientError(
            "OperationAbortedException", f"Log group {log_group_name} has deletion protection enabled"
        )
    delete_in_moto(self, log_group_name)


def add_filter(
    self: Any, filter_name: str, filter_pattern: str, log_group_name: str, metric_transformations: Any
) -> None:
    self.metric_filters = [
        f for f in self.metric_filters if (f["filterName"], f["logGroupName"]) != (filter_name, log_group_name)
    ]
    add_filter_in_moto(self, filter_name, filter_pattern, log_group_name, metric_transformations)


def associate_kms_key(self: Any) -> str:
    _group(self, "logGroupName", "resourceIdentifier").kms_key_id = self._get_param("kmsKeyId")
    return ""


def disassociate_kms_key(self: Any) -> str:
    _group(self, "logGroupName", "resourceIdentifier").kms_key_id = None
    return ""


def put_log_group_deletion_protection(self: Any) -> str:
    group = _group(self, "logGroupIdentifier")
    group.deletion_protected = bool(self._get_param("deletionProtectionEnabled"))
    return ""


def _group(response: Any, *members: str) -> Any:
    """The group that a request names, by name or by ARN. Raises moto's kind of error."""
    given = next((str(v) for m in members if (v := response._get_param(m))), "")
    name = given.partition(":log-group:")[2].removesuffix(":*") or given
    found = response.logs_backend.groups.get(name)
    if found is None:
        raise LogsClientError("ResourceNotFoundException", f"The specified log group does not exist: {name}")
    return found
