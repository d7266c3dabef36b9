import json
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra import parameters
from infra.cli import SCHEMA, schema_text
from infra.mistakes import Mistake, WrongParameters
from infra.parameters import NAMES, NEEDS, check, load_all
from infra.parameters.fields import LOG_DAYS
from infra.parameters.resources import Tooling

Tables = dict[str, dict[str, Any]]

in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def machines(**more: Any) -> dict[str, Any]:
    """The keys that every tier must have, and more."""
    return {
        "instance_types": ["t3.small"],
        "minimum": 1,
        "maximum": 2,
        "root_volume_gib": 8,
        "health_check_grace_seconds": 60,
        "warmup_seconds": 20,
    } | more


def table(number: int, **changes: Any) -> dict[str, Any]:
    """A right parameter file of an environment that serves; `number` keeps accounts and networks apart."""
    return {
        "account": f"{number + 1:012d}",
        "region": "eu-west-1",
        "protected": False,
        "cost_centre": "payroll",
        "retention": {"log_days": 30, "audit_days": 30},
        "alarms": {"addresses": ["team@payroll.example"]},
        "budget": {"monthly_usd": 100},
        "network": {"cidr": f"10.{number}.0.0/16", "nat_gateways": 1, "interface_endpoints": False},
        "dns": {"domain_name": f"n{number}.payroll.example", "internal_name": f"n{number}.payroll.internal"},
        "load_balancer": {"requests_per_address": 2000, "access_log_days": 30},
        "database": {"instance_class": "db.r7g.large", "readers": 1, "backup_days": 7},
        "table": {"recovery_days": 7},
        "broker": {"instance_type": "mq.m7g.medium", "cluster": False},
        "web": machines(deregistration_delay_seconds=15, requests_per_instance=1000),
        "worker": machines(backlog_per_instance=20, job_seconds=60),
        "worker_mq": machines(cpu_percent=60),
        "worker_calculation": machines(backlog_per_instance=5, job_seconds=900),
        "bastion": {"instance_type": "t3.micro"},
        "operations": {"patch_schedule": "cron(0 2 ? * SUN *)", "patch_hours": 3, "time_zone": "Europe/Berlin"},
    } | changes


@pytest.fixture
def tables() -> Tables:
    """Six right files."""
    return right_tables()


def right_tables() -> Tables:
    found = {slug: table(number) for number, slug in enumerate(NAMES)}
    found["dev"]["tooling"] = {"cidr": "10.200.0.0/16"}
    return found


def write(folder: Path, tables: Tables) -> Path:
    for slug, content in tables.items():
        (folder / f"{slug}.toml").write_text(tomlkit.dumps(content))
    return folder


def mistakes(folder: Path, tables: Tables) -> list[Mistake]:
    return list(check(write(folder, tables))[1])


@st.composite
def tiers(draw: st.DrawFn) -> dict[str, Any]:
    families, sizes = st.sampled_from(["t3", "t3a", "m7i", "c6in", "x2iedn"]), st.sampled_from(["small", "2xlarge"])
    types = draw(st.lists(st.builds("{}.{}".format, families, sizes), min_size=1, max_size=4, unique=True))
    minimum = draw(st.integers(1, 1000))
    return {
        "instance_types": types,
        "minimum": minimum,
        "maximum": draw(st.integers(minimum, 1000)),
        "root_volume_gib": draw(st.integers(8, 16384)),
        "health_check_grace_seconds": draw(st.integers(10, 7200)),
        "warmup_seconds": draw(st.integers(0, 3600)),
        "deregistration_delay_seconds": draw(st.integers(0, 3600)),
        "requests_per_instance": draw(st.integers(1, 1_000_000)),
        **({"spot_percent": draw(st.integers(1, 100))} if len(types) > 1 else {}),
    }


@in_a_folder
@given(web=tiers(), nats=st.integers(1, 3), protected=st.booleans(), days=st.sampled_from(LOG_DAYS))
def test_what_a_right_file_says_is_what_is_loaded(
    tmp_path: Path, web: dict[str, Any], nats: int, protected: bool, days: int
) -> None:
    tables = right_tables()
    network = {"cidr": "10.3.0.0/16", "nat_gateways": nats, "interface_endpoints": protected}
    retention = {"log_days": days, "audit_days": 1}
    tables["stage"] |= {"web": web, "protected": protected, "network": network, "retention": retention}
    stage = next(e for e in load_all(write(tmp_path, tables)) if e.slug == "stage")
    said = json.loads(stage.model_dump_json(exclude_defaults=True, exclude={"name", "slug"}))
    assert said == tables["stage"]
    assert stage.name == "Stage"


