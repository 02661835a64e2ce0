"""The invoices that there are: read one by one or as a list, never changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import or_, select

from billing import lifecycle
from billing.accounts import invoice_rows
from billing.accounts.moment import moment
from billing.schema import invoices
from core.control import reading
from core.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import Row

    from billing.accounts.invoice_rows import Summary
    from billing.assembly import Inputs
    from billing.hour import Period
    from billing.invoice import Invoice

ABSENT: Final = "no such invoice"


class Register:
    """Reads of invoices; all raise `Unavailable` when the store does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_workspace(self, workspace_id: str) -> list[Summary]:
        """A workspace's invoices, the latest period first, void ones included."""
        return self._listed(workspace_id=workspace_id)

    def every(self, period: Period | None = None) -> list[Summary]:
        """All workspaces' invoices, or those of a period."""
        return self._listed(period=period)

    def get(self, workspace_id: str, invoice_id_or_number: str) -> Invoice:
        """A workspace's invoice; a foreign one looks like an unknown one.

        Raises:
            Unbalanced: its content is not what was made final.
        """
        found = self.find(invoice_id_or_number)
        if found.content.workspace_id != workspace_id:
            raise NotFound(ABSENT)
        return found

    def find(self, invoice_id_or_number: str) -> Invoice:
        """An invoice of whatever workspace.

        Raises:
            Unbalanced: its content is not what was made final.
        """
        invoice = invoice_rows.read_invoice(self.row(invoice_id_or_number))
        lifecycle.require_intact(invoice)
        return invoice

    def inputs(self, invoice_id: str) -> Inputs:
        """What an invoice was made of besides rows and prices."""
        return invoice_rows.read_inputs(self.row(invoice_id).inputs)

    def publication(self, invoice_id: str) -> int:
        """As of which publication an invoice's rows are read."""
        publication: int = self.row(invoice_id).publication
        return publication

    def _listed(self, *, workspace_id: str | None = None, period: Period | None = None) -> list[Summary]:
        statement = select(*(column for column in invoices.c if column.name not in {"content", "inputs"}))
        if workspace_id is not None:
            statement = statement.where(invoices.c.workspace_id == workspace_id)
        if period is not None:
            statement = statement.where(invoices.c.period_start == moment(period.start))
        ordered = statement.order_by(
            invoices.c.period_start.desc(), invoices.c.workspace_id, invoices.c.created_at.desc(), invoices.c.id
        )
        with reading(self._engine) as connection:
            return [invoice_rows.read_summary(row) for row in connection.execute(ordered)]

    def row(self, invoice_id_or_number: str) -> Row[Any]:
        """An invoice as it is stored.

        Raises:
            NotFound: there is none.
        """
        named = or_(invoices.c.id == invoice_id_or_number, invoices.c.number == invoice_id_or_number)
        with reading(self._engine) as connection:
            found = connection.execute(select(invoices).where(named)).one_or_none()
        if found is None:
            raise NotFound(ABSENT)
        return found
