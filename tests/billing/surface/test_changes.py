"""What happens between two pages: publications, price books, invoices; and what a book without a price comes to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from billing.hour import DAY, HOUR, iso
from billing.ledger.store import Ledger
from billing.price_book_file import normal_form, read_price_book
from billing.rating import rate
from core import control
from core.clickhouse import Endpoint
from tests.billing.accounts.world import MARCH_2026, day
from tests.billing.books import BUILD, MARCH, WORKSPACE, row, written
from tests.billing.month import BOOK
from tests.billing.surface import expected
from tests.billing.surface import world as scene
from tests.billing.surface.serving import usage_door
from tests.billing.surface.test_usage import ALL, MOST, ask
from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from billing.usage import UsageRow
    from tests.billing.accounts.world import World

SPAN: Final = {"start": iso(MARCH), "end": iso(MARCH + 5 * DAY)}
CPU: Final = {"id": "cpu", "meter": "cpu_mcore_s", "unit": "vCPU-Hours", "unit_price": "0.03"}
MEMORY: Final = {"id": "memory", "meter": "mem_byte_s", "unit": "GiB-Hours", "unit_price": "0.01"}
# The price of CPU changes at noon of the third of March.
NOON: Final = "2026-03-03T12:00:00Z"
FLAT: Final = [
    {**CPU, "valid_to": NOON},
    {**CPU, "id": "cpu-2", "unit_price": "0.04", "valid_from": NOON},
    MEMORY,
    BUILD,
]


@dataclass(slots=True)
class Stage:
    """A small world that tests change, and a client of its workspace."""

    world: World
    ledger: Ledger
    client: httpx.Client
    copied: int = 0
    version: int = 1

    def publish(self, *rows: UsageRow) -> None:
        """Publish the hours of the rows anew."""
        before = set(self.world.shelf.runs)
        self.world.publish(rows)
        for run in self.world.shelf.runs.keys() - before:
            self.ledger.write(self.world.shelf.runs[run], run)
        found = self.world.log.after(self.copied, 100_000)
        self.ledger.mirror(found)
        self.copied = found[-1].sequence

    def activate(self, prices: list[dict[str, Any]]) -> str:
        """Put a book with these prices in force."""
        self.version += 1
        text = json.dumps(written(prices, version=self.version))
        self.world.activate(text)
        return text


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Stage]:
    """Five days of March."""
    url = f"sqlite:///{tmp_path / 'control.db'}"
    engine = control.connect(url)
    control.upgrade(engine)
    world = scene.build(engine)
    tokens = scene.issue(world)
    with running(tmp_path / "ledger", migrated=False) as server:
        scene.fill(world, server.writer_url)
        ledger = Ledger(Endpoint.of("the ledger", server.writer_url))
        with (
            usage_door(tmp_path / "door", control_store=url, ledger_url=server.reader_url, tokens=tokens) as door,
            door.client() as client,
        ):
            stage = Stage(world, ledger, client)
            stage.publish(
                *(row(hour, "cpu_mcore_s", 3_600_000 + hour, service) for hour in range(0, 120, 3) for service in "ab"),
                *(row(hour, "mem_byte_s", 2**30 * 3600 + hour, "b") for hour in range(0, 120, 5)),
            )
            yield stage
        ledger.close()
    engine.dispose()


def test_pages_never_mix_publications_price_books_or_invoices(small: Stage) -> None:
    whole = {grain: ask(small.client, **SPAN, **MOST, grain=grain)["rows"] for grain in ("hour", "day")}
    first = {grain: ask(small.client, **SPAN, grain=grain, limit="5") for grain in ("hour", "day")}
    tag = small.client.get("/usage", params=SPAN).headers["etag"]
    # An hour of every day is published anew, with more in it than before.
    small.publish(*(row(hour, "cpu_mcore_s", 9_999_999, "a", source="late") for hour in range(0, 120, 24)))
    rest = {
        grain: ask(small.client, **SPAN, **MOST, grain=grain, cursor=first[grain]["next_cursor"])
        for grain in ("hour", "day")
    }

    for grain, pages in whole.items():
        assert first[grain]["rows"] + rest[grain]["rows"] == pages
        assert ask(small.client, **SPAN, **MOST, grain=grain)["rows"] != pages
    assert small.client.get("/usage", params=SPAN).headers["etag"] != tag
    assert small.client.get("/usage", params=SPAN, headers={"If-None-Match": tag}).status_code == 200

    small.activate(FLAT)
    moved = small.client.get("/usage", params={**SPAN, "grain": "day", "cursor": first["day"]["next_cursor"]})
    assert (moved.status_code, moved.json()["code"]) == (400, "bad_cursor")
    assert "prices" in moved.json()["detail"]
    # Hours have no money, so that no price is of any concern to them.
    hours = {**SPAN, "grain": "hour", "cursor": first["hour"]["next_cursor"]}
    assert small.client.get("/usage", params=hours).status_code == 200


def test_flat_prices_day_by_day_are_worth_what_the_whole_month_is(small: Stage) -> None:
    book = read_price_book(small.activate(FLAT))
    lines = rate(small.world.shelf.rows(WORKSPACE, MARCH_2026), book, "standard")
    rows = ask(small.client, **SPAN, **MOST)["rows"]
    change = [each for each in lines if day(3).start <= each.day < day(3).end and each.price_id.startswith("cpu")]

    assert expected.told(rows, *ALL) == expected.days(lines, *ALL)
    assert {each.price_id for each in change} == {"cpu", "cpu-2"}
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(small.client, **SPAN, limit="4", **cursor)
        pages += page["rows"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == rows
    only = ask(small.client, **SPAN, **MOST, meter="mem_byte_s", group_by="meter")["rows"]
    of_memory = [each for each in lines if each.meter == "mem_byte_s"]
    assert expected.told(only, "meter") == expected.days(of_memory, "meter")


def test_a_missing_price_is_named_and_never_nothing(small: Stage) -> None:
    small.activate([CPU, BUILD])
    for page in ("/usage", "/usage/focus"):
        answer = small.client.get(page, params={"start": iso(MARCH), "end": iso(MARCH_2026.end)})
        assert (answer.status_code, answer.json()["code"]) == (500, "price_missing")
        assert "mem_byte_s" in answer.json()["detail"]
    assert ask(small.client, **SPAN, meter="cpu_mcore_s")["rows"]
    assert ask(small.client, **SPAN, grain="hour")["rows"]


def test_what_is_published_late_is_a_correction_of_the_next_focus_rows(small: Stage) -> None:
    small.activate([json.loads(json.dumps(each)) for each in FLAT])
    small.world.publish([], MARCH_2026)
    small.publish(*(row(hour, "build_s", 60, "a", source=f"b{hour}") for hour in range(0, 744, 24)))
    invoice = small.world.final(MARCH_2026)
    small.publish(row(24, "build_s", 60, "a", source="b24"), row(24, "build_s", 120, "b", source="late"))
    april = {"start": iso(MARCH_2026.end), "limit": "10000"}
    rows = small.client.get("/usage/focus", params=april).json()["rows"]
    corrections = [each for each in rows if each["ChargeClass"] == "Correction"]

    assert {each["x_CorrectsInvoiceId"] for each in corrections} == {invoice.content.invoice_id}
    assert {(each["ChargePeriodStart"], each["BilledCost"]) for each in corrections} == {(iso(day(2).start), "0.10")}
    assert {each["BillingPeriodStart"] for each in corrections} == {iso(MARCH_2026.end)}


def test_a_closed_month_stays_worth_what_its_invoice_says_and_an_open_one_follows_the_book(small: Stage) -> None:
    """Also page by page, and what comes late of it is worth what its correction will be."""
    small.activate([BUILD])
    april = (MARCH_2026.end - MARCH) // HOUR
    small.world.publish([], MARCH_2026)
    small.publish(*(row(hour, "build_s", 3_600, source=f"b{hour}") for hour in (0, 24, april)))
    small.world.final(MARCH_2026)
    both = {"start": iso(MARCH), "end": iso(MARCH_2026.end + DAY), **MOST}
    before = ask(small.client, **both)["rows"]
    of_march = small.client.get("/usage", params={"start": iso(MARCH), "end": iso(MARCH_2026.end)}).headers["etag"]
    small.activate([{**BUILD, "unit_price": "0.09"}])
    after = ask(small.client, **both)["rows"]
    again = {"If-None-Match": of_march}
    unchanged = small.client.get("/usage", params={"start": iso(MARCH), "end": iso(MARCH_2026.end)}, headers=again)
    small.publish(row(24, "build_s", 3_600, source="b24"), row(24, "build_s", 600, "b", source="late"))
    late = ask(small.client, **both)["rows"]
    correction = ask_charges(small.client)
    # What came late of March cannot be charged in another currency: nothing is told that would leave it out.
    small.world.activate(json.dumps(written(name="euro", currency="EUR")))
    currencies = [each["currency"] for each in ask(small.client, **both)["rows"]]
    charges = small.client.get("/usage/focus", params={"start": iso(MARCH_2026.end)})

    assert [each["amount"] for each in before] == ["3.00", "3.00", "3.00"]
    assert [each["amount"] for each in after] == ["3.00", "3.00", "5.40"]
    assert unchanged.status_code == 304
    assert [each["amount"] for each in late] == ["3.00", "3.00", "0.50", "5.40"]
    assert correction == [(iso(MARCH + DAY), "0.50")]
    assert currencies == ["USD", "USD", "USD", "EUR"]
    assert (charges.status_code, charges.json()["code"]) == (503, "unavailable")
    assert "2026-0001" not in charges.text


def ask_charges(client: httpx.Client) -> list[tuple[str, str]]:
    """The corrections of April so far: the days that they are about, and how much."""
    april = {"start": iso(MARCH_2026.end), "limit": "10000"}
    rows = client.get("/usage/focus", params=april).json()["rows"]
    return [(each["ChargePeriodStart"], each["BilledCost"]) for each in rows if each["ChargeClass"] == "Correction"]


def test_the_standard_scene_has_stepped_prices() -> None:
    """Else the month-wise way would be tested nowhere."""
    assert b"graduated" in normal_form(BOOK)