KEYS = [
    (key, *inner)
    for key, value in table(0).items()
    for inner in ([(name,) for name in value] if isinstance(value, dict) else [()])
]
"""All keys of a file of an environment that serves; it must have each of them."""

of_no_field = st.sampled_from([-1, 0.5, "", "?", [], ["?"], {"a": 1}, 10**10])


def place(tables: Tables, slug: str, key: tuple[str, ...]) -> dict[str, Any]:
    content = tables[slug]
    for part in key[:-1]:
        content = content[part]
    return content


@in_a_folder
@given(slug=st.sampled_from(list(NAMES)), key=st.sampled_from(KEYS), value=of_no_field)
def test_a_wrong_value_is_reported_with_file_key_what_is_there_and_what_is_expected(
    tmp_path: Path, slug: str, key: tuple[str, ...], value: Any
) -> None:
    tables = right_tables()
    place(tables, slug, key)[key[-1]] = value
    [mistake] = mistakes(tmp_path, tables)
    wrong = value[0] if isinstance(value, list) and value and key[-1] in ("instance_types", "addresses") else value
    assert mistake.file == f"{slug}.toml"
    assert mistake.key.startswith(".".join(key))
    assert mistake.found == repr(wrong)
    assert len(mistake.expected) > 10
    assert "Input should" not in mistake.expected


@in_a_folder
@given(slug=st.sampled_from(list(NAMES)), key=st.sampled_from(KEYS))
def test_a_missing_key_is_reported(tmp_path: Path, slug: str, key: tuple[str, ...]) -> None:
    tables = right_tables()
    del place(tables, slug, key)[key[-1]]
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.file, mistake.key, mistake.found) == (f"{slug}.toml", ".".join(key), "nothing")


@in_a_folder
@given(places=st.sets(st.tuples(st.sampled_from(list(NAMES)), st.sampled_from(KEYS)), min_size=2, max_size=12))
def test_all_mistakes_of_all_files_are_reported_at_once(
    tmp_path: Path, places: set[tuple[str, tuple[str, ...]]]
) -> None:
    tables = right_tables()
    for slug, key in places:
        del place(tables, slug, key)[key[-1]]
    assert {(m.file, m.key) for m in mistakes(tmp_path, tables)} == {(f"{s}.toml", ".".join(k)) for s, k in places}


def test_an_unknown_key_is_reported_with_the_key_that_was_probably_meant(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["web"]["maximun"] = 3
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.file, mistake.key, mistake.found) == ("stage.toml", "web.maximun", "3")
    assert mistake.expected.startswith("maximum ")


