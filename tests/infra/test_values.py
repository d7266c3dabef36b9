from infra.parameters import Environment, load_all
from infra.parameters.values import NONE, values

STAGE = next(e for e in load_all() if e.name == "Stage")
BACKUP = next(e for e in load_all() if e.name == "Backup")


def test_a_key_of_a_table_is_a_value_of_the_same_name() -> None:
    found = values(STAGE)
    assert STAGE.network is not None
    assert found["network/nat-gateways"] == str(STAGE.network.nat_gateways)
    assert found["network/interface-endpoints"] == "true"
    assert found["environment"] == "Stage"


def test_a_list_fills_the_places_that_a_template_has_for_it() -> None:
    types = values(STAGE)["web/instance-types"]
    assert STAGE.web is not None
    assert types == (*STAGE.web.instance_types, NONE)


def test_what_is_not_set_is_a_value_too() -> None:
    assert values(STAGE)["database/snapshot"] == NONE
    assert values(STAGE)["schedule/stop"] == NONE


def test_a_table_that_is_not_there_gives_no_values() -> None:
    assert not [name for name in values(BACKUP) if name.startswith(("network/", "web/", "database/"))]


def test_accounts_and_who_pays_are_for_no_stack() -> None:
    for environment in load_all():
        assert not {"account", "region", "cost-centre", "tooling/cidr"} & values(environment).keys()


def test_every_value_is_text_that_ssm_takes() -> None:
    for environment in load_all():
        assert all(_texts(environment))


def _texts(environment: Environment) -> list[str]:
    found: list[str] = []
    for value in values(environment).values():
        found += [value] if isinstance(value, str) else value
    return found
