"""One run: files in, findings out, all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from rules import recording
from rules.check import source
from rules.check.check import Surroundings
from rules.check.counters import GATEWAY_SERIES, recorded_speeds
from rules.check.finding import Finding, Hit, printable
from rules.check.join import recorded_as
from rules.check.outcome import Outcome
from rules.check.registry import CHECKS, DOUBLED, UNREADABLE, UNRECOGNISED
from rules.check.rule import rules
from rules.check.selection import chosen, is_named
from rules.check.source import Kind, Source
from rules.rulefile import Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rules.check.check import Check
    from rules.check.promql_tree import Selector
    from rules.check.rule import Rule
    from rules.check.source import Document

_BY_KIND: Final[dict[Kind, tuple[Check, ...]]] = {
    kind: tuple(check for check in CHECKS if kind in check.kinds) for kind in Kind
}
# Of a failure's own text; it may quote the whole file.
_LONGEST: Final = 200


def check(paths: Iterable[Path]) -> Outcome:
    """Check files and trees.

    A file that is named is checked or reported; of a tree, files without any known configuration are passed over.

    Raises:
        BadRequest: a path is not there, cannot be read, or is neither a file nor a folder.
    """
    found: list[Finding] = []
    sources: list[Source] = []
    seen: set[str] = set()
    for path, was_given in _files(paths):
        if path.as_posix() in seen:
            continue
        seen.add(path.as_posix())
        # A name may hold whatever a file system allows; what is written of it is text.
        shown = printable(path.as_posix())
        try:
            one = source.read(path, shown, is_named=was_given)
        except OSError as failure:
            raise BadRequest(f"{shown}: {failure.strerror}") from failure
        except Exception as failure:  # noqa: BLE001 - one file's failure must not lose what others hold
            one = Source(shown, (), (Hit(1, f"{_unexpected(failure)}; nothing of it was checked"),))
        if one is not None and (one.documents or one.unreadable):
            sources.append(one)
        elif was_given:
            kinds = ", ".join(Kind)
            found.append(Finding(shown, 1, UNRECOGNISED.id, f"nothing was checked; known are {kinds}"))
    found += findings(sources)
    return Outcome(
        tuple(sorted(set(found))),
        len(seen),
        tuple((one.path, document.kind) for one in sources for document in one.documents),
        len(seen) - len(sources),
    )


def findings(sources: list[Source]) -> Iterator[Finding]:
    """What all checks say of these files together."""
    around = _surroundings(sources)
    for one in sources:
        for fault, hits in ((UNREADABLE, one.unreadable), (DOUBLED, one.doubled)):
            yield from (Finding(one.path, hit.line, fault.id, printable(hit.message)) for hit in hits)
        for document in one.documents:
            yield from _judged(one.path, document, around)


def _judged(path: str, document: Document, around: Surroundings) -> Iterator[Finding]:
    for rule in _BY_KIND[document.kind]:
        if rule.judge is None:
            continue
        try:
            for hit in rule.judge(document, around):
                yield Finding(path, hit.line, rule.id, printable(hit.message))
        except Exception as failure:  # noqa: BLE001 - as above: the other checks still say what they find
            why = "nested too deep for it" if isinstance(failure, RecursionError) else _unexpected(failure)
            yield Finding(path, document.root.line, UNREADABLE.id, f"{rule.id} could not be made: {why}")


def _unexpected(failure: Exception) -> str:
    """What is said of a failure that nobody foresaw: enough to report it."""
    return printable(f"it cannot be judged ({type(failure).__name__}: {str(failure)[:_LONGEST]})")


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    for path in paths:
        if path.is_dir():
            try:
                yield from ((file, False) for file in source.files(path))
            except OSError as failure:
                raise BadRequest(f"{failure.filename}: {failure.strerror}") from failure
        elif path.is_file():
            yield path, True
        elif path.exists():
            # Reading a pipe or a device might never end.
            raise BadRequest(f"{path}: neither a file nor a folder; write what it yields into a file")
        else:
            raise BadRequest(f"{path}: there is no such file or folder")


def _surroundings(sources: list[Source]) -> Surroundings:
    # The catalogue's own are there whether or not their file is among those that are checked.
    recorded = {rule.record for group in recording.GROUPS for rule in group.rules if isinstance(rule, Recording)}
    used: set[str] = set()
    speeds: set[str] = set()
    kinds: set[Kind] = set()
    read: list[Rule] = []
    for one in sources:
        for document in one.documents:
            kinds.add(document.kind)
            found = rules(document)
            speeds.update(recorded_speeds(found))
            read += found
            for rule in found:
                if rule.kind == "recording":
                    recorded.add(rule.name)
                used.update(name for one in rule.selectors for name in _asked(one))
    is_whole = {Kind.RULES, Kind.DASHBOARD, Kind.SCRAPE} <= kinds
    return Surroundings(frozenset(recorded), frozenset(speeds), frozenset(used), is_whole, recorded_as(read))


def _asked(selector: Selector) -> tuple[str, ...]:
    return (selector.name,) if selector.name else chosen(selector, GATEWAY_SERIES) if is_named(selector) else ()
