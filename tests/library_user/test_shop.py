"""A system that is not Payroll, written with the library alone: it is synthesized, hardened, and refuses nonsense."""

import ast
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_logs as logs

from infra import contracts, lock, synthesized
from kiln.edge.listener_priorities import ListenerPriorities
from kiln.exemption import exempt
from kiln.promises import PROMISES, Environment, findings
from kiln.refusal import WrongProperty
from tests.library_user.conftest import ROOT, Shop, environments, lint, new_app
from tests.library_user.shop import tiers
from tests.library_user.shop.__main__ import place

SOURCES = sorted((Path(__file__).parent / "shop").glob("*.py"))
STACKS = ["Account", "Database", "Entrance", "Network", "Orders", "Parameters", "Web"]
BROKEN = "log-group-encrypted-with-own-key"
"""By a log group as CloudWatch gives it."""
REASON = "counts of clicks, which are thrown away each night"
Change = Callable[[cdk.Stage], object]


def without_place(template: Any, account: str) -> Any:
    """A template without what says which stage it is of: the paths of constructs, the account in ARNs."""
    if isinstance(template, dict):
        return {key: without_place(value, account) for key, value in template.items() if key != "aws:cdk:path"}
    if isinstance(template, list):
        return [without_place(value, account) for value in template]
    return template.replace(account, "ACCOUNT") if isinstance(template, str) else template


def synthesize(folder: Path, *changes: Change, name: str = "Test", **tables: dict[str, object]) -> None:
    """One environment, with other values in some tables and something done to it before the synthesis."""
    given = environments()[name]
    changed = {table: values | tables.get(table, {}) for table, values in given.tables.items()}
    app = new_app(folder)
    stage = place(app, dataclasses.replace(given, tables=changed))
    for change in changes:
        change(stage)
    app.synth()


def violations(folder: Path, *changes: Change, **more: Any) -> list[dict[str, Any]]:
    """What the CDK reports when it refuses the environment."""
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        synthesize(folder, *changes, **more)
    [report] = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    found: list[dict[str, Any]] = report["violations"]
    return found


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_the_shop_imports_the_library_and_nothing_else_of_ours(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    named = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    named += [str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    foreign = {name.partition(".")[0] for name in named} - set(sys.stdlib_module_names)
    assert foreign <= {"aws_cdk", "kiln"}


def test_every_environment_has_every_stack_in_its_own_account(shop: Shop) -> None:
    assert {name: sorted(stacks) for name, stacks in shop.stacks.items()} == {"Live": STACKS, "Test": STACKS}
    for environment in environments().values():
        for stack in shop.stacks[environment.name].values():
            assert stack.place == f"aws://{environment.account}/{environment.region}"
            assert stack.protected == environment.protected


def test_the_order_follows_from_what_a_stack_reads(shop: Shop) -> None:
    needs = {name: sorted(stack.needs) for name, stack in shop.stacks["Test"].items()}
    assert needs == {
        "Parameters": [],
        "Account": ["Parameters"],
        "Network": ["Account", "Parameters"],
        "Entrance": ["Account", "Network", "Parameters"],
        "Database": ["Account", "Network", "Parameters"],
        "Orders": ["Account", "Database", "Network", "Parameters"],
        "Web": ["Account", "Database", "Entrance", "Network", "Orders", "Parameters"],
    }


def test_live_gets_the_templates_that_test_was_tested_with(shop: Shop) -> None:
    accounts = {name: environment.account for name, environment in environments().items()}
    test, live = (without_place(shop.templates(name), accounts[name]) for name in ("Test", "Live"))
    assert {name for name in test if test[name] != live[name]} == {"Parameters"}


def test_every_shared_value_is_the_shops_own(shop: Shop) -> None:
    text = json.dumps(shop.templates("Live"))
    assert "payroll" not in text.lower()
    assert "/kiln/" not in text
    written = [
        resource["Properties"]["Name"]
        for template in shop.templates("Live").values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::SSM::Parameter"
    ]
    assert len(written) > 30
    assert all(name.startswith("/shop/") for name in written)


def test_the_flags_that_cdk_init_gives_change_nothing_that_is_promised(tmp_path: Path) -> None:
    flags = json.loads((ROOT / "infra" / "feature_flags.json").read_text("utf-8"))
    assert len(flags) > 50
    app = new_app(tmp_path, flags)
    place(app, environments()["Live"])
    app.synth()


@pytest.mark.parametrize("name", ["Test", "Live"])
def test_with_all_its_values_it_keeps_every_promise_or_says_why_not(shop: Shop, name: str) -> None:
    environment = Environment.of(name, shop.templates(name), protected=name == "Live", complete=True)
    found = list(findings(environment, PROMISES))
    assert [str(one) for one in found if not one.exempted] == []
    assert {one.promise.id for one in found} == {
        "bucket-encrypted-with-own-key",
        "function-can-be-traced",
        "function-cannot-starve-others",
        "function-keeps-what-it-could-not-do",
        "public-zone-logs-queries",
    }


def test_a_breach_fails_the_synthesis_with_what_where_why_and_the_way_out(tmp_path: Path) -> None:
    [violation] = violations(tmp_path, lambda stage: clicks(stage))
    said = json.dumps(violation, ensure_ascii=False)
    for part in (
        BROKEN,
        "Log groups are encrypted with a key of our own",
        "Shop-Test/Web/Clicks",
        "Properties.KmsKeyId is nothing; expected: ",
        "Why: ",
        f'kiln.exemption.exempt(resource, \\"{BROKEN}\\", reason=',
        "https://docs.aws.amazon.com/",
    ):
        assert part in said


def clicks(stage: cdk.Stage) -> logs.LogGroup:
    return logs.LogGroup(cdk.Stack.of(stage.node.find_child("Web")), "Clicks")


def test_what_says_why_it_is_unsafe_passes(tmp_path: Path) -> None:
    synthesize(tmp_path, lambda stage: exempt(clicks(stage), BROKEN, REASON))
    [file] = (tmp_path / "assembly-Shop-Test").glob("ShopTestWeb*.template.json")
    [group] = [r for id, r in json.loads(file.read_text())["Resources"].items() if id.startswith("Clicks")]
    assert group["Metadata"]["kiln:exceptions"] == [{"promise": BROKEN, "reason": REASON}]


def test_a_reason_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongProperty, match=r"^Shop-Test/Web/Clicks: reason is 'temporary'; expected at least 15"):
        synthesize(tmp_path, lambda stage: exempt(clicks(stage), BROKEN, "temporary"))


def test_a_value_of_a_parameter_file_can_break_a_promise(tmp_path: Path) -> None:
    synthesize(tmp_path / "test", name="Test", database={"backup-days": 7})
    [violation] = violations(tmp_path / "live", name="Live", environment={"log-days": 7})[:1]
    assert "Shop-Live/" in json.dumps(violation)


def test_the_promises_are_asked_of_each_environment_with_its_own_values(tmp_path: Path) -> None:
    app = new_app(tmp_path)
    for given in environments().values():
        place(app, given)
    clicks(app.node.find_child("Shop-Test"))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    reports = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    text = json.dumps(reports)
    assert "Shop-Test/Web/Clicks" in text
    assert "Shop-Live/" not in text


def test_nonsense_is_refused_with_the_path_of_the_construct(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "JOB_SECONDS", 0)
    with pytest.raises(WrongProperty, match=r"^Shop-Test/Orders/Jobs: job_seconds is 0; expected 1 to 43200 seconds"):
        synthesize(tmp_path)


def test_two_tiers_with_one_priority_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "LISTENER", ListenerPriorities({"web": 1000, "api": 1000}))
    with pytest.raises(WrongProperty, match=r"^Shop-Test/Web: priority is 1000; expected one of its own for web"):
        synthesize(tmp_path)


