"""Which operation a REST request asks for."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from rehearsal.front import routes


def request(method: str, uri: str) -> Request:
    environ = EnvironBuilder(
        method=method, path=uri.partition("?")[0], query_string=uri.partition("?")[2]
    ).get_environ()
    return Request({**environ, "RAW_URI": uri})


@pytest.mark.parametrize(
    ("service", "method", "uri", "operation", "labels"),
    [
        ("backup", "PUT", "/backup-vaults/v", "CreateBackupVault", {"backupVaultName": "v"}),
        ("backup", "GET", "/backup-vaults/", "ListBackupVaults", {}),
        ("backup", "PUT", "/backup-vaults/v/vault-lock", "PutBackupVaultLockConfiguration", {"backupVaultName": "v"}),
        ("backup", "GET", "/backup/plans/p", "GetBackupPlan", {"backupPlanId": "p"}),
        ("mq", "POST", "/v1/brokers/b/reboot", "RebootBroker", {"broker-id": "b"}),
        ("guardduty", "POST", "/detector", "CreateDetector", {}),
        ("securityhub", "POST", "/standards/get", "GetEnabledStandards", {}),
        ("securityhub", "GET", "/standards/controls/arn:aws:x/y", "DescribeStandardsControls", None),
    ],
)
def test_the_most_definite_address_is_the_operation(
    service: str, method: str, uri: str, operation: str, labels: dict[str, str] | None
) -> None:
    found = routes.find(service, request(method, uri))
    assert found is not None
    assert found.operation == operation
    assert labels is None or found.labels == labels


@pytest.mark.parametrize(("method", "uri"), [("PATCH", "/backup-vaults/v"), ("GET", "/nowhere/at/all")])
def test_an_address_of_no_operation_is_none(method: str, uri: str) -> None:
    assert routes.find("backup", request(method, uri)) is None


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=40))
def test_a_value_in_a_path_comes_out_as_it_was_put_in(value: str) -> None:
    """Slashes in it too: an ARN has some."""
    found = routes.find("backup", request("GET", f"/tags/{quote(value, safe='-._~')}/"))
    assert found is not None
    assert found.labels == {"resourceArn": value}


@pytest.mark.parametrize("service", ["backup", "mq", "guardduty", "securityhub", "accessanalyzer"])
def test_every_operation_is_found_at_its_own_address(service: str) -> None:
    from rehearsal.front.models import service_model

    model = service_model(service)
    lost = []
    for route in routes.routes(service):
        uri = model.operation_model(route.operation).http["requestUri"]
        found = routes.find(service, request(route.method, routes.LABEL.sub("x", uri)))
        if found is None or found.operation != route.operation:
            lost.append((route.operation, found))
    assert lost == []
