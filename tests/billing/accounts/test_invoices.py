"""An invoice's way from draft to final, on both databases."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billing.accounts import journal
from billing.accounts.evidence import Remembered
from billing.accounts.plans import Plans
from billing.assembly import Entry
from billing.errors import Immutable, MissingPrice
from billing.hour import HOUR
from billing.invoice import ItemKind, State
from billing.runs.publication import Publications
from core.errors import BadRequest, NotFound, Unavailable
from tests.billing.accounts.world import CLUSTER, MARCH_2026, NEIGHBOUR, builds, day, neighbours
from tests.billing.books import BUILD, SERVICES, WORKSPACE, row, written

if TYPE_CHECKING:
    from collections.abc import Collection

    from billing.coverage import Completeness
    from billing.hour import Period
    from tests.billing.accounts.world import World

BOOK = json.dumps(written([BUILD]))


def test_a_month_becomes_a_draft_a_reviewed_and_a_final_invoice(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 100), builds(2, 30, "b")], MARCH_2026)
    world.at = MARCH_2026.end + 3600

    draft = world.invoices.draft(WORKSPACE, MARCH_2026, world.evidence)
    submitted = world.invoices.submit(draft.content.invoice_id, "ada")
    final = world.invoices.approve(draft.content.invoice_id, "bob", world.log)

    assert (State.DRAFT, "", Decimal("6.50")) == (draft.state, draft.content.number, draft.content.total)
    assert (submitted.state, submitted.submitted_by) == (State.IN_REVIEW, "ada")
    assert (final.state, final.content.number, final.approved_by) == (State.FINAL, "2026-0001", "bob")
    assert (Decimal("100.00"), "standard") == (final.content.completeness, final.content.plan)
    assert ((SERVICES["a"], "web"), (SERVICES["b"], "worker")) == final.content.names[1:]
    assert final == world.invoices.get(WORKSPACE, "2026-0001")
    assert final.content_sha256 == final.content.sha256
    assert journal.findings(world.engine) == ()
    assert [("receivable", Decimal("6.50")), ("revenue:build_s", Decimal("-6.50"))] == [
        (each.account, each.amount) for each in journal.balances(world.engine)
    ]


def test_a_draft_made_anew_of_the_same_is_the_same_to_the_byte_and_takes_in_what_came(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 100)], day(1))
    first = world.invoices.draft(WORKSPACE, day(1), world.evidence)
    again = world.invoices.draft(WORKSPACE, day(1), world.evidence)
    world.publish([builds(1, 160)])
    late = world.invoices.draft(WORKSPACE, day(1), world.evidence)

    assert first.content.sha256 == again.content.sha256 != late.content.sha256
    assert (Decimal("5.00"), Decimal("8.00")) == (first.content.total, late.content.total)
    assert len(world.invoices.of_workspace(WORKSPACE)) == 1
    assert world.invoices.publication(late.content.invoice_id) == world.log.latest()


def test_a_plan_a_tax_and_a_carried_amount_are_on_the_invoice(world: World) -> None:
    world.activate(json.dumps(written([BUILD], included_amounts=[{"plan": "pro", "amount": "2.00"}])))
    Plans(world.engine).give(WORKSPACE, "pro", MARCH_2026.start)
    world.publish([builds(1, 48)], day(1))
    world.publish([builds(2, 100)], day(2))
    small = world.final(day(1)).content
    world.at = day(2).end
    large = world.invoices.draft(WORKSPACE, day(2), world.evidence, taxes=(Entry("VAT", Decimal("0.57")),)).content

    assert ("pro", Decimal(0)) == (small.plan, small.total)
    assert [(item.kind, f"{item.shown}") for item in small.items] == [
        (ItemKind.USAGE, "2.40"),
        (ItemKind.INCLUDED, "-2.00"),
        (ItemKind.CARRIED_OUT, "-0.40"),
    ]
    assert [(item.kind.value, f"{item.shown}") for item in large.items] == [
        ("usage", "5.00"),
        ("included", "-2.00"),
        ("tax", "0.57"),
        ("carried_in", "0.40"),
    ]
    assert (Decimal("3.97"), small.invoice_id) == (large.total, large.items[-1].corrects)
    world.approve(large.invoice_id)
    assert journal.findings(world.engine) == ()
    assert Decimal(0) == sum(each.amount for each in journal.balances(world.engine))
    assert "carried" not in {each.account for each in journal.balances(world.engine) if each.amount}


def test_the_amount_that_was_carried_over_is_taken_up_once(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 4)], day(1))
    world.publish([builds(2, 100)], day(2))
    world.publish([builds(3, 100)], day(3))
    world.final(day(1))
    second, third = (world.final(each).content.total for each in (day(2), day(3)))

    assert (Decimal("5.20"), Decimal("5.00")) == (second, third)


def test_usage_without_a_price_stops_its_invoice_and_is_named(world: World) -> None:
    world.activate(BOOK)
    world.publish([row(0, "cpu_mcore_s", 5)], day(1))

    with pytest.raises(MissingPrice, match=r"no sell price of cpu_mcore_s for plan 'standard' in region 'eu'"):
        world.invoices.draft(WORKSPACE, day(1), world.evidence)
    assert world.invoices.of_workspace(WORKSPACE) == []


def test_without_a_price_book_in_force_nothing_is_drafted(world: World) -> None:
    world.publish([builds(1)], day(1))

    with pytest.raises(MissingPrice, match="none is in force"):
        world.invoices.draft(WORKSPACE, day(1), world.evidence)


def test_whoever_submitted_an_invoice_does_not_approve_it(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))
    world.at = day(1).end
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content.invoice_id
    world.invoices.submit(draft, "ada")

    with pytest.raises(BadRequest, match="a second person approves"):
        world.invoices.approve(draft, "ada", world.log)
    assert world.invoices.approve(draft, "bob", world.log).content.number == "2026-0001"


def test_incomplete_evidence_is_not_approved_until_it_is_waived(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))
    world.publish([row(5, "build_s", 60)], heard=60)
    world.at = day(1).end
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content
    world.invoices.submit(draft.invoice_id, "ada")

    with pytest.raises(BadRequest, match="is incomplete for cluster-1 2026-03-01T05:00:00Z; backfill or waive"):
        world.invoices.approve(draft.invoice_id, "bob", world.log)
    world.log.waive(CLUSTER, day(1).start + 5 * HOUR, "the region was down", "ada")
    final = world.invoices.approve(draft.invoice_id, "bob", world.log)

    assert (State.FINAL, Decimal("98.95")) == (final.state, final.content.completeness)


def test_a_period_that_has_not_ended_is_drafted_but_not_submitted(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))
    world.at = day(1).end - 1
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content.invoice_id

    with pytest.raises(BadRequest, match="period: ends at 2026-03-02T00:00:00Z; submit the invoice after it"):
        world.invoices.submit(draft, "ada")


def test_steps_are_taken_in_their_order_alone(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))
    final = world.final(day(1)).content

    with pytest.raises(Immutable, match="2026-0001: is final; only a draft can be made anew"):
        world.invoices.draft(WORKSPACE, day(1), world.evidence)
    for step in (world.invoices.withdraw, lambda each: world.invoices.submit(each, "eve")):
        with pytest.raises(Immutable):
            step(final.invoice_id)
    with pytest.raises(Immutable):
        world.invoices.approve(final.invoice_id, "eve", world.log)
    with pytest.raises(Immutable):
        world.invoices.reissue(final.invoice_id, world.evidence)


def test_an_invoice_taken_back_from_review_is_drafted_anew(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))
    world.at = day(1).end
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content.invoice_id
    world.invoices.submit(draft, "ada")
    with pytest.raises(Immutable, match="is in_review"):
        world.invoices.draft(WORKSPACE, day(1), world.evidence)
    world.invoices.withdraw(draft)

    assert State.DRAFT is world.invoices.draft(WORKSPACE, day(1), world.evidence).state


def test_a_ledger_that_lags_behind_makes_no_invoice(world: World) -> None:
    class Lagging(type(world.shelf)):  # type: ignore[misc]  # a subclass of whatever the world has
        def latest(self) -> int:
            return int(super().latest()) - 1

    world.activate(BOOK)
    world.publish([builds(1)], day(1))

    with pytest.raises(Unavailable, match=r"ledger: knows publications up to 47 of 48"):
        world.invoices.draft(WORKSPACE, day(1), replace(world.evidence, ledger=Lagging(world.engine)))


def test_many_invoices_at_a_time_are_of_one_publication_and_look_at_its_hours_once(world: World) -> None:
    class Counting(Publications):
        asked = 0

        def completeness(
            self, period: Period, clusters: Collection[str] | None = None, until: int | None = None
        ) -> Completeness:
            Counting.asked += 1
            return super().completeness(period, clusters, until)

    world.activate(BOOK)
    world.publish([builds(1, 100), neighbours(builds(1, 10))], day(1))
    evidence = replace(world.evidence, publications=Remembered(Counting(world.engine)))
    first = world.invoices.draft(WORKSPACE, day(1), evidence).content
    world.publish([builds(1, 200)])
    second = world.invoices.draft(NEIGHBOUR, day(1), evidence).content
    again = world.invoices.draft(WORKSPACE, day(1), evidence).content

    assert (Decimal("5.00"), Decimal("0.50")) == (again.total, second.total)
    assert first.sha256 == again.sha256
    assert Counting.asked == 1


def test_an_unknown_workspace_is_not_found(world: World) -> None:
    world.activate(BOOK)
    world.publish([builds(1)], day(1))

    with pytest.raises(NotFound, match="workspace: 'nobody' does not exist"):
        world.invoices.draft("nobody", day(1), world.evidence)
