"""Invoices over the ledger as it is, on both control stores: what a month does to a bill."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billing.accounts import journal
from billing.accounts.bundles import bundle_of, explained_hours, explanation
from billing.accounts.costs import margin
from billing.accounts.moment import moment
from billing.build import BuildEvent, BuildState, build_usage, sift_builds
from billing.errors import Unbalanced
from billing.hour import HOUR
from billing.invoice import ItemKind
from billing.meter import Meter
from billing.ownership import Attribution
from billing.policy import MeteringPolicy
from billing.rounding import total
from billing.runs.holdings import holdings
from billing.verification import verify
from core.errors import BadRequest
from core.registry import Registry
from core.tenant import Tenant
from tests.billing.accounts.ledgers import running_ledger
from tests.billing.accounts.world import CLUSTER, NEIGHBOUR, World, builds, day
from tests.billing.books import BUILD, MARCH, PROJECT, SERVICES, WORKSPACE, row, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.billing.accounts.ledgers import RealLedger

BOOK = json.dumps(
    written([BUILD, {"id": "cpu", "meter": "cpu_mcore_s", "unit": "vCPU-Seconds", "unit_price": "0.000007716049"}])
)


@pytest.fixture(scope="module")
def real_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLedger]:
    """A ledger for this module."""
    with running_ledger(tmp_path_factory.mktemp("real-ledger")) as running:
        yield running


@pytest.fixture
def world(engine: Engine, real_ledger: RealLedger) -> World:
    """A world whose ledger is real, and empty."""
    real_ledger.clear()
    return World(engine, MARCH, real_ledger.ledger).build()


def test_an_outage_is_waived_and_its_backfill_is_corrected_on_the_next_invoice(world: World) -> None:
    world.activate(BOOK)
    pods = [row(hour, "cpu_mcore_s", 3_600_000_000, source="pod-1") for hour in range(24) if hour not in {5, 6}]
    world.publish(pods, day(1))
    world.publish([row(hour, "build_s", 0) for hour in (5, 6)], heard=0)
    world.publish([builds(2, 60)], day(2))
    world.at = day(1).end
    draft = world.invoices.draft(WORKSPACE, day(1), world.evidence).content.invoice_id
    world.invoices.submit(draft, "ada")
    with pytest.raises(BadRequest, match="evidence is incomplete for cluster-1 2026-03-01T05"):
        world.invoices.approve(draft, "bob", world.log)
    for hour in (5, 6):
        world.log.waive(CLUSTER, MARCH + hour * HOUR, "the region was cut off", "ada")
    first = world.invoices.approve(draft, "bob", world.log).content
    world.publish([row(hour, "cpu_mcore_s", 3_600_000_000, source="pod-1") for hour in (5, 6)])
    second = world.final(day(2))

    # 22 and then 2 more hours of 1,000 vCPU at 0.000007716049 a second: 611.11 and 55.56.
    assert Decimal("611.11") == first.total
    correction = total(item.amount for item in second.content.items if item.kind is ItemKind.CORRECTION)
    assert (Decimal("55.5555528"), Decimal("58.56")) == (correction, second.content.total)
    assert first == world.invoices.get(WORKSPACE, first.number).content
    (late,) = [item.number for item in second.content.items if item.kind is ItemKind.CORRECTION]
    assert [
        (each.hour, each.source_id, each.before, each.base_quantity)
        for each in explained_hours(world.engine, world.evidence.ledger, second, late)
    ] == [(MARCH + hour * HOUR, "pod-1", 0, 3_600_000_000) for hour in (5, 6)]
    verdict = verify(bundle_of(world.engine, world.evidence.ledger, second), second.content_sha256)
    assert verdict.findings == ()
    assert journal.findings(world.engine) == ()


def test_a_project_that_moves_within_a_month_is_paid_for_by_each_in_its_hours(world: World) -> None:
    """From 12:30 on the neighbour holds it; the hour in which it moves is still the old workspace's."""
    world.activate(BOOK)
    Registry(world.engine).move_project(PROJECT, NEIGHBOUR, moment(MARCH + 12 * HOUR + 1800))
    tenant = Tenant(PROJECT, "production", SERVICES["a"])
    reports = [
        BuildEvent(
            build_id=f"build-{hour}",
            delivery_id=f"delivery-{hour}",
            tenant=tenant,
            region="eu",
            state=BuildState.SUCCEEDED,
            started_at=MARCH + hour * HOUR,
            finished_at=MARCH + hour * HOUR + 1200,
            received_at=MARCH + hour * HOUR + 1200,
        )
        for hour in range(24)
    ]
    held = Attribution({}, holdings(world.engine, day(1)))
    world.publish(build_usage(sift_builds(reports, MeteringPolicy()), held), day(1))
    ours, theirs = (world.final(day(1), each).content for each in (WORKSPACE, NEIGHBOUR))

    # 13 and 11 builds of 20 minutes at 0.05.
    assert (Decimal("13.00"), Decimal("11.00")) == (ours.total, theirs.total)
    assert Decimal("24.00") == total([ours.total, theirs.total])


