"""moto's record of an instance while its machine ends: what others are shown of it meanwhile."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.ec2.models import ec2_backends

from rehearsal.guests.states import State
from rehearsal.moto_hooks.ec2_record import InstanceRecord

ACCOUNT, REGION = "123456789012", "eu-west-1"


@pytest.fixture
def instance_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        ec2 = boto3.client("ec2", region_name=REGION)
        yield ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]


def test_an_instance_that_ends_is_shutting_down_until_its_volumes_are_gone_and_never_pending_again(
    instance_id: str,
) -> None:
    backend = ec2_backends[ACCOUNT][REGION]
    instance = backend.get_instance(instance_id)
    record = InstanceRecord(instance)
    record.enter(State.SHUTTING_DOWN, None)
    seen: dict[str, tuple[str, str]] = {}

    def watch(whose: object, name: str) -> None:
        real = getattr(whose, name)

        def watched(*asked: Any) -> Any:
            before, done = instance.state, real(*asked)
            seen[name] = before, instance.state
            return done

        setattr(whose, name, watched)  # moto resets it

    watch(backend, "detach_volume")
    watch(backend, "delete_volume")
    watch(instance, "terminate")
    record.enter(State.TERMINATED, None)
    assert seen == dict.fromkeys(("detach_volume", "delete_volume", "terminate"), ("shutting-down", "shutting-down"))
    assert (instance.state, instance.state_code) == ("terminated", 48)
    assert backend.describe_volumes() == []
