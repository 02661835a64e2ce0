"""From evidence to invoice in one go: what happens in a month that a text-book leaves out."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from billing.assembly import assemble
from billing.build import BuildEvent, BuildState, build_usage, sift_builds
from billing.canonical import canonical
from billing.correction import corrections
from billing.hour import HOUR, Period, month
from billing.intervals import intervals
from billing.invoice import Invoice
from billing.lifecycle import finalise, require_balance, submit
from billing.observation import Phase, PodObservation, table
from billing.ownership import Attribution, Holding
from billing.pod_hours import pod_hours
from billing.policy import MeteringPolicy
from billing.quarantine import sift
from billing.rating import rate
from billing.rounding import total
from billing.usage import UsageRow, pod_usage
from core.tenant import Tenant
from ingest.usage.effective_request import effective_request
from ingest.usage.pod_document import read_pod
from tests.billing.books import MARCH, PROJECT, SERVICES, WORKSPACE, book_of, inputs

if TYPE_CHECKING:
    from collections.abc import Iterable

_POLICY = MeteringPolicy()
_TENANT = Tenant("bbbbbbbb-0000-4000-8000-000000000001", "production", "cccccccc-0000-4000-8000-00000000000a")
_BOOK = book_of(
    [
        {"id": "cpu", "meter": "cpu_mcore_s", "unit": "vCPU-Seconds", "unit_price": "0.01"},
        {"id": "memory", "meter": "mem_byte_s", "unit": "GiB-Seconds", "unit_price": "0.001"},
        {"id": "build", "meter": "build_s", "unit": "Minutes", "unit_price": "0.05"},
    ]
)


def _document(labels: dict[str, str], cpu: str = "500m") -> dict[str, Any]:
    requests = {"cpu": cpu, "memory": "1Gi"}
    return {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "a", "resources": {"requests": requests}}]},
    }


def _seen(at: int, document: dict[str, Any], uid: str = "uid-1") -> PodObservation:
    request = effective_request(read_pod(document))
    return PodObservation("cluster-1", uid, MARCH + at, Phase.RUNNING, request.cpu_m, request.memory_b, "node-1")


def _rows(seen: Iterable[PodObservation], *holdings: Holding, window: Period | None = None) -> list[UsageRow]:
    held = holdings or (Holding(PROJECT, 0, None, WORKSPACE),)
    attribution = Attribution({("cluster-1", "uid-1"): _TENANT}, held)
    pieces = intervals(sift(table(seen), _POLICY).accepted, _POLICY)
    return list(pod_usage(pod_hours(pieces, window or month(2026, 3)), "eu", attribution))


def test_changing_any_label_leaves_the_bill_unchanged_to_the_byte() -> None:
    def bill(labels: dict[str, str]) -> bytes:
        seen = [_seen(at, _document(labels)) for at in range(0, 7200, 30)]
        return canonical(assemble(_rows(seen), _BOOK, inputs()))

    plain = bill({"tier": "pro", "starform.io/workspace-id": WORKSPACE})

    assert plain == bill({})
    assert plain == bill({"tier": "free", "starform.io/workspace-id": "someone-else"})


def test_a_project_that_moves_is_paid_for_by_one_workspace_at_a_time_and_nothing_is_lost() -> None:
    seen = [_seen(at, _document({})) for at in range(0, 4 * HOUR + 1, 30)]
    move = MARCH + 2 * HOUR - 600
    rows = _rows(seen, Holding(PROJECT, 0, move, WORKSPACE), Holding(PROJECT, move, None, "new-workspace"))
    first = assemble((each for each in rows if each.workspace_id == WORKSPACE), _BOOK, inputs())
    second = assemble(
        (each for each in rows if each.workspace_id != WORKSPACE), _BOOK, inputs(workspace_id="new-workspace")
    )
    whole = assemble(_rows(seen), _BOOK, inputs())

    assert first.total == second.total
    assert whole.total == first.total + second.total


def test_a_resize_within_an_hour_is_two_segments_at_their_own_requests() -> None:
    small, large = _document({}, "500m"), _document({}, "2")
    seen = [_seen(at, small if at < 1800 else large) for at in range(0, 3601, 30)]
    cpu, memory, *_ = _rows(seen)

    assert (cpu.quantity, cpu.segments) == (1800 * 500 + 1800 * 2000, 2)
    assert memory.quantity == 3600 * 2**30


def test_an_outage_that_is_backfilled_after_the_invoice_is_final_is_corrected_on_the_next() -> None:
    document = _document({})
    everything = [_seen(at, document) for at in range(0, 6 * HOUR + 1, 30)]
    # The region's evidence stops after two hours; what it saw later comes when the invoice is final.
    before = [each for each in everything if each.observed_at <= MARCH + 2 * HOUR]
    first = assemble(_rows(before), _BOOK, inputs())
    final = finalise(submit(Invoice(first), "ada"), "2026-0001", MARCH + 800 * HOUR, "bob")
    fresh = rate(_rows(everything), _BOOK, "pro")
    late = corrections(final.content.lines, fresh, final.content.invoice_id)
    april = assemble([], _BOOK, inputs(invoice_id="inv-2", period=month(2026, 4), corrections=late))
    require_balance(april)
    told_at_once = assemble(_rows(everything), _BOOK, inputs())

    assert final.content.sha256 == final.content_sha256
    assert told_at_once.total == final.content.total + april.total
    assert {"inv-1"} == {line.corrects for line in april.lines}


def test_an_outage_that_the_pod_survived_is_billed_and_flagged_at_once() -> None:
    document = _document({})
    seen = [_seen(at, document) for at in (*range(0, 3601, 30), *range(3 * HOUR, 4 * HOUR, 30))]
    rows = [each for each in _rows(seen) if each.meter.value == "cpu_mcore_s"]

    assert [(each.running_s, each.interpolated_s) for each in rows] == [
        (3600, 0),
        (3600, 3600),
        (3600, 3600),
        (3570, 0),
    ]


def test_hours_metered_one_by_one_give_the_same_invoice_as_the_whole_month() -> None:
    seen = [_seen(at, _document({})) for at in range(100, 5 * HOUR, 47)]
    hours = [Period(MARCH + hour * HOUR, MARCH + (hour + 1) * HOUR) for hour in range(6)]
    rows = [row for hour in hours for row in _rows(seen, window=hour)]

    assert assemble(_rows(seen), _BOOK, inputs()) == assemble(rows, _BOOK, inputs())


def test_a_build_reported_by_every_retry_of_a_webhook_is_on_the_invoice_once() -> None:
    event = BuildEvent("d", "b-1", _TENANT, "eu", BuildState.FAILED, MARCH + 60, MARCH + 660, MARCH + 700)
    retries = [replace(event, delivery_id=f"d-{number}", received_at=MARCH + 700 + number) for number in range(5)]
    attribution = Attribution({}, [Holding(PROJECT, 0, None, WORKSPACE)])
    rows = list(build_usage(sift_builds([event, *retries], _POLICY), attribution))
    content = assemble(rows, _BOOK, inputs())

    assert str(content.total) == "0.50"
    assert [line.base_quantity for line in content.lines] == [600]


_PROGRAM = """
import hashlib, sys
from billing.intervals import intervals
from billing.observation import Phase, PodObservation, table
from billing.pod_hours import pod_hours
from billing.hour import Period
from billing.policy import MeteringPolicy
seen = [
    PodObservation("c", f"uid-{pod % 211}", 1772323200 + (pod * 7919) % 7200, Phase.RUNNING, pod % 900, pod * 977, "n")
    for pod in range(20000)
]
hours = pod_hours(intervals(table(seen), MeteringPolicy()), Period(1772323200, 1772330400))
sys.stdout.write(hashlib.sha256(hours.write_csv().encode()).hexdigest())
"""


def test_the_number_of_threads_changes_nothing() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout
        for threads in ("1", "2", "4")
    }

    assert len(digests) == 1
    assert [len(digest) for digest in digests] == [64]


@pytest.mark.parametrize("service", sorted(SERVICES.values()))
def test_a_service_without_usage_is_on_no_line(service: str) -> None:
    lines = rate(_rows([_seen(0, _document({})), _seen(30, _document({}))]), _BOOK, "pro")

    assert (service == _TENANT.service_id) == (service in {line.service_id for line in lines})
    assert total(line.amount for line in lines) > 0
