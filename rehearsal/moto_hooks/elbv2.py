"""Elastic Load Balancing: moto keeps the records, the rehearsal's balancers follow them. moto 5.2.5.

Hooks:
- ELBV2Response, the operations in balancer/admission.py: moto keeps whatever it is sent and drops what it does not
  know; a request for something that the balancers do not do is refused instead, so that the stack fails and says why.
- ELBv2Backend.create_load_balancer: two accounts' load balancers of one name get one DNS name; it becomes unique.
- ELBv2Backend.create_listener: moto does not notice a second listener on a port (it looks for the port among ARNs), nor
  a certificate that does not exist.
- ELBv2Backend.delete_load_balancer: moto deletes in spite of deletion protection.
- ELBv2Backend.register_targets: moto takes any text for a function, and asks nobody whether it may be invoked.
- ELBv2Backend.deregister_targets: moto refuses a target that is not there, with which a rollback fails.
- ELBv2Backend.modify_target_group: moto drops the status codes that the health check of a function expects.
- LambdaBackend.add_permission: moto forgets for which alias or version a permission is.
Read and written without a hook: the records, by balancer/observe.py, and the addresses of a subnet, by
balancer/addresses.py.
"""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend
from moto.elbv2.responses import ELBV2Response

from rehearsal.balancer import observe
from rehearsal.balancer.admission import CHECKS, admit
from rehearsal.balancer.model import Unsupported


def install() -> None:
    """Install the hooks; once is enough, twice does nothing."""
    if hasattr(ELBv2Backend.create_load_balancer, "__wrapped__"):
        return
    for operation in CHECKS:
        _admitting(operation)
    _wrap(ELBv2Backend, "create_load_balancer", _create_load_balancer)
    _wrap(ELBv2Backend, "create_listener", _create_listener)
    _wrap(ELBv2Backend, "delete_load_balancer", _delete_load_balancer)
    _wrap(ELBv2Backend, "register_targets", _register_targets)
    _wrap(ELBv2Backend, "deregister_targets", _deregister_targets)
    _wrap(ELBv2Backend, "modify_target_group", _modify_target_group)
    _wrap(LambdaBackend, "add_permission", _add_permission)


def _wrap(owner: type, name: str, hook: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        return hook(original, self, *args, **kwargs)

    setattr(owner, name, hooked)


def _admitting(operation: str) -> None:
    def check(original: Callable[[Any], Any], response: Any) -> Any:
        try:
            params = response._get_params()
            group = response.elbv2_backend.target_groups.get(params.get("TargetGroupArn"))
            admit(operation, {**params, "TargetType": group.target_type} if group else params)
        except Unsupported as unsupported:
            message = f"The load balancer of the rehearsal does not do this: {unsupported}"
            raise ELBClientError("InvalidConfigurationRequest", message) from None
        return original(response)

    _wrap(ELBV2Response, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower(), check)


def _create_load_balancer(original: Callable[..., Any], backend: Any, *args: Any, **kwargs: Any) -> Any:
    record = original(backend, *args, **kwargs)
    number = int(record.arn.rpartition("/")[2], 16) % 10**10
    record.dns_name = f"{record.name}-{number:010}.{backend.region_name}.elb.amazonaws.com".lower()
    return record


def _create_listener(original: Callable[..., Any], backend: Any, *args: Any, **kwargs: Any) -> Any:
    balancer = backend.load_balancers.get(kwargs["load_balancer_arn"])
    if balancer and str(kwargs["port"]) in {str(listener.port) for listener in balancer.listeners.values()}:
        raise DuplicateListenerError()
    if kwargs["protocol"] == "HTTPS":
        arn = kwargs["certificate"]
        if not arn:
            raise ELBClientError("CertificateNotFound", "A certificate must be specified for HTTPS listeners")
        if not backend._certificate_exists(arn):
            raise ELBClientError("CertificateNotFound", f"Certificate ARN '{arn}' is not valid")
    return original(backend, *args, **kwargs)


def _delete_load_balancer(original: Callable[..., Any], backend: Any, arn: str) -> Any:
    balancer = backend.load_balancers.get(arn)
    if balancer and str(balancer.attrs.get("deletion_protection.enabled")) == "true":
        message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise ELBClientError("OperationNotPermitted", message)
    return original(backend, arn)


def _register_targets(original: Callable[..., Any], backend: Any, target_group_arn: str, instances: list[Any]) -> Any:
    group = backend.target_groups.get(target_group_arn)
    if group and group.target_type == "lambda":
        _check_function(group, instances[0]["Id"])
    return original(backend, target_group_arn, instances)


def _check_function(group: Any, arn: str) -> None:
    """What AWS asks of a function: it is near, there, alone and lets itself be invoked."""
    _, _, _, region, account, *_ = arn.split(":")
    if (account, region) != (str(group.account_id), group.region_name):
        message = f"The function {arn} must be in the account and the region of its target group {group.arn}"
        raise ELBClientError("InvalidTarget", message)
    if set(group.targets) - {arn}:
        message = f"A target group takes one function; {next(iter(group.targets))} is registered with {group.arn}"
        raise ELBClientError("TooManyTargets", message)
    permitted = observe.permitted(arn, group.arn)
    if permitted is None:
        raise ELBClientError("InvalidTarget", f"The function {arn} does not exist")
    if not permitted:
        message = (
            f"elasticloadbalancing principal does not have permission to invoke {arn} from target group {group.arn}"
        )
        raise ELBClientError("AccessDenied", message)


def _deregister_targets(original: Callable[..., Any], backend: Any, target_group_arn: str, instances: list[Any]) -> Any:
    """A target that does not exist is no error:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
    """
    group = backend.target_groups.get(target_group_arn)
    there = [each for each in instances if each["Id"] in group.targets] if group else instances
    return original(backend, target_group_arn, there)


def _modify_target_group(original: Callable[..., Any], backend: Any, *args: Any, **kwargs: Any) -> Any:
    record = original(backend, *args, **kwargs)
    codes = inspect.signature(original).bind(backend, *args, **kwargs).arguments.get("http_codes")
    if codes is not None and record.target_type == "lambda":
        record.matcher = {"HttpCode": codes}
    return record


def _add_permission(original: Callable[..., Any], backend: Any, name: str, qualifier: str | None, raw: str) -> Any:
    statement = original(backend, name, qualifier, raw)
    named = name.split(":function:")[-1].partition(":")[2]
    bare = ":".join(backend.get_function(name, qualifier).function_arn.split(":")[:7])
    statement["Resource"] = ":".join(part for part in (bare, named or qualifier) if part)
    return statement
