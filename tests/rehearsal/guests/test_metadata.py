"""The metadata service without sockets."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.guests.metadata import Credentials, Facts, Metadata, Options, Role, documents, listing

FACTS = Facts(
    instance_id="i-1",
    account="111111111111",
    region="eu-west-1",
    zone="eu-west-1a",
    zone_id="euw1-az1",
    image_id="ami-1",
    instance_type="t3.small",
    address="10.97.1.4",
    hostname="ip-10-97-1-4.eu-west-1.compute.internal",
    mac="02:4b:0a:61:01:04",
    vpc_id="vpc-1",
    vpc_block="10.97.0.0/16",
    subnet_id="subnet-1",
    subnet_block="10.97.1.0/24",
    launched=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    tags={"Name": "web"},
)
ROLE = Role("web", "arn:aws:iam::111111111111:role/web", "arn:aws:iam::111111111111:instance-profile/web", "AIPA1")
TTL, TOKEN = "x-aws-ec2-metadata-token-ttl-seconds", "x-aws-ec2-metadata-token"


def never(role_arn: str) -> Credentials:
    raise AssertionError(role_arn)


def service(facts: Facts = FACTS) -> Metadata:
    return Metadata(lambda: facts, never)


def token_of(metadata: Metadata) -> dict[str, str]:
    return {TOKEN: metadata.answer("PUT", "/latest/api/token", {TTL: "60"}).text}


def test_without_a_token_nothing_is_told_where_tokens_are_required() -> None:
    metadata = service()
    assert metadata.answer("GET", "/latest/meta-data/ami-id", {}).status == 401
    assert metadata.answer("GET", "/latest/meta-data/ami-id", {TOKEN: "guessed"}).status == 401
    assert metadata.answer("GET", "/latest/meta-data/ami-id", token_of(metadata)).text == "ami-1"


def test_where_tokens_are_optional_none_will_do_but_a_wrong_one_will_not() -> None:
    metadata = service(dataclasses.replace(FACTS, options=Options(token_required=False)))
    assert metadata.answer("GET", "/latest/meta-data/ami-id", {}).text == "ami-1"
    assert metadata.answer("GET", "/latest/meta-data/ami-id", {TOKEN: "guessed"}).status == 401


def test_only_a_member_of_a_group_is_told_where_it_is_to_go() -> None:
    path = "/latest/meta-data/autoscaling/target-lifecycle-state"
    alone, member = service(), service(dataclasses.replace(FACTS, target_lifecycle_state="Terminated"))
    assert alone.answer("GET", path, token_of(alone)).status == 404
    assert member.answer("GET", path, token_of(member)).text == "Terminated"


def test_a_switched_off_service_answers_nothing() -> None:
    metadata = service(dataclasses.replace(FACTS, options=Options(enabled=False)))
    assert metadata.answer("PUT", "/latest/api/token", {TTL: "60"}).status == 403


@pytest.mark.parametrize("seconds", ["", "0", "21601", "-1", "a", "1.5"])
def test_a_token_lives_between_a_second_and_six_hours(seconds: str) -> None:
    assert service().answer("PUT", "/latest/api/token", {TTL: seconds}).status == 400


def test_a_token_may_not_come_through_a_proxy_and_travels_as_far_as_the_hop_limit() -> None:
    metadata = service(dataclasses.replace(FACTS, options=Options(hop_limit=2)))
    assert metadata.answer("PUT", "/latest/api/token", {TTL: "60", "x-forwarded-for": "1.2.3.4"}).status == 403
    answer = metadata.answer("PUT", "/latest/api/token", {TTL: "60"})
    assert (answer.status, answer.hop_limit) == (200, 2)
    assert metadata.answer("GET", "/latest/meta-data/ami-id", {TOKEN: answer.text}).hop_limit is None


def test_a_token_of_one_instance_is_worth_nothing_at_another() -> None:
    assert service().answer("GET", "/latest/meta-data/ami-id", token_of(service())).status == 401


def test_tags_are_told_only_where_they_are_enabled() -> None:
    assert "meta-data/tags/instance/Name" not in documents(FACTS)
    enabled = dataclasses.replace(FACTS, options=Options(tags=True))
    assert documents(enabled)["meta-data/tags/instance/Name"] == "web"


def test_there_is_no_iam_without_a_profile() -> None:
    metadata = service()
    for path in ("iam", "iam/info", "iam/security-credentials", "iam/security-credentials/web"):
        assert metadata.answer("GET", f"/latest/meta-data/{path}", token_of(metadata)).status == 404


def test_role_credentials_are_asked_for_once_and_again_shortly_before_they_expire() -> None:
    lifetimes = iter([timedelta(hours=1), timedelta(minutes=14), timedelta(hours=1)])
    asked: list[str] = []

    def assume(role_arn: str) -> Credentials:
        asked.append(role_arn)
        return Credentials(f"ASIA{len(asked)}", "secret", "token", datetime.now(UTC) + next(lifetimes))

    metadata = Metadata(lambda: dataclasses.replace(FACTS, role=ROLE), assume)
    path = "/latest/meta-data/iam/security-credentials/"
    assert metadata.answer("GET", path, token_of(metadata)).text == "web"
    first = json.loads(metadata.answer("GET", path + "web", token_of(metadata)).text)
    assert (first["Code"], first["AccessKeyId"]) == ("Success", "ASIA1")
    metadata.answer("GET", path + "web", token_of(metadata))
    assert asked == [ROLE.arn]
    short = Metadata(lambda: dataclasses.replace(FACTS, role=ROLE), assume)
    keys = [json.loads(short.answer("GET", path + "web", token_of(short)).text)["AccessKeyId"] for _ in range(2)]
    assert keys == ["ASIA2", "ASIA3"]
    assert metadata.answer("GET", path + "other", token_of(metadata)).status == 404


@pytest.mark.parametrize("version", ["latest", "1.0", "2021-03-23"])
def test_the_paths_have_a_version(version: str) -> None:
    metadata = service()
    assert metadata.answer("GET", f"/{version}/meta-data/instance-id", token_of(metadata)).text == "i-1"
    assert metadata.answer("GET", "/newest/meta-data/instance-id", token_of(metadata)).status == 404


def test_other_methods_than_get_head_and_put_are_not_allowed() -> None:
    assert service().answer("POST", "/latest/meta-data/", {}).status == 405


def test_the_identity_document_says_which_account_region_and_image() -> None:
    document = json.loads(documents(FACTS)["dynamic/instance-identity/document"])
    assert (document["accountId"], document["region"], document["imageId"]) == ("111111111111", "eu-west-1", "ami-1")


PATHS = st.lists(st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=4).map("/".join), min_size=1)


@given(PATHS)
def test_every_path_is_found_by_following_the_listings(paths: list[str]) -> None:
    found: set[str] = set()
    folders = [""]
    while folders:
        folder = folders.pop()
        entries = listing(paths, folder)
        assert entries is not None
        for entry in entries.split("\n"):
            path = f"{folder}/{entry}".strip("/") if folder else entry.rstrip("/")
            if entry.endswith("/"):
                folders.append(path)
            else:
                found.add(path)
    assert found == set(paths)


def test_a_folder_that_is_not_there_has_no_listing() -> None:
    assert listing(["meta-data/ami-id"], "meta") is None