def test_an_unknown_key_like_no_other_is_reported_with_all_keys(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["network"]["zzz"] = 3
    [mistake] = mistakes(tmp_path, tables)
    assert mistake.expected == "only these keys: cidr, nat_gateways, interface_endpoints"


def test_a_name_is_no_key_of_a_file(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["name"] = "Production"
    [mistake] = mistakes(tmp_path, tables)
    assert mistake.key == "name"


def test_a_minimum_above_the_maximum_is_reported_at_the_maximum(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["web"] |= {"minimum": 5, "maximum": 4}
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.key, mistake.found) == ("web.maximum", "4")
    assert mistake.expected == "at least the minimum, which is 5"


@pytest.mark.parametrize("wrong", ["t3small", "t3.", ".small", "T3.small", "t3.huge", "t3.small ", "3t.small"])
def test_the_shape_of_an_instance_type_is_checked(tmp_path: Path, tables: Tables, wrong: str) -> None:
    tables["stage"]["web"]["instance_types"] = ["t3.small", wrong]
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.key, mistake.found) == ("web.instance_types.1", repr(wrong))


@pytest.mark.parametrize("wrong", ["10.3.0.0/15", "10.3.0.0/17", "10.3.1.0/16", "8.8.0.0/16", "10.300.0.0/16", "10.3"])
def test_only_a_private_network_of_size_16_is_taken(tmp_path: Path, tables: Tables, wrong: str) -> None:
    tables["backup"]["network"]["cidr"] = wrong
    assert ("backup.toml", "network.cidr") in {(m.file, m.key) for m in mistakes(tmp_path, tables)}


@in_a_folder
@given(pair=st.permutations(list(NAMES)))
def test_two_environments_with_one_network_are_reported(tmp_path: Path, pair: list[str]) -> None:
    tables = right_tables()
    tables[pair[0]]["network"]["cidr"] = tables[pair[1]]["network"]["cidr"]
    [mistake] = mistakes(tmp_path, tables)
    first, second = sorted(pair[:2], key=list(NAMES).index)
    assert (mistake.file, mistake.key) == (f"{second}.toml", "network.cidr")
    assert f"network.cidr of {first}.toml" in mistake.expected


def test_an_overlap_is_reported_even_where_the_file_is_wrong_otherwise(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["network"] = {"cidr": tables["dev"]["network"]["cidr"], "interface_endpoints": True}
    assert [(m.file, m.key) for m in mistakes(tmp_path, tables)] == [
        ("stage.toml", "network.nat_gateways"),
        ("stage.toml", "network.cidr"),
    ]


def test_the_bake_network_must_not_overlap_either(tmp_path: Path, tables: Tables) -> None:
    tables["dev"]["tooling"]["cidr"] = tables["production"]["network"]["cidr"]
    [mistake] = mistakes(tmp_path, tables)
    assert "tooling.cidr of dev.toml" in mistake.expected


@pytest.mark.parametrize(
    ("regions", "count"),
    [(["eu-central-1", "us-east-1"], 0), ([], 0), (["eu-west-1"], 1), (["us-east-1", "us-east-1"], 1), (["europe"], 1)],
)
def test_images_are_copied_to_other_regions_each_once(
    tmp_path: Path, tables: Tables, regions: list[str], count: int
) -> None:
    tables["dev"]["region"] = "eu-west-1"
    tables["dev"]["tooling"]["copy_regions"] = regions
    assert len(mistakes(tmp_path, tables)) == count


@pytest.mark.parametrize(
    ("organizations", "count"),
    [
        (["o-a1b2c3d4e5", "o-a1b2c3d4e5/ou-ab12-11111111"], 0),
        (["o-a1b2c3d4e5", "o-a1b2c3d4e5"], 1),
        (["arn:aws:organizations::999999999999:organization/o-a1b2c3d4e5"], 1),
        (["*"], 1),
    ],
)
def test_organizations_are_named_by_their_ids_each_once(
    tmp_path: Path, tables: Tables, organizations: list[str], count: int
) -> None:
    tables["dev"]["tooling"]["organizations"] = organizations
    assert len(mistakes(tmp_path, tables)) == count


def test_two_environments_in_one_account_are_reported(tmp_path: Path, tables: Tables) -> None:
    tables["production"]["account"] = tables["stage"]["account"]
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.file, mistake.key) == ("production.toml", "account")
    assert "stage.toml" in mistake.expected


def test_a_missing_file_and_a_file_of_no_environment_are_reported(tmp_path: Path, tables: Tables) -> None:
    tables["stagge"] = tables.pop("stage")
    assert {(m.file, m.found) for m in mistakes(tmp_path, tables)} == {
        ("stage.toml", "no such file"),
        ("stagge.toml", "a file for no environment"),
    }


def test_a_file_that_is_not_toml_is_reported_with_line_and_column(tmp_path: Path, tables: Tables) -> None:
    write(tmp_path, tables)
    (tmp_path / "stage.toml").write_text('account = "1"\nregion =\n')
    [mistake] = check(tmp_path)[1]
    assert mistake.file == "stage.toml"
    assert "line 2, column 9" in mistake.found


@pytest.mark.parametrize(("slugs", "count"), [([], 1), (["dev"], 0), (["dev", "stage"], 1)])
def test_images_are_baked_in_exactly_one_place(tmp_path: Path, tables: Tables, slugs: list[str], count: int) -> None:
    del tables["dev"]["tooling"]
    for number, slug in enumerate(slugs):
        tables[slug]["tooling"] = {"cidr": f"10.{200 + number}.0.0/16"}
    assert len(mistakes(tmp_path, tables)) == count


def test_loading_wrong_files_raises_with_every_mistake_and_the_next_step(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["protected"] = "no"
    tables["dev"]["region"] = "Ireland"
    with pytest.raises(WrongParameters) as caught:
        load_all(write(tmp_path, tables))
    assert len(caught.value.mistakes) == 2
    assert caught.value.where == f"{tmp_path}/dev.toml: region"
    assert caught.value.next_step == "python -m infra check"


def test_the_tracked_files_are_right_and_in_the_order_of_promotion() -> None:
    names = [environment.name for environment in load_all()]
    assert names == ["Dev", "InternalTest", "Acceptance", "Stage", "Production", "Backup"]


@pytest.mark.parametrize("name", sorted(NEEDS.keys() & table(0).keys()))
def test_a_table_without_one_that_it_needs_is_reported(tmp_path: Path, name: str) -> None:
    for needed in NEEDS[name]:
        without = right_tables()
        del without["stage"][needed]
        expected = f"the table [{needed}]: [{name}] needs it"
        assert Mistake("stage.toml", needed, "nothing", expected) in mistakes(tmp_path, without)


def test_an_environment_that_serves_nothing_needs_no_network(tmp_path: Path, tables: Tables) -> None:
    kept = ("account", "region", "protected", "cost_centre", "retention", "alarms", "budget")
    tables["backup"] = {key: tables["backup"][key] for key in kept}
    assert mistakes(tmp_path, tables) == []


VAULT = {"minimum_days": 7, "maximum_days": 90, "changeable_for_days": 3, "restore_test_schedule": "cron(0 4 ? * * *)"}
COPIES = {"schedule": "cron(0 1 * * ? *)", "keep_days": 7, "copy_keep_days": 30}


@pytest.mark.parametrize(("days", "right"), [(6, False), (7, True), (90, True), (91, False)])
def test_a_copy_must_fit_the_bounds_of_the_vault(tmp_path: Path, tables: Tables, days: int, right: bool) -> None:
    tables["backup"]["vault"] = VAULT
    tables["stage"]["backup"] = COPIES | {"copy_keep_days": days}
    wrong = Mistake("stage.toml", "backup.copy_keep_days", repr(days), "7 to 90, the bounds of backup.toml")
    assert mistakes(tmp_path, tables) == ([] if right else [wrong])


def test_a_vault_needs_somebody_who_copies_into_it(tmp_path: Path, tables: Tables) -> None:
    for table in tables.values():
        table.pop("backup", None)
    tables["backup"]["vault"] = VAULT
    wrong = Mistake("backup.toml", "vault", "a vault that nobody copies to", "the table [backup] in another file")
    assert wrong in mistakes(tmp_path, tables)


def test_copies_need_a_vault_and_there_is_one_only(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["backup"] = COPIES
    assert [(m.file, m.key) for m in mistakes(tmp_path, tables)] == [("stage.toml", "backup")]
    tables["backup"]["vault"] = tables["production"]["vault"] = VAULT
    assert [(m.file, m.key) for m in mistakes(tmp_path, tables)] == [("backup.toml", "vault")]


def test_spot_instances_need_a_choice_of_types(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["worker"]["spot_percent"] = 50
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.key, mistake.found) == ("worker.spot_percent", "50")
    tables["stage"]["worker"]["instance_types"] = ["t3.small", "t3a.small"]
    assert mistakes(tmp_path, tables) == []


@pytest.mark.parametrize("change", [{"instance_class": "db.serverless"}, {"minimum_acus": 0.5}, {"maximum_acus": 4.0}])
def test_a_serverless_database_and_only_that_has_a_range(
    tmp_path: Path, tables: Tables, change: dict[str, Any]
) -> None:
    tables["stage"]["database"] |= change
    [mistake] = mistakes(tmp_path, tables)
    assert mistake.key == "database"
    assert "minimum_acus and maximum_acus with db.serverless" in mistake.expected


def test_an_instance_type_is_offered_once(tmp_path: Path, tables: Tables) -> None:
    tables["stage"]["web"]["instance_types"] = ["t3.small", "t3.small"]
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.key, "each type once" in mistake.expected) == ("web.instance_types", True)


def test_unlimited_credits_are_for_burstable_types_only(tmp_path: Path, tables: Tables) -> None:
    calculation = tables["stage"]["worker_calculation"]
    calculation |= {"instance_types": ["t2.2xlarge", "m7i.large"], "unlimited_credits": True}
    [mistake] = mistakes(tmp_path, tables)
    assert mistake.key == "worker_calculation.unlimited_credits"
    assert mistake.expected == "false, or no m7i.large in instance_types: only t types have credits"
    calculation["instance_types"] = ["t2.2xlarge"]
    assert mistakes(tmp_path, tables) == []


@pytest.mark.parametrize(("seconds", "right"), [(29, False), (30, True), (7200, True), (7201, False)])
def test_a_calculation_lasts_no_longer_than_its_end_can_be_held(
    tmp_path: Path, tables: Tables, seconds: int, right: bool
) -> None:
    tables["stage"]["worker_calculation"]["job_seconds"] = seconds
    found = [mistake.key for mistake in mistakes(tmp_path, tables)]
    assert found == ([] if right else ["worker_calculation.job_seconds"])


@pytest.mark.parametrize("missing", ["stop", "start", "time_zone"])
def test_a_schedule_is_complete_or_not_there(tmp_path: Path, tables: Tables, missing: str) -> None:
    whole = {"stop": "0 19 * * 1-5", "start": "0 7 * * 1-5", "time_zone": "Europe/Berlin"}
    tables["stage"]["schedule"] = {key: value for key, value in whole.items() if key != missing}
    [mistake] = mistakes(tmp_path, tables)
    assert (mistake.key, mistake.expected) == ("schedule", "stop, start and time_zone, or none of the three")
    tables["stage"]["schedule"] = whole
    assert mistakes(tmp_path, tables) == []


CERTIFICATE = "arn:aws:acm:us-east-1:000000000004:certificate/1"


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({}, True),
        ({"domain_name": "files.payroll.example", "certificate_arn": CERTIFICATE}, True),
        ({"domain_name": "files.payroll.example"}, False),
        ({"certificate_arn": CERTIFICATE}, False),
        ({"domain_name": "files.payroll.example", "certificate_arn": CERTIFICATE.replace("us-east", "eu-west")}, False),
    ],
)
def test_a_name_for_files_has_a_certificate_where_cloudfront_looks_for_it(
    tmp_path: Path, tables: Tables, more: dict[str, str], right: bool
) -> None:
    tables["stage"]["cdn"] = {"price_class": "PriceClass_100"} | more
    assert (mistakes(tmp_path, tables) == []) is right


