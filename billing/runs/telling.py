"""What a person is told of many runs: one bar while they are made, then sums, and by name what is stuck."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import typer

from billing.accounts.commands.session import FINDINGS, print_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sized

    from billing.runs.outcome import Outcome

_NAMED: Final = 5


def tell(outcomes: Iterable[Outcome], chosen: Sized, *, as_json: bool) -> None:
    """Print what becomes of runs, of which there will be as many as are in `chosen` once the first one is made.

    Exit code: 1 when something is stuck.
    """
    sums = _Sums()
    kept: list[dict[str, Any]] = []
    with typer.progressbar(length=1, label="hours", file=typer.get_text_stream("stderr")) as bar:
        for outcome in outcomes:
            bar.length = max(len(chosen), 1)
            bar.update(1)
            sums.add(outcome)
            if as_json:
                kept.append(_row(outcome))
    if as_json:
        print_json(kept)
    else:
        for line in sums.lines():
            typer.echo(line)
    if sums.stuck:
        raise typer.Exit(FINDINGS)


def _row(outcome: Outcome) -> dict[str, Any]:
    one = outcome.order.slice
    return {
        "region": one.region,
        "cluster": one.cluster,
        "hour": one.hour,
        "state": outcome.state.value,
        "rows": outcome.rows,
        "message": outcome.message,
        "changes": [asdict(each) for each in outcome.changes],
    }


class _Sums:
    """What many runs have in common."""

    def __init__(self) -> None:
        self.stuck: defaultdict[tuple[str, str, str, str], list[Outcome]] = defaultdict(list)
        self._states: Counter[str] = Counter()
        self._rows = 0
        self._subjects: defaultdict[str, set[str]] = defaultdict(set)
        self._hours: defaultdict[str, set[int]] = defaultdict(set)
        self._changes: defaultdict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(self, outcome: Outcome) -> None:
        """Count a run."""
        one = outcome.order.slice
        self._states[outcome.state.value] += 1
        self._rows += outcome.rows
        if outcome.is_stuck:
            self.stuck[one.region, one.cluster, outcome.state.value, outcome.message].append(outcome)
        if outcome.metered is not None:
            for title, subjects in outcome.metered.remarks.titled:
                self._subjects[title].update(subjects)
                self._hours[title].add(one.hour)
        for each in outcome.changes:
            before, after = self._changes[each.workspace_id, each.meter]
            self._changes[each.workspace_id, each.meter] = before + each.before, after + each.after

    def lines(self) -> list[str]:
        """One line for each thing that is to be known, those first that somebody must look at."""
        return [
            *(_stuck(each) for each in self.stuck.values()),
            *(
                f"{title}: {len(subjects)} in {_count(self._hours[title], 'hour')}: {_some(subjects)}"
                for title, subjects in self._subjects.items()
            ),
            *(
                f"{workspace} {meter}: {before} -> {after}"
                for (workspace, meter), (before, after) in sorted(self._changes.items())
            ),
            f"{_count(range(self._states.total()), 'run')}: {self._all_states()}; {_count(range(self._rows), 'row')}",
        ]

    def _all_states(self) -> str:
        return ", ".join(f"{number} {state}" for state, number in sorted(self._states.items())) or "nothing is due"


def _stuck(outcomes: list[Outcome]) -> str:
    first, *others = outcomes
    more = f" (and {_count(others, 'more hour')} for the same reason)" if others else ""
    return f"{first.order.slice} {first.state}: {first.message}{more}"


def _some(subjects: Collection[str]) -> str:
    every = sorted(subjects)
    return ", ".join(every[:_NAMED]) + (f" and {len(every) - _NAMED} more" if len(every) > _NAMED else "")


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
