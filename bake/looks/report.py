"""What `python -m bake list`, `show` and `diff` print on standard output: plain text without colours, or JSON."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from bake.digest import short
from bake.image import BootTest, ImageRecord, Stored, TestResult
from bake.inventory import Seen
from bake.looks.difference import Change, Difference, LayerDifference, changes, kernels
from bake.looks.lineage import Link
from bake.table import columns
from console.command import print_json

HEAD = ("recipe", "layer", "version", "digest", "image", "region", "baked at", "commit", "state", "in force", "shared")
SHA256 = re.compile(r"\b(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}\b")


# --- list -------------------------------------------------------------------------------------------------------------
def listing(seen: Sequence[Seen], unread: Sequence[Stored], *, as_json: bool) -> None:
    """One line per AMI, its notes below; what could not be read on standard error, too."""
    for stored in unread:
        click.echo(f"not read: {stored.url}: {stored.problem}", err=True)
    if as_json:
        problems = [{"record": one.url, "problem": one.problem} for one in unread]
        print_json({"images": [asdict(one) for one in seen], "not_read": problems})
        return
    if not seen:
        click.echo("there are no images")
        return
    head, *lines = columns(HEAD, map(_row, seen))
    click.echo(head)
    for one, line in zip(seen, lines, strict=True):
        click.echo("\n".join([line, *(f"  ! {note}" for note in one.notes)]))


def _row(one: Seen) -> tuple[str, ...]:
    return (
        one.recipe,
        one.layer,
        one.version or "-",
        one.digest.removeprefix("sha256:")[:12],
        one.image_id,
        one.region,
        f"{one.baked_at:%Y-%m-%d %H:%M}" if one.baked_at else "-",
        short_commit(one.commit),
        one.state,
        "yes" if one.in_force else "-",
        "-" if one.shared_with is None else str(len(one.shared_with)),
    )


def short_commit(commit: str) -> str:
    """Ten digits, with `-dirty` where files differed from it."""
    digits, dash, dirty = commit.partition("-")
    return f"{digits[:10]}{dash}{dirty}"


# --- show -------------------------------------------------------------------------------------------------------------
def image(record: ImageRecord, seen: Sequence[Seen], below: Sequence[Link], *, packages: bool, as_json: bool) -> None:
    """All that is known of one image, in reading order."""
    if as_json:
        whole = record.model_dump(mode="json", exclude=set() if packages else {"packages", "packages_before"})
        counts = {"packages": len(record.packages), "kernel": kernels(record.packages)}
        links = [_link(one) for one in below]
        print_json({"record": whole, "images": [asdict(one) for one in seen], "stands_on": links, **counts})
        return
    for line in _image(record, seen, below, packages=packages):
        click.echo(line)


def _link(one: Link) -> dict[str, Any]:
    return {
        "layer": one.layer,
        "recipe": one.recipe,
        "digest": one.digest,
        "image_ids": dict(one.record.image_ids) if one.record else None,
        "parent": one.record.parent if one.record else None,
        "parent_image_ids": dict(one.record.parent_image_ids) if one.record else None,
        "note": one.note or None,
    }


def _image(record: ImageRecord, seen: Sequence[Seen], below: Sequence[Link], *, packages: bool) -> Iterator[str]:
    in_force = "in force" if any(one.in_force for one in seen) else "not in force"
    yield f"{record.recipe} {record.version or ''}".rstrip() + f", {record.layer} of {record.application}: {in_force}"
    yield f"  digest: {record.digest}"
    yield f"  build: {record.build}, {record.baked_at:%Y-%m-%d %H:%M:%S %Z}"
    yield f"  commit: {record.commit}"
    yield f"  owner: {record.owner}"
    yield from sorted({f"  record: {one.record}" for one in seen})
    for one in seen:
        later = f", deprecated from {one.deprecated_from:%Y-%m-%d}" if one.deprecated_from else ""
        protected = ", protected against deregistration" if one.protected else ""
        yield f"  image: {one.image_id} in {one.region}, {one.state}{later}{protected}"
        yield f"    snapshots: {', '.join(record.snapshot_ids.get(one.region, ())) or 'none'}"
        if one.shared_with is not None:
            yield f"    shared with: {', '.join(one.shared_with) or 'nobody'}"
        yield from (f"    ! {note}" for note in one.notes)
    yield "  stands on:"
    yield from _stands_on(record, below)
    yield from _made_of(record)
    yield from _tests(record.tests, "tests")
    yield from boot_test(record.boot_test)
    yield "  seconds: " + ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in record.seconds.items())
    kernel = ", ".join(f"{name} {version}" for name, version in kernels(record.packages).items())
    yield f"  kernel: {kernel or 'no package of one'}"
    yield from _packages(record, below, listed=packages)
    if record.distributions:
        listed = ", ".join(f"{name} {version}" for name, version in sorted(record.distributions.items()))
        yield f"  python: {listed}"
    yield from (f"  {name}: {key}" for name, key in sorted(record.contents.items()))


def _packages(record: ImageRecord, below: Sequence[Link], *, listed: bool) -> Iterator[str]:
    """Their number, what this layer changed of them where that is known, and all of them if asked for."""
    before = packages_before(record, below)
    changed = {} if before is None else {one.name: one for one in changes(before, record.packages)}
    new, gone = ([one for one in changed.values() if getattr(one, side) is None] for side in ("before", "after"))
    counts = f"{len(new)} new, {len(gone)} gone, {len(changed) - len(new) - len(gone)} of another version"
    yield f"  packages: {len(record.packages)}" + ("" if before is None else f"; of {len(before)} before: {counts}")
    if listed:
        for name, version in sorted({**{one.name: "" for one in gone}, **record.packages}.items()):
            one = changed.get(name)
            was = "" if one is None else f" (was {one.before})" if one.before else " (new)"
            yield f"    {name} {version or 'gone'}{was}"


def packages_before(record: ImageRecord, below: Sequence[Link]) -> Mapping[str, str] | None:
    """What the parent holds, by the record itself, else by the parent's; None where neither is known for sure."""
    if record.packages_before is not None:
        return record.packages_before
    parent = below[0] if below and not below[0].note else None
    return parent.record.packages if parent and parent.record else None


