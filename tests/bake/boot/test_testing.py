"""The tests of a machine are started as in a bake; what they say is told, and what cannot be run is an error."""

import subprocess
from pathlib import Path

import pytest

from bake.boot import testing
from bake.boot.instance import Instance
from bake.digest import Closure, files_of, fingerprint
from bake.image import ImageRecord
from bake.recipe import Recipe
from console.errors import KilnError
from tests.bake.bakers import record_of

INSTANCE = Instance("i-1", "10.0.0.1", "the key")
RUNNER = """
set -eu
[ "$KILN_SSH_KEY" = "the key" ] && [ "$KILN_HOST" = 10.0.0.1 ] && [ "$KILN_BOOTED" = 1 ] && [ "$KILN_PORT" = 22 ]
exec "$KILN_PYTHON" -m pytest --quiet --rootdir="$KILN_TESTS" --junit-xml="$KILN_RESULTS/tests.xml" "$KILN_TESTS"
"""
PASSES = "import os\n\ndef test_version() -> None:\n    assert os.environ['KILN_ARTIFACT_VERSION'] == '1.2.3'\n"


@pytest.fixture
def record(tier: Recipe) -> ImageRecord:
    packer = tier.folder.parent
    for name, text in {
        "web/tests/test_image.py": PASSES,
        "booted/test_booted.py": PASSES,
        "shared/test.sh": RUNNER,
    }.items():
        (packer / name).parent.mkdir(exist_ok=True)
        (packer / name).write_text(text)
    files = {name: fingerprint(file) for name, file in files_of(tier).items()}
    return record_of(Closure(parent="p", artifact=None, files=files, variables={"instance_type": "t3.small"}, tools={}))


def test_the_recipes_tests_run_and_those_of_a_boot(tier: Recipe, record: ImageRecord) -> None:
    tested = testing.run(tier, record, INSTANCE, limit_seconds=120)
    assert [(one.name, one.outcome) for one in tested.results] == [("test_version", "passed")] * 2
    assert tested.said == ""


def test_what_a_failing_test_says_is_told(tier: Recipe, record: ImageRecord) -> None:
    file = tier.folder.parent / "booted" / "test_booted.py"
    file.write_text("def test_it() -> None:\n    assert 1 == 2, 'because'\n")
    tested = testing.run(tier, record, INSTANCE, limit_seconds=120)
    assert [one.outcome for one in tested.results] == ["passed", "failed"]
    assert "because" in tested.said


def test_tests_that_cannot_be_run_are_no_result(tier: Recipe, record: ImageRecord) -> None:
    (tier.folder.parent / "shared" / "test.sh").write_text("echo no pytest here; exit 4\n")
    with pytest.raises(KilnError) as caught:
        testing.run(tier, record, INSTANCE, limit_seconds=120)
    assert caught.value.found == "no pytest here"


def test_tests_that_take_too_long_are_ended(tier: Recipe, record: ImageRecord) -> None:
    (tier.folder.parent / "shared" / "test.sh").write_text("exec sleep 60\n")
    with pytest.raises(KilnError) as caught:
        testing.run(tier, record, INSTANCE, limit_seconds=0.2)
    assert isinstance(caught.value.__cause__, subprocess.TimeoutExpired)


def test_it_is_said_which_tests_are_not_those_of_the_bake(tier: Recipe, record: ImageRecord) -> None:
    assert testing.differing(tier, record) == ()
    (tier.folder / "tests" / "test_image.py").write_text("")
    (tier.folder / "tests" / "test_more.py").write_text("")
    assert testing.differing(tier, record) == ("web/tests/test_image.py", "web/tests/test_more.py")


def test_the_names_of_results_say_nothing_of_an_address(tmp_path: Path) -> None:
    from bake.workspace import parse_tests

    junit = (
        '<testsuite><testcase name="test_it[paramiko://10.0.0.1]" time="1"/><testcase name="test_x[a]"/></testsuite>'
    )
    assert [one.name for one in parse_tests(junit)] == ["test_it", "test_x[a]"]