def test_a_value_that_a_parameter_file_lacks_is_refused_with_its_name(tmp_path: Path) -> None:
    given = environments()["Test"]
    web = {key: value for key, value in given.tables["web"].items() if key != "maximum"}
    expected = "Shop-Test/Web: shared value is '/shop/web/maximum'; expected a value that a stack of Shop-Test writes"
    with pytest.raises(WrongProperty, match=f"^{expected}$"):
        place(new_app(tmp_path), dataclasses.replace(given, tables=given.tables | {"web": web}))


def test_the_contracts_between_stacks_hold_for_the_shop_too(shop: Shop) -> None:
    for name in ("Test", "Live"):
        stacks = synthesized.read(shop.folder / f"assembly-Shop-{name}")
        assert contracts.check(stacks) == ()
        without_topics = [s for s in stacks if not s.name.endswith("-Account")]
        assert {broken.contract for broken in contracts.check(without_topics)} == {"an alarm reaches somebody"}


def test_the_lock_knows_what_of_the_shop_holds_state(shop: Shop) -> None:
    stacks = synthesized.read(shop.folder / "assembly-Shop-Live")
    before = lock.take(stacks)
    assert lock.compare(before, lock.take(stacks)) == ()
    without_database = [s for s in stacks if not s.name.endswith("-Database")]
    assert "the database" in {finding.lost for finding in lock.compare(before, lock.take(without_database))}


@pytest.mark.slow
def test_cfn_lint_finds_nothing(shop: Shop) -> None:
    files = [stack.file for stacks in shop.stacks.values() for stack in stacks.values()]
    assert lint(files) == ""
    broken = shop.folder / "broken.template.json"
    broken.write_text(files[0].read_text().replace("AWS::SSM::Parameter", "AWS::SSM::Paramter"))
    assert "E3006" in lint([broken])
