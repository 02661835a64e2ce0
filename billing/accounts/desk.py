"""What an accountant's command works with: the control store, the ledger, and all that stands on them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from billing.accounts.budgets import Budgets
from billing.accounts.credits import Credits
from billing.accounts.evidence import Evidence, Remembered
from billing.accounts.invoices import Invoices
from billing.accounts.plans import Plans
from billing.accounts.price_books import PriceBooks
from billing.accounts.suppliers import Suppliers
from billing.accounts.workspaces import all_workspaces, holders
from billing.ledger.store import Ledger
from billing.runs.publication import Publications
from billing.settings import BillingSettings
from core import control
from core.control import reading
from core.errors import BadRequest
from core.settings import load

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Engine

    from billing.hour import Period


class Desk:
    """The stores that a billing file names, opened, and closed again at the end of a `with`."""

    def __init__(self, settings: BillingSettings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine
        self.invoices = Invoices(engine)
        self.books = PriceBooks(engine)
        self.credits = Credits(engine)
        self.plans = Plans(engine)
        self.budgets = Budgets(engine, settings.webhooks)
        self.suppliers = Suppliers(engine)

    @classmethod
    def open(cls, config: Path) -> Desk:
        """Open what the file names.

        Raises:
            ConfigurationError: the file is wrong.
            Unavailable: the control store does not answer, or is not migrated.
        """
        settings = load(BillingSettings, config)
        engine = control.connect(settings.control_store.get_secret_value())
        try:
            control.require_current(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(settings, engine)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger; connected to when it is first asked."""
        return Ledger.at(self.settings.ledger_url.get_secret_value())

    @cached_property
    def publications(self) -> Remembered:
        """What is published, as it is when it is first asked for: a command sees one state of it."""
        return Remembered(Publications(self.engine))

    @property
    def evidence(self) -> Evidence:
        """The ledger with the order of its publications."""
        return Evidence(self.ledger, self.publications)

    def workspace(self, named: str) -> str:
        """The id of a workspace that is named by its id or its name.

        Raises:
            BadRequest: there is none, or there are several of that name.
        """
        with reading(self.engine) as connection:
            every = all_workspaces(connection)
        found = [workspace for workspace, name in every if named in {workspace, name}]
        if len(found) != 1:
            which = "several are" if found else "none is"
            raise BadRequest(f"workspace: {which} called {named[:100]!r}; give the id of one")
        return found[0]

    def workspaces(self, period: Period) -> tuple[tuple[str, str], ...]:
        """(id, name) of the workspaces that held a project in a period: those that get an invoice for it."""
        with reading(self.engine) as connection:
            return holders(connection, period)

    def names(self) -> dict[str, str]:
        """What all workspaces are called, by their ids."""
        with reading(self.engine) as connection:
            return dict(all_workspaces(connection))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "ledger" in self.__dict__:
            self.ledger.close()
        self.engine.dispose()
