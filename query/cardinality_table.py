"""The cardinality pages as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Answer = dict[str, Any]
Names = dict[str, str]

_AGAINST: Final = ("series", "budget", "share")


def top(answer: Answer, names: Names) -> str:
    """Each region's totals beside their budgets, then its largest, kind by kind."""
    return "\n".join(line for region in answer["regions"] for line in _top(region, names))


def growth(answer: Answer, names: Names) -> str:
    """Each region's fastest growing projects, services and metrics."""
    return "\n".join(line for region in answer["regions"] for line in _growth(region, names, answer["hours"]))


def who(answer: Answer, names: Names) -> str:
    """Each region's services that added label values."""
    return "\n".join(line for region in answer["regions"] for line in _who(region, names, answer["hours"]))


def mine(data: Answer, label: str, names: Names) -> str:
    """A tenant's own part, as the store's index of the day has it; `label` is the one whose values were counted."""
    lines = [f"{data.get('totalSeries', 0):,} series today, restarts included"]
    for head, table, what in (
        (label, "seriesCountByFocusLabelValue", "series"),
        ("metric", "seriesCountByMetricName", "series"),
        ("label", "labelValueCountByLabelName", "values"),
        ("value", "seriesCountByLabelValuePair", "series"),
    ):
        rows = [(_named(one, names), f"{one['value']:,}") for one in data.get(table) or ()]
        lines += _aligned([(head, what), *rows])
    return "\n".join(lines)


def is_over(answer: Answer) -> bool:
    """Whether a region or project has more series than its budget."""
    return any(
        (amount["share"] or 0) > 1
        for region in answer["regions"]
        for amount in (region["today"], *([region["active"]] if region["active"] else []), *region["projects"])
    )


def _top(region: Answer, names: Names) -> Iterator[str]:
    totals = [("active now", region["active"])] if region["active"] else []
    totals.append(("today, restarts included", region["today"]))
    yield f"region {region['region']}"
    yield from _aligned([("", *_AGAINST), *((name, *_against(one)) for name, one in totals)])
    for kind in ("projects", "services", "metrics"):
        rows = [(_named(one, names), *_against(one)) for one in region[kind]]
        yield from _aligned([(kind.removesuffix("s"), *_AGAINST), *rows])
    labels = [(one["name"], f"{one['values']:,}", *_against(one)) for one in region["labels"]]
    yield from _aligned([("label", "values", *_AGAINST), *labels])
    values = [(f"{one['label']}={one['value']}", *_against(one)) for one in region["values"]]
    yield from _aligned([("value", *_AGAINST), *values])


def _growth(region: Answer, names: Names, hours: int) -> Iterator[str]:
    yield f"region {region['region']}: {region['today']:,} series today, {region['yesterday']:,} yesterday"
    for kind in ("projects", "services", "metrics"):
        head = (kind.removesuffix("s"), f"{hours} h ago", "per hour", *_AGAINST)
        rows = [
            (_named(one, names), f"{one['before']:,}", f"{one['per_hour']:+,g}", *_against(one)) for one in region[kind]
        ]
        yield from _aligned([head, *rows])


def _who(region: Answer, names: Names, hours: int) -> Iterator[str]:
    yield f"region {region['region']}: new label values of the last {hours} h"
    rows = [("environment, service", "label", "new", "per hour", *_AGAINST)]
    rows += [
        (
            f"{one['environment']} {names.get(one['service_id']) or '/'.join((one['project_id'], one['service_id']))}",
            one["label"],
            f"{one['new_values']:,}",
            f"{one['values_per_hour']:,g}",
            *_against(one),
        )
        for one in region["services"]
    ]
    examples = [("such as",), *(one["examples"] for one in region["services"]), ()]
    for line, such_as in zip(_aligned(rows), examples, strict=True):
        yield f"{line}  {' '.join(such_as)}".rstrip()
    for one in region["services"] if hours > 1 else ():
        counts = " ".join(map(str, one["by_hour"]))
        yield f"  {one['label']} of {names.get(one['service_id'], one['service_id'])}, hour by hour: {counts}"


def _named(one: Mapping[str, Any], names: Names) -> str:
    name: str = one["name"]
    return names.get(name, name)


def _against(amount: Answer) -> tuple[str, str, str]:
    share = "" if amount["share"] is None else f"{amount['share']:.1%}"
    return _number(amount["series"]), _number(amount["budget"]), share


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The first column to the left, the others to the right, an empty line after."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        yield "  ".join(["", first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip()
    yield ""
