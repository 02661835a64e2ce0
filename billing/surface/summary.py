"""A span's usage as a table for people: sums in units that people know, money in cents that add up to the total."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from billing.meter import TITLES, Meter, unit
from billing.rounding import Mode, money, rounded, shares_in_cents, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# The unit that an amount of usage is shown in; days of one month are shown alike.
_UNITS: Final = {
    Meter.CPU: "vCPU-Hours",
    Meter.MEMORY: "GiB-Hours",
    Meter.BUILD: "Minutes",
    Meter.VOLUME: "GiB-Hours",
    Meter.EGRESS: "GB",
    Meter.BUILD_CACHE: "GiB-Hours",
}
_COLUMNS: Final = {"project": "project_id", "environment": "environment", "service": "service_id", "region": "region"}
_PLACES: Final = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """The rows of a table, all cells as texts: names, then quantity, unit and amount; and the total of the amounts."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: str


def summary(rows: Iterable[Mapping[str, Any]], group_by: Sequence[str], names: Mapping[str, str]) -> Summary:
    """The sums of an answer's rows by what they are told apart by."""
    quantities: defaultdict[tuple[str, ...], int] = defaultdict(int)
    amounts: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    places = [name for name in _COLUMNS if name in group_by]
    is_metered = "meter" in group_by
    for row in rows:
        key = *(row[_COLUMNS[name]] or "" for name in places), row["meter"] or ""
        quantities[key] += int(row["quantity"] or 0)
        amounts[key] = total([amounts[key], Decimal(row["amount"])])
    keys = sorted(quantities)
    due = money(total(amounts.values()))
    shown = shares_in_cents([amounts[key] for key in keys], due)
    table = []
    for key, cents in zip(keys, shown, strict=True):
        *texts, meter = key
        cells = [names.get(text, text) for text in texts]
        if is_metered:
            named = unit(Meter(meter), _UNITS[Meter(meter)])
            quantity = rounded(quantities[key], named.size(0), _PLACES, Mode.HALF_EVEN)
            cells += [TITLES[Meter(meter)], f"{quantity:,f}", named.name]
        table.append((*cells, f"{cents:,f}"))
    head = (*places, *(("meter", "quantity", "unit") if is_metered else ()), "amount")
    return Summary(head, tuple(table), f"{due:,f}")
