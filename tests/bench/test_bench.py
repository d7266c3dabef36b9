"""What the benchmarks compute; how fast anything is, is no test's business."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import measure
from bench.bake import SlowImages
from bench.deployment import dependencies, longest_path
from bench.measure import Table, goal, take_turns, timed
from console.errors import KilnError
from rehearsal.proxy import Answer, Call

NAMES = "abcdef"


def test_ratios_are_of_medians_and_the_first_is_one() -> None:
    table = Table("t", {"base": [4.0, 1.0, 2.0], "half": [1.0, 9.0, 0.5]})
    assert table.ratios == {"base": 1.0, "half": 0.5}


def test_a_table_shows_runs_median_unit_and_ratio_and_then_its_notes() -> None:
    text = Table("Memory", {"empty": [200.0], "full": [290.0, 300.0, 310.0]}, "MiB", ("A note.",)).markdown()
    assert text.splitlines() == [
        "## Memory",
        "",
        "| | runs | lowest MiB | median MiB | ratio |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| empty | 1 | 200.00 | 200.00 | 1.00 |",
        "| full | 3 | 290.00 | 300.00 | 1.50 |",
        "",
        "A note.",
    ]


@pytest.mark.parametrize(("found", "verdict"), [(1.3, "met"), (1.31, "not met")])
def test_a_goal_says_what_was_found_what_was_wanted_and_whether_it_is_met(found: float, verdict: str) -> None:
    assert goal("Six against one", found, 1.3) == f"Six against one: {found:.2f}. The goal is 1.3: {verdict}."


def test_variants_take_turns() -> None:
    turns: list[str] = []

    def variant(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    measured = take_turns({"a": lambda: variant("a"), "b": lambda: variant("b")}, 2)
    assert turns == ["a", "b", "a", "b"]
    assert measured == {"a": [1.0, 3.0], "b": [2.0, 4.0]}


def test_a_command_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(KilnError, match="ended with 3") as caught:
        timed([sys.executable, "-c", "import sys; print('why'); sys.exit(3)"])
    assert caught.value.found == "why"


def test_the_longest_path_follows_the_dependencies_through_stacks_that_took_no_time() -> None:
    needs = {"web": {"empty", "parameters"}, "empty": {"network"}, "network": {"parameters"}, "umbrella": {"web"}}
    assert longest_path({"parameters": 1.0, "network": 5.0, "web": 3.0}, needs) == 9.0


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100), min_size=1), st.data())
def test_the_longest_path_is_at_most_the_sum_and_at_least_the_longest_stack(
    seconds: dict[str, int], data: st.DataObject
) -> None:
    needs = {name: data.draw(st.sets(st.sampled_from(NAMES[:i]))) for i, name in enumerate(NAMES) if i}
    assert max(seconds.values()) <= longest_path(seconds, needs) <= sum(seconds.values())


def test_dependencies_are_between_stacks_by_the_names_that_cloudformation_knows() -> None:
    manifest = {
        "artifacts": {
            "Web.assets": {"type": "cdk:asset-manifest"},
            "Web": {
                "type": "aws:cloudformation:stack",
                "properties": {"stackName": "Payroll-Web"},
                "dependencies": ["Web.assets", "Network"],
            },
            "Network": {"type": "aws:cloudformation:stack", "properties": {}},
            "Tree": {"type": "cdk:tree"},
        }
    }
    assert dependencies(manifest) == {"Payroll-Web": {"Network"}, "Network": set()}


def test_without_a_rehearsal_the_command_to_type_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILN_REHEARSAL", raising=False)
    command = [sys.executable, "-m", "bench", "bake"]
    done = subprocess.run(command, cwd=measure.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "python -m rehearsal run -- python -m bench bake" in done.stderr


def test_an_image_that_ec2_has_just_begun_stays_pending_for_a_while_and_every_other_is_as_it_is() -> None:
    def described(image: str, slow: SlowImages) -> bytes:
        said = f"<imageId>{image}</imageId><imageState>available</imageState>".encode()
        call = Call(2, "ec2", "DescribeImages", "", "packer", f"ImageId.1={image}".encode())
        return slow(call, Answer(200, said)).body

    create = Call(1, "ec2", "CreateImage", "", "packer", b"Name=web")
    begun, slow, quick = Answer(200, b"<imageId>ami-1</imageId>"), SlowImages(60), SlowImages(0)
    assert slow(create, begun) == quick(create, begun) == begun
    assert b"pending" in described("ami-1", slow)
    assert b"available" in described("ami-2", slow)
    assert b"available" in described("ami-1", quick)
