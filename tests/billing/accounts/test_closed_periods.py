"""Which closed periods are looked at again, with which prices, and what comes of it: nothing where nothing changed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.accounts.closed_periods import reopened
from billing.accounts.history import History
from billing.accounts.moment import moment
from billing.accounts.plans import Plans
from billing.accounts.price_books import active_book
from billing.accounts.workspaces import holders, places_of
from billing.invoice import ItemKind
from billing.ledger.slice import BUILDS, Slice
from core.control import reading
from core.registry import Registry
from tests.billing.accounts.world import CLUSTER, MARCH_2026, NEIGHBOUR, NEIGHBOURS_PROJECT, builds, day, neighbours
from tests.billing.books import BUILD, PROJECT, WORKSPACE, written

if TYPE_CHECKING:
    from billing.hour import Period
    from tests.billing.accounts.world import World

PRICES: Final = {1: "0.05", 2: "0.06", 3: "0.07"}


def _book(version: int) -> str:
    return json.dumps(written([{**BUILD, "unit_price": PRICES[version]}], version=version))


def _final(world: World, period: Period, version: int, *, rerate: bool = False) -> str:
    """A final invoice under a version of the price book, a minute after what was done before; its id."""
    world.activate(_book(version))
    world.at = max(world.at, day(9).start) + 60
    draft = world.invoices.draft(WORKSPACE, period, world.evidence, rerate=rerate)
    return world.approve(draft.content.invoice_id).content.invoice_id


def _versions(world: World) -> dict[str, int]:
    """By invoice, the version of the price book that its period was last rated with."""
    with reading(world.engine) as connection:
        history = History(connection, WORKSPACE)
        return {each.id: history.book_of(each)[1] for each in history.closed}


def _looked_at(world: World, start: int) -> list[str]:
    """The closed invoices that one for a period from `start` on looks at again."""
    with reading(world.engine) as connection:
        history = History(connection, WORKSPACE)
        book, until = active_book(connection), world.log.latest()
        return [each.invoice.id for each in reopened(connection, history, start, until, book, rerate=False)]


def test_a_period_has_the_prices_of_its_last_re_rating(world: World) -> None:
    world.publish([builds(number) for number in (1, 2, 3)], MARCH_2026)
    first = _final(world, day(1), 1)
    second = _final(world, day(2), 2, rerate=True)
    third = _final(world, day(3), 3, rerate=True)

    assert _versions(world) == {first: 3, second: 3, third: 3}


def test_a_re_rating_changes_neither_later_periods_nor_what_was_closed_after_it(world: World) -> None:
    world.publish([builds(number) for number in (1, 2, 3)], MARCH_2026)
    third = _final(world, day(3), 2, rerate=True)
    second = _final(world, day(2), 1)
    first = _final(world, day(1), 3, rerate=True)

    assert _versions(world) == {third: 2, second: 1, first: 3}


def test_a_period_is_looked_at_again_for_what_was_published_of_its_own_hours_since(world: World) -> None:
    world.publish([builds(1)], day(1))
    first = _final(world, day(1), 1)
    untouched = _looked_at(world, day(3).start)
    world.publish([builds(2)])  # in the hour that begins as the day ends
    world.publish([builds(1, 80)], kind="estimate")
    beside = _looked_at(world, day(3).start)
    world.publish([builds(1, 70)])  # in its first hour
    late = _looked_at(world, day(3).start)

    assert (untouched, beside, late) == ([], [], [first])
    assert _looked_at(world, day(1).start) == []


def test_an_invoice_without_anything_to_mend_has_no_row_of_nothing(world: World) -> None:
    world.publish([builds(1), builds(2)], MARCH_2026)
    _final(world, day(1), 1)
    world.publish([builds(1, 90)])
    mended = world.invoices.find(_final(world, day(2), 1)).content
    world.publish([builds(2, 60)])  # as it was
    third = world.invoices.find(_final(world, day(3), 1)).content

    assert [item.kind for item in mended.items] == [ItemKind.USAGE, ItemKind.CORRECTION]
    assert third.items == ()


def test_late_usage_makes_up_a_minimum_that_was_charged_before_it_costs_more(world: World) -> None:
    minimum = json.dumps(written([BUILD], minimums=[{"plan": "pro", "amount": "4.00"}]))
    world.activate(minimum)
    Plans(world.engine).give(WORKSPACE, "pro", MARCH_2026.start)
    world.publish([builds(1, 20), builds(2, 100), builds(3, 100), builds(4, 100)], MARCH_2026)
    first = world.final(day(1)).content
    world.publish([builds(1, 60)])
    second = world.final(day(2)).content
    world.publish([builds(1, 100)])
    third, fourth = (world.final(each).content for each in (day(3), day(4)))
    told = [
        [str(item.amount.normalize()) for item in each.items if item.kind is ItemKind.CORRECTION]
        for each in (second, third, fourth)
    ]

    # 1.00 was filled up by 3.00; 3.00 needs 1.00 only; 5.00 needs nothing.
    assert (first.total, told) == (Decimal("4.00"), [["2", "-2"], ["2", "-1"], []])
    assert [each.total for each in (second, third, fourth)] == [Decimal("5.00"), Decimal("6.00"), Decimal("5.00")]


def test_a_void_invoice_changes_what_others_were_drafted_beside(world: World) -> None:
    def digest() -> str:
        with reading(world.engine) as connection:
            return History(connection, WORKSPACE).digest

    world.publish([builds(1)], day(1))
    before = digest()
    invoice = _final(world, day(1), 1)
    final = digest()
    world.invoices.void(invoice, "ada", "wrong")

    assert len({before, final, digest()}) == 3
    with reading(world.engine) as connection:
        assert History(connection, WORKSPACE).closed == ()


def test_an_invoice_knows_those_of_earlier_periods_alone(world: World) -> None:
    world.publish([builds(1), builds(2)], MARCH_2026)
    first, second = _final(world, day(1), 1), _final(world, day(2), 1)
    with reading(world.engine) as connection:
        history = History(connection, WORKSPACE)
        known = [[each.id for each in history.before(day(number).start)] for number in (1, 2, 3)]

    assert known == [[], [first], [first, second]]


def test_a_workspace_holds_a_project_from_its_first_second_until_before_its_last(world: World) -> None:
    """The neighbour's project goes over to the workspace as the second day begins; another begins as the third does."""
    registry = Registry(world.engine)
    registry.move_project(NEIGHBOURS_PROJECT, WORKSPACE, moment(day(2).start))
    elsewhere = registry.create_project(NEIGHBOUR, "Elsewhere", "us", at=moment(day(3).start))
    world.publish([neighbours(builds(1))], day(1))
    with reading(world.engine) as connection:
        held = [[workspace for workspace, _ in holders(connection, day(number))] for number in (1, 2, 3)]
        places = [places_of(connection, NEIGHBOUR, day(number)) for number in (1, 2, 3)]

    assert elsewhere != PROJECT
    assert held == [[WORKSPACE, NEIGHBOUR], [WORKSPACE], [WORKSPACE, NEIGHBOUR]]
    assert places == [{CLUSTER, _builds("eu")}, set(), {_builds("us")}]


def _builds(region: str) -> str:
    return Slice(MARCH_2026.start, region, BUILDS).place
