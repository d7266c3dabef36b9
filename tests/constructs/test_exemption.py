from collections.abc import Callable
from datetime import date
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from kiln.exemption import exempt
from kiln.promises import PROMISES, Environment, findings
from kiln.refusal import WrongProperty

REASON = "it holds pictures that everybody may see"


def test_the_reason_stays_in_the_template_of_the_resource(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        bucket = s3.Bucket(stack, "Pictures")
        exempt(bucket, "bucket-keeps-versions", REASON, expires=date(2999, 1, 31))
        exempt(bucket.node.default_child, "bucket-tidies-up", f"  {REASON} ")

    [bucket] = template(build).find_resources("AWS::S3::Bucket").values()
    assert bucket["Metadata"]["kiln:exceptions"] == [
        {"promise": "bucket-keeps-versions", "reason": REASON, "expires": "2999-01-31"},
        {"promise": "bucket-tidies-up", "reason": REASON},
    ]


def test_it_is_about_one_promise_and_one_resource(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        exempt(s3.Bucket(stack, "Pictures"), "bucket-keeps-versions", REASON)
        s3.Bucket(stack, "Letters")

    environment = Environment.of("Test", {"Stack": template(build).to_json()})
    versions = [f for f in findings(environment, PROMISES) if f.promise.id == "bucket-keeps-versions"]
    assert {(f.path.split("/")[1], f.exempted) for f in versions} == {("Pictures", REASON), ("Letters", "")}


@pytest.mark.parametrize("reason", ["", "   ", "temporary"])
def test_a_reason_that_says_nothing_is_refused_with_the_place(reason: str) -> None:
    bucket = s3.Bucket(cdk.Stack(cdk.App(), "Shop"), "Pictures")
    with pytest.raises(WrongProperty, match=r"Shop/Pictures: reason is .*expected at least 15 characters.*tidies-up"):
        exempt(bucket, "bucket-tidies-up", reason)


def test_an_expiry_in_the_past_is_refused() -> None:
    bucket = s3.Bucket(cdk.Stack(cdk.App(), "Shop"), "Pictures")
    with pytest.raises(WrongProperty, match="Shop/Pictures: expires is '2026-01-01'; expected a day to come"):
        exempt(bucket, "bucket-tidies-up", REASON, expires=date(2026, 1, 1), today=date(2026, 1, 2))
    exempt(bucket, "bucket-tidies-up", REASON, expires=date(2026, 1, 2), today=date(2026, 1, 2))


def test_what_is_no_resource_is_refused() -> None:
    with pytest.raises(WrongProperty, match="Shop: resource is 'Stack'"):
        exempt(cdk.Stack(cdk.App(), "Shop"), "bucket-tidies-up", REASON)
