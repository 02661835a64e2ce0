"""Invoice numbers: one series a year without a gap, since a number is taken only by what is committed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

from billing.hour import date
from billing.schema import invoice_series

if TYPE_CHECKING:
    from sqlalchemy import Connection


def next_number(connection: Connection, issued_at: int) -> str:
    """The next number of the year, such as `2026-0001`; others who want one wait for the end of this transaction."""
    series = date(issued_at)[:4]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(invoice_series)
        .values(series=series, last=1)
        .on_conflict_do_update(index_elements=[invoice_series.c.series], set_={"last": invoice_series.c.last + 1})
        .returning(invoice_series.c.last)
    )
    last: int = connection.execute(statement).scalar_one()
    return f"{series}-{last:04}"