def test_every_item_is_explained_down_to_its_pods_and_adds_up(world: World) -> None:
    world.activate(BOOK)
    pods = [row(hour, "cpu_mcore_s", 3_600_000 + hour, source=f"pod-{hour % 3}") for hour in range(24)]
    world.publish([*pods, builds(1, 45), builds(1, 30, "b")], day(1))
    final = world.final(day(1))
    ledger = world.evidence.ledger
    world.publish([builds(1, 59)])

    for item in final.content.items[:3]:
        found = explanation(world.engine, ledger, final, item.number)
        assert item.amount == total(line.amount for line in found.days)
        assert sum(line.base_quantity for line in found.days) == sum(each.base_quantity for each in found.sources)
        hours = explained_hours(world.engine, ledger, final, item.number)
        assert {each.source_id: each.base_quantity for each in found.sources} == {
            source.source_id: sum(each.base_quantity for each in hours if each.source_id == source.source_id)
            for source in found.sources
        }
    cpu = explanation(world.engine, ledger, final, 2)
    assert [(each.hour, each.source_id) for each in explained_hours(world.engine, ledger, final, 2)] == [
        (MARCH + hour * HOUR, f"pod-{hour % 3}") for hour in range(24)
    ]
    assert [(each.source_id, each.running_s // HOUR) for each in cpu.sources] == [
        ("pod-2", 8),
        ("pod-1", 8),
        ("pod-0", 8),
    ]


def test_an_invoice_whose_rows_are_gone_is_neither_explained_nor_bundled(world: World, real_ledger: RealLedger) -> None:
    world.activate(BOOK)
    world.publish([builds(1, 60)], day(1))
    final = world.final(day(1))
    real_ledger.clear()

    for ask in (
        lambda: explanation(world.engine, world.evidence.ledger, final, 1),
        lambda: bundle_of(world.engine, world.evidence.ledger, final),
    ):
        with pytest.raises(Unbalanced, match="2026-0001: the ledger's rows as of publication 48 are not those"):
            ask()


@pytest.mark.parametrize("is_reissued", [False, True], ids=["as it was issued", "void and reissued"])
def test_a_closed_periods_margin_is_what_its_invoices_came_to_all_in_all(world: World, is_reissued: bool) -> None:
    """100 minutes are 5.00, of which 1.00 is included and which a minimum makes up to 9.00; they cost 4.00."""
    cost = {**BUILD, "id": "cost", "kind": "cost", "unit_price": "0.04"}
    terms = {
        "included_amounts": [{"plan": "standard", "amount": "1.00"}],
        "minimums": [{"plan": "standard", "amount": "9.00"}],
    }
    world.activate(json.dumps(written([BUILD, cost], **terms)))
    world.publish([builds(1, 100)], day(1))
    world.credits.give(WORKSPACE, "Welcome", Decimal("2.00"), by="ada")
    issued = world.final(day(1)).content
    if is_reissued:
        world.invoices.void(issued.invoice_id, "ada", "wrong address")
        world.approve(world.invoices.reissue(issued.invoice_id, world.evidence).content.invoice_id)
    assert world.ledger is not None
    report = margin(world.engine, world.ledger, day(1), world.log.latest())
    (found,) = report.rows

    assert found.earned.is_booked
    assert found.earned.revenue == {Meter.BUILD: Decimal("5.00")}
    assert (found.earned.deductions, found.earned.credits) == (Decimal("4.00"), Decimal("2.00"))
    assert (found.revenue, found.gross, found.build_percent) == (Decimal("9.00"), Decimal("5.00"), Decimal("20.00"))
