"""The cardinality pages as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Answer = dict[str, Any]
Names = dict[str, str]


def top(answer: Answer, names: Names) -> str:
    """Each region's totals beside their budgets, then its largest, kind by kind."""
    return "\n".join(line for region in answer["regions"] for line in _top(region, names))


def growth(answer: Answer, names: Names) -> str:
    """Each region's fastest growing projects, services and metrics."""
    return "\n".join(line for region in answer["regions"] for line in _growth(region, names, answer["hours"]))


def who(answer: Answer, names: Names) -> str:
    """Each region's services that added label values."""
    return "\n".join(line for region in answer["regions"] for line in _who(region, names, answer["hours"]))


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
    yield from _aligned([("", "series", "budget", "share"), *(_against(name, one) for name, one in totals)])
    yield from _aligned(
        [("project", "series", "budget", "share"), *(_against(_named(one, names), one) for one in region["projects"])]
    )
    for kind, entries in (("service", region["services"]), ("metric", region["metrics"])):
        yield from _aligned([(kind, "series"), *((_named(entry, names), f"{entry['series']:,}") for entry in entries)])
    yield from _aligned(
        [
            ("label", "values", "series"),
            *((one["name"], f"{one['values']:,}", _number(one["series"])) for one in region["labels"]),
        ]
    )
    yield from _aligned(
        [("value", "series"), *((f"{one['label']}={one['value']}", f"{one['series']:,}") for one in region["values"])]
    )


def _growth(region: Answer, names: Names, hours: int) -> Iterator[str]:
    yield f"region {region['region']}: {region['today']:,} series today, {region['yesterday']:,} yesterday"
    for kind in ("projects", "services", "metrics"):
        head = (kind.removesuffix("s"), "series", f"{hours} h ago", "per hour")
        rows = [
            (_named(one, names), f"{one['series']:,}", f"{one['before']:,}", f"{one['per_hour']:+,g}")
            for one in region[kind]
        ]
        yield from _aligned([head, *rows])


def _who(region: Answer, names: Names, hours: int) -> Iterator[str]:
    yield f"region {region['region']}: new label values of the last {hours} h"
    rows = [("environment, service", "label", "new", "per hour", "series")]
    rows += [
        (
            f"{one['environment']} {names.get(one['service_id']) or '/'.join((one['project_id'], one['service_id']))}",
            one["label"],
            f"{one['new_values']:,}",
            f"{one['values_per_hour']:,g}",
            f"{one['series']:,}",
        )
        for one in region["services"]
    ]
    examples = [("such as",), *(one["examples"] for one in region["services"]), ()]
    for line, such_as in zip(_aligned(rows), examples, strict=True):
        yield f"{line}  {' '.join(such_as)}".rstrip()


def _named(one: Mapping[str, Any], names: Names) -> str:
    name: str = one["name"]
    return names.get(name, name)


def _against(name: str, amount: Answer) -> tuple[str, ...]:
    share = "" if amount["share"] is None else f"{amount['share']:.1%}"
    return name, f"{amount['series']:,}", _number(amount["budget"]), share


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The first column to the left, the others to the right, an empty line after."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        yield "  ".join(["", first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip()
    yield ""