def _stands_on(record: ImageRecord, below: Sequence[Link]) -> Iterator[str]:
    from_, last = record, record
    for one in below:
        yield f"    {one.recipe} {short(one.digest)}, {_ids(from_)}" + (
            f" (build {one.record.build})" if one.record else ""
        )
        if one.note:
            yield f"      ! {one.note}"
        if one.record:
            from_ = last = one.record
    if not last.layer.below:
        yield f"    {last.parent}, {_ids(last)}"


def _ids(record: ImageRecord) -> str:
    """What it was really baked from."""
    return ", ".join(f"{image_id} in {region}" for region, image_id in sorted(record.parent_image_ids.items()))


def _made_of(record: ImageRecord) -> Iterator[str]:
    closure = record.closure
    yield "  made of:"
    if closure.artifact:
        yield f"    artifact {closure.artifact}"
    if closure.packages is not None:
        yield f"    {len(closure.packages)} packages of locked versions"
    yield from (f"    download {name} {sha256[:12]}" for name, sha256 in sorted(closure.downloads.items()))
    for title, table in (("variable", closure.variables), ("tool", closure.tools), ("file", closure.files)):
        yield from (f"    {title} {name} {shortened(str(value))}" for name, value in sorted(table.items()))


def _tests(tests: Sequence[TestResult], title: str) -> Iterator[str]:
    counts = {outcome: sum(test.outcome == outcome for test in tests) for outcome in ("passed", "failed", "skipped")}
    seconds = sum(test.seconds for test in tests)
    yield f"  {title}: {', '.join(f'{count} {outcome}' for outcome, count in counts.items())}; {seconds:.1f} s"
    yield from (f"    {test.outcome}: {test.name}" for test in tests if test.outcome != "passed")


def boot_test(one: BootTest | None) -> Iterator[str]:
    """The newest boot test of an image, for people."""
    if one is None:
        yield "  boot test: none yet"
        return
    healthy = "never healthy" if one.healthy_after is None else f"healthy after {one.healthy_after:.1f} s"
    outcome = "passed" if one.passed else "failed"
    yield f"  boot test: {outcome} at {one.at:%Y-%m-%d %H:%M}, {healthy}, {one.seconds:.1f} s, {one.instance_type}"
    if one.problem:
        yield f"    {one.problem}"
    if one.tests:
        yield from _tests(one.tests, "boot tests")


# --- diff -------------------------------------------------------------------------------------------------------------
def diff(found: Difference, *, as_json: bool) -> None:
    """Layer by layer, the base first; `+` added, `-` removed, `~` changed."""
    if as_json:
        print_json({**asdict(found), "is_empty": found.is_empty})
        return
    click.echo(f"{short(found.before)} → {short(found.after)}" + (": nothing differs" if found.is_empty else ""))
    for one in found.layers:
        for line in _layer(one):
            click.echo(line)


def _layer(one: LayerDifference) -> Iterable[str]:
    if one.before == one.after:
        yield f"{one.layer}: {one.after}" + ("" if one.changes else ", the same")
    else:
        yield f"{one.layer}: {one.before or 'none'} → {one.after or 'none'}"
    yield from (f"  ! {note}" for note in one.notes)
    for section, found in one.changes.items():
        yield f"  {section}:"
        yield from (f"    {in_words(change)}" for change in found)


def in_words(change: Change) -> str:
    """One line; digests and fingerprints as people can compare them by eye."""
    before, after = (None if value is None else shortened(value) for value in (change.before, change.after))
    if before is None:
        return f"+ {change.name} {after}"
    if after is None:
        return f"- {change.name} {before}"
    return f"~ {change.name} {before} → {after}"


def shortened(text: str) -> str:
    """A text with the first 12 digits of each SHA-256 in it."""
    return SHA256.sub(r"\1", text)
