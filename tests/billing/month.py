"""A small month with everything in it: two services, two environments, a price change, steps, a credit, a tax."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from billing.assembly import Inputs, assemble
from billing.correction import corrections
from billing.invoice import Invoice
from billing.lifecycle import finalise, submit
from billing.price_book_file import normal_form, read_price_book
from billing.rating import rate
from tests.billing.books import BUILD, MARCH, credit_list, entries, inputs, row, written

if TYPE_CHECKING:
    from billing.usage import UsageRow

_CPU = {"id": "cpu-1", "meter": "cpu_mcore_s", "unit": "vCPU-Seconds", "unit_price": "0.000007716049"}
_CHANGE = "2026-03-16T12:00:00Z"
_STEPS = [{"up_to": 20, "unit_price": "0.05"}, {"unit_price": "0.04"}]
BOOK = normal_form(
    json.dumps(
        written(
            [
                {**_CPU, "valid_to": _CHANGE},
                {**_CPU, "id": "cpu-2", "unit_price": "0.000008", "valid_from": _CHANGE},
                {**BUILD, "unit_price": None, "model": "graduated", "steps": _STEPS},
                {"id": "memory", "meter": "mem_byte_s", "unit": "GiB-Seconds", "unit_price": "0.000003858025"},
            ],
            included_amounts=[{"plan": "pro", "amount": "1.00"}],
        )
    )
)


def rows() -> list[UsageRow]:
    """The month's usage."""
    days = range(0, 744, 24)
    used = [row(hour, "cpu_mcore_s", 90_000_000 + hour, service) for hour in days for service in "ab"]
    used += [row(hour + 12, "mem_byte_s", 1_932_735_283_200 + hour, "a") for hour in days]
    used += [row(hour, "build_s", 77, "b", source=f"build-{hour}") for hour in days]
    return [*used, *(replace(each, environment="staging") for each in used[:40])]


def given() -> Inputs:
    """What else the month's invoice depends on: a correction of February, too."""
    february = [row(-24, "build_s", 600, "a")]
    late = [*february, row(-48, "build_s", 60, "a")]
    book = read_price_book(BOOK)
    return inputs(
        credits=credit_list([{"id": "c1", "remaining": "5.00"}]),
        taxes=entries([{"title": "VAT", "amount": "1.23"}]),
        corrections=corrections(rate(february, book, "pro"), rate(late, book, "pro"), "inv-0"),
    )


def final() -> Invoice:
    """The month's final invoice."""
    content = assemble(rows(), read_price_book(BOOK), given())
    return finalise(submit(Invoice(content), "ada"), "2026-0003", MARCH + 744 * 3600, "bob")
