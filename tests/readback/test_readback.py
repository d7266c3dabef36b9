"""Every promise is asked of the service that keeps it, in accounts where Payroll is deployed.

The deployment takes half a minute: the tests that need it are slow ones.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from kiln.promises import FAMILIES as LEDGER_FAMILIES
from kiln.promises import PROMISES, Environment, by_id, findings
from tests.readback import page
from tests.readback.breaks import BREAKS, Break
from tests.readback.breaks_of_machines import MACHINES
from tests.readback.deployment import Place
from tests.readback.reading import Answer, Ask, Reading, answers
from tests.readback.tables import FAMILIES, READINGS, UNREADABLE

LEDGER = by_id(PROMISES)
OF_PROMISE = {reading.promise: reading for reading in READINGS}
Places = tuple[Place, ...]
Templates = dict[str, Environment]


def said(reading: Reading, places: Places, templates: Templates) -> Iterator[tuple[Place, Ask, Answer]]:
    """What the services of the accounts that the promise is asked of say; what is exempted is not asked."""
    promise = LEDGER[reading.promise]
    for place in places:
        template = templates[place.environment.name]
        if promise.concerns(template):
            exempted = {(one.stack, one.logical_id) for one in findings(template, [promise])}
            for ask in reading.asks:
                for answer in answers(place, ask, exempted):
                    yield place, ask, answer


def wrong(reading: Reading, places: Places, templates: Templates) -> list[str]:
    return [
        f"{place.environment.name} {answer.thing.stack}/{answer.thing.logical_id}: {ask.command}: {ask.path} is "
        f"{answer.found!r}; expected: {ask.expected.text}"
        for place, ask, answer in said(reading, places, templates)
        if not answer.is_right
    ]


def test_every_promise_has_a_reading_or_a_reason_and_never_both() -> None:
    named = [*(reading.promise for reading in READINGS), *(id for family in FAMILIES for id in family.UNREADABLE)]
    assert not [promise for promise, times in Counter(named).items() if times > 1]
    assert sorted(named) == sorted(LEDGER)


def test_a_reason_why_nothing_can_be_asked_is_a_sentence() -> None:
    assert not [promise for promise, why in UNREADABLE.items() if len(why) < 30]


def test_settings_of_every_family_are_broken() -> None:
    families = {
        name
        for name, promises in LEDGER_FAMILIES.items()
        if {one.promise for one in (*BREAKS, *MACHINES)} & {p.id for p in promises}
    }
    assert families >= LEDGER_FAMILIES.keys() - {"edge"}


def test_few_promises_cannot_be_read() -> None:
    assert len(UNREADABLE) < len(LEDGER) / 10


def test_the_page_is_what_the_tables_say() -> None:
    assert page.FILE.read_text("utf-8") == page.text(), "run: python -m tests.readback.page"


@pytest.mark.slow
@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.promise)
def test_a_service_says_that_the_promise_is_kept(reading: Reading, places: Places, templates: Templates) -> None:
    answered = {id(ask) for _, ask, _ in said(reading, places, templates)}
    assert not [ask for ask in reading.asks if id(ask) not in answered], "nobody was asked"
    assert not wrong(reading, places, templates)


@pytest.mark.slow
@pytest.mark.parametrize("broken", [*BREAKS, *MACHINES], ids=lambda broken: f"{broken.promise}: {broken.worse[0]}")
def test_a_reading_fails_when_its_setting_is_broken_through_the_service(
    broken: Break, places: Places, templates: Templates
) -> None:
    reading = OF_PROMISE[broken.promise]
    [place] = [place for place in places if place.environment.name == broken.where]
    assert not wrong(reading, (place,), templates)
    with broken.done(place):
        assert wrong(reading, (place,), templates)
    assert not wrong(reading, (place,), templates)
