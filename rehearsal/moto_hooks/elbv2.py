"""Elastic Load Balancing: moto keeps the records, the rehearsal's balancers follow them. moto 5.2.5.

Hooks:
- ELBV2Response, the operations in balancer/admission.py: moto keeps whatever it is sent and drops what it does not
  know; a request for something that the balancers do not do is refused instead, so that the stack fails and says why.
- ELBv2Backend.create_load_balancer: two accounts' load balancers of one name get one DNS name; it becomes unique.
- ELBv2Backend.create_listener: moto does not notice a second listener on a port (it looks for the port among ARNs), nor
  a certificate that does not exist.
- ELBv2Backend.delete_load_balancer: moto deletes in spite of deletion protection.
Read and written without a hook: the records, by balancer/observe.py, and the addresses of a subnet, by
balancer/addresses.py.
"""

import functools
import re
from collections.abc import Callable
from typing import Any

from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend
from moto.elbv2.responses import ELBV2Response

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


def _wrap(owner: type, name: str, hook: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        return hook(original, self, *args, **kwargs)

    setattr(owner, name, hooked)


def _admitting(operation: str) -> None:
    def check(original: Callable[[Any], Any], response: Any) -> Any:
        try:
            admit(operation, response._get_params())
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
