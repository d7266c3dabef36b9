"""Reading other accounts: against an AWS of this process, and against one that refuses."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from console.accounts import Accounts
from console.aws import Aws
from console.errors import NotReady

MINE, OTHER, REGION = "123456789012", "444444444444", "eu-west-1"  # the first is moto's own
REFUSED = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
    "<Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"
)
WHO = f"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{MINE}:user/me</Arn>
<UserId>U</UserId><Account>{MINE}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


@dataclass(frozen=True)
class Place:
    name: str
    account: str
    region: str = REGION


PLACES = (Place("Dev", MINE), Place("Stage", OTHER))


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def moto(credentials: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    credentials.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    try:
        yield
    finally:
        server.stop()


class Refusing(BaseHTTPRequestHandler):
    """Says whose the credentials are, and lets nobody become anybody."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        text = WHO if b"GetCallerIdentity" in asked else REFUSED
        self.send_response(200 if text is WHO else 403)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def refusing(credentials: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    credentials.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        yield
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def who(aws: Aws) -> str:
    return str(aws.client("sts").get_caller_identity()["Arn"])


@pytest.mark.usefixtures("moto")
def test_another_account_is_read_through_the_role_that_the_bootstrap_made_for_look_ups() -> None:
    reader = Accounts.of(PLACES, Aws(REGION)).reader(OTHER, REGION)
    assert who(reader) == f"arn:aws:sts::{OTHER}:assumed-role/cdk-hnb659fds-lookup-role-{OTHER}-{REGION}/kiln-reads"


@pytest.mark.usefixtures("moto")
def test_another_region_is_read_through_the_role_of_the_bootstrapped_one() -> None:
    accounts = Accounts.of(PLACES, Aws(REGION))
    reader = accounts.reader(OTHER, "eu-central-1")
    assert reader.region == "eu-central-1"
    assert f"lookup-role-{OTHER}-{REGION}" in who(reader)
    assert reader.session is accounts.reader(OTHER, REGION).session, "the role is asked for once"


@pytest.mark.usefixtures("moto")
def test_the_account_of_the_credentials_is_read_with_them() -> None:
    home = Aws(REGION)
    accounts = Accounts.of(PLACES, home)
    assert accounts.reader(MINE, REGION) is home
    assert who(accounts.reader(MINE, "eu-central-1")) == who(home)


@pytest.mark.usefixtures("refusing")
def test_an_account_that_refuses_is_named_with_what_to_do() -> None:
    accounts = Accounts.of(PLACES, Aws(REGION))
    with pytest.raises(NotReady) as caught:
        accounts.reader(OTHER, "eu-central-1")
    told = caught.value.details()
    assert told["what"] == f"the account {OTHER} (Stage) cannot be asked"
    assert told["where"] == f"arn:aws:iam::{OTHER}:role/cdk-hnb659fds-lookup-role-{OTHER}-{REGION}"
    assert told["found"].startswith("AccessDenied: not authorized")
    assert f"cdk bootstrap aws://{OTHER}/{REGION} --trust {MINE} --trust-for-lookup {MINE}" in told["next step"]


def test_an_endpoint_that_does_not_answer_is_no_refusal(credentials: pytest.MonkeyPatch) -> None:
    credentials.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(NotReady, match="AWS cannot be reached"):
        Accounts.of(PLACES, Aws(REGION)).reader(OTHER, REGION)
