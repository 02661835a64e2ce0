"""Invoice numbers: a series for each year of UTC, without a gap, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from sqlalchemy import update

from billing.accounts.numbers import next_number
from billing.hour import parse
from billing.schema import invoice_series
from core.control import writing

if TYPE_CHECKING:
    from sqlalchemy import Engine

NEW_YEAR: Final = parse("2027-01-01T00:00:00Z", "NEW_YEAR")


def _next(engine: Engine, at: int) -> str:
    with writing(engine) as connection:
        return next_number(connection, at)


def _take_and_fail(engine: Engine, taken: list[str]) -> None:
    with writing(engine) as connection:
        taken.append(next_number(connection, NEW_YEAR))
        raise RuntimeError("after the number is taken")


def test_a_year_has_a_series_of_its_own_which_late_invoices_go_on_with(engine: Engine) -> None:
    taken = [_next(engine, at) for at in (NEW_YEAR - 2, NEW_YEAR - 1, NEW_YEAR, NEW_YEAR + 1, NEW_YEAR - 1)]

    assert taken == ["2026-0001", "2026-0002", "2027-0001", "2027-0002", "2026-0003"]


def test_a_number_that_was_not_committed_is_the_next_ones(engine: Engine) -> None:
    first, lost = _next(engine, NEW_YEAR), list[str]()
    with pytest.raises(RuntimeError):
        _take_and_fail(engine, lost)

    assert (first, lost, _next(engine, NEW_YEAR)) == ("2027-0001", ["2027-0002"], "2027-0002")


def test_a_year_may_have_more_than_four_digits_of_invoices(engine: Engine) -> None:
    _next(engine, NEW_YEAR)
    with writing(engine) as connection:
        connection.execute(update(invoice_series).values(last=9_998))

    assert [_next(engine, NEW_YEAR), _next(engine, NEW_YEAR)] == ["2027-9999", "2027-10000"]
