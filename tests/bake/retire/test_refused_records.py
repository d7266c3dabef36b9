"""AWS refuses the record: said as what it is, with what was being done, and never a traceback."""

from datetime import UTC, datetime

import pytest

from bake import conditional
from bake.boot import trial
from bake.boot.instance import Trial
from bake.boot.trial import Verdict
from bake.digest import Closure
from bake.image import BootTest, ImageStore
from bake.place import TOOLING_PREFIX
from bake.retire.history import History
from console.errors import KilnError
from tests.bake.retire.conftest import REGION, World
from tests.bake.retire.test_shared import call


@pytest.mark.parametrize(("command", "doing"), [("share", "recording whom"), ("verify", "recording the boot test")])
def test_a_record_that_cannot_be_written_is_said(
    command: str, doing: str, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    files = {"web/provision.sh": "3"}
    closure = Closure(parent="p", artifact=None, files=files, variables={"instance_type": "t3.small"}, tools={})
    web = world.bake("web", 3, closure=closure, digest=closure.digest, shared_with=())
    key = world.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    world.aws.client("ssm").put_parameter(Name=f"{TOOLING_PREFIX}key-arn", Value=key, Type="String", Overwrite=True)
    result = BootTest(passed=True, at=datetime.now(UTC), seconds=1, instance_type="t3.small")

    def refused(*_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "PutObject")

    monkeypatch.setattr(trial, "run", lambda *_: Verdict(Trial.of(web, REGION), result, ""))
    monkeypatch.setattr(conditional, "put", refused)
    code, out = call(capsys, command, web.image_ids[REGION])
    assert code == 1
    assert doing in out and "AccessDenied: not you" in out
    assert "Traceback" not in out
    assert world.launchers(web) == set(), "nothing is shared that is not recorded"


def test_a_record_that_cannot_be_read_when_its_image_was_deleted_is_said(world: World) -> None:
    web = world.bake("web", 3)
    with pytest.raises(KilnError, match="GetObject"):
        History(ImageStore(world.store.client, "no-such-bucket")).end(web)
