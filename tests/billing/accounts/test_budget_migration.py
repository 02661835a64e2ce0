"""Budgets that were put before it was kept when: they stay, and are told of no month that is over."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from billing.accounts.moment import now
from core import control
from core.control import writing
from tests.billing.books import WORKSPACE

if TYPE_CHECKING:
    from billing.accounts.budgets import Budgets
    from tests.billing.accounts.world import World


def test_budgets_of_before_count_as_put_at_their_migration(world: World, budgets: Budgets) -> None:
    known, _ = budgets.put(WORKSPACE, "all", Decimal("10.00"))
    with writing(world.engine) as connection:
        config = Config()
        config.set_main_option("script_location", "sql:control")
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    before = now()
    control.upgrade(world.engine)
    (budget,) = budgets.listed()

    assert replace(budget, put_at=known.put_at) == known
    assert known.put_at < before <= budget.put_at <= now()