def test_an_environment_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_all()[0].region = "eu-north-1"


def test_the_tracked_schema_is_that_of_the_model() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text(), "run: python -m infra schema"


def test_every_tracked_file_refers_editors_to_the_schema() -> None:
    for file in parameters.ENVIRONMENTS.glob("*.toml"):
        directive, _, target = file.read_text("utf-8").splitlines()[0].partition(" ")
        assert directive == "#:schema"
        assert (file.parent / target).resolve() == SCHEMA


@pytest.mark.parametrize("schedule", ["rate(1 hour)", "rate(2 hours)", "rate(10 minutes)", "cron(0 * ? * * *)"])
def test_a_sweep_can_be_as_often_as_eventbridge_can_say(schedule: str) -> None:
    assert Tooling(cidr="10.90.0.0/16", sweep_schedule=schedule).sweep_schedule == schedule


@pytest.mark.parametrize("schedule", ["rate(1 hours)", "rate(0 minutes)", "rate(5 hour)", "rate(05 hours)", "hourly"])
def test_a_schedule_that_eventbridge_refuses_is_refused_in_the_file(schedule: str) -> None:
    with pytest.raises(ValidationError, match="sweep_schedule"):
        Tooling(cidr="10.90.0.0/16", sweep_schedule=schedule)


def test_a_sweep_spares_what_is_as_young_as_a_boot_test_or_copy_can_be() -> None:
    assert Tooling(cidr="10.90.0.0/16", sweep_older_than_hours=3)
    with pytest.raises(ValidationError, match="sweep_older_than_hours"):
        Tooling(cidr="10.90.0.0/16", sweep_older_than_hours=2)
