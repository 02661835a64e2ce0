"""Accounting in a terminal, over a real ledger: a month and its follow-up, told in order."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import pytest
from typer.testing import CliRunner

from billing.commands import app
from billing.hour import month
from core import control
from tests.billing.accounts import steps_of_invoices as invoices
from tests.billing.accounts import steps_of_money as money
from tests.billing.accounts import steps_of_prices as prices
from tests.billing.accounts.ledgers import running_ledger
from tests.billing.accounts.office import Office
from tests.billing.accounts.world import World, builds, neighbours
from tests.billing.books import MARCH, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APRIL: Final = month(2026, 4)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, sqlite_store: Path) -> Iterator[Office]:
    """Two months of two workspaces in stores of their own, no price in force."""
    folder = tmp_path_factory.mktemp("office")
    store = folder / "control.db"
    shutil.copyfile(sqlite_store, store)
    engine = control.connect(f"sqlite:///{store}")
    with running_ledger(folder / "ledger") as real:
        (folder / "ledger_url").write_text(real.url)
        config = folder / "billing.toml"
        config.write_text(
            f'control_store = "sqlite:///{store}"\nledger_url_file = "ledger_url"\n'
            '[[regions]]\nname = "eu"\nmetrics_url = "http://127.0.0.1:1"\n'
            '[suppliers]\ndepot_monthly_threshold = "500.00"\n'
        )
        world = World(engine, MARCH, real.ledger).build()
        pods = [row(0, "cpu_mcore_s", 1_000_000, source="pod-1"), row(0, "mem_byte_s", 1_000 << 30, source="pod-1")]
        world.publish([builds(1, 100), *pods, neighbours(builds(2, 30))], month(2026, 3))
        world.publish([builds(35, 130)], APRIL)
        yield Office(world, config, folder)
    engine.dispose()


def _a_store_that_fails_exits_3_and_wrong_words_exit_2(office: Office) -> None:
    broken = office.folder / "broken.toml"
    broken.write_text(office.config.read_text().replace("control.db", "empty.db"))
    outcome = CliRunner().invoke(app, ["invoice", "list", "--config", str(broken)])

    assert (outcome.exit_code, "migration(s) are pending" in outcome.output) == (3, True)
    office.run("invoice", "draft", "--month", "March", exits=2)
    office.run("invoice", "draft", "--month", "2026-03", "--workspace", "Nobody", exits=2)
    office.run("invoice", "submit", "--by", "ada", exits=2)
    office.run("invoice", "show", "2026-9999", exits=2)


# Each step builds on those before it, so they are one test: apart, they could run in several processes.
_STEPS = (
    prices.sample_prices_are_not_put_in_force_by_accident,
    prices.without_a_price_an_invoice_is_not_drawn_up_and_its_usage_named,
    prices.a_price_book_is_shown_before_it_is_put_in_force,
    invoices.a_month_is_drafted_reviewed_and_approved_by_two,
    invoices.an_invoice_is_shown_and_every_item_explained_to_its_pods,
    invoices.an_invoice_is_written_in_every_form_and_its_bundle_holds,
    prices.another_price_book_is_tried_without_touching_anything,
    invoices.the_next_month_corrects_and_differs_and_the_journal_adds_up,
    money.a_suppliers_bill_is_reconciled_and_the_margin_told,
    money.a_supplier_that_costs_as_much_as_a_move_is_a_finding,
    money.plans_and_budgets_are_set_and_shown,
    invoices.a_void_invoice_is_reissued,
    _a_store_that_fails_exits_3_and_wrong_words_exit_2,
)


@pytest.mark.timeout(600)
def test_accounting_is_done_in_a_terminal_from_the_first_price_to_a_reissued_invoice(office: Office) -> None:
    for step in _STEPS:
        step(office)
