"""Price books and usage rows for tests, in short spellings."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing.assembly import Credit, Entry, Inputs
from billing.hour import HOUR, month, parse
from billing.meter import Meter
from billing.price_book_file import read_price_book
from billing.usage import UsageRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from billing.price_book import PriceBook

MARCH = parse("2026-03-01T00:00:00Z", "MARCH")
WORKSPACE = "aaaaaaaa-0000-4000-8000-000000000001"
PROJECT = "bbbbbbbb-0000-4000-8000-000000000001"
SERVICES = {letter: f"cccccccc-0000-4000-8000-00000000000{letter}" for letter in "abcdef"}
NAMES = ((PROJECT, "Shop"), (SERVICES["a"], "web"), (SERVICES["b"], "worker"))
BUILD = {"id": "build", "meter": "build_s", "unit": "Minutes", "unit_price": "0.05"}


def written(prices: Sequence[Mapping[str, Any]] = (BUILD,), **book: object) -> dict[str, Any]:
    """A book's document; what a price does not say is said here."""
    defaults = {"kind": "sell", "valid_from": "2026-01-01T00:00:00Z", "origin": "sample"}
    top = {"format": "starmeter-price-book/1", "name": "test", "version": 1, "currency": "USD"}
    given = [{key: value for key, value in {**defaults, **price}.items() if value is not None} for price in prices]
    return {**top, "carry_forward_below": "0.50", "prices": given, **book}


def book_of(prices: Sequence[Mapping[str, Any]] = (BUILD,), **book: object) -> PriceBook:
    """A price book; JSON is YAML."""
    return read_price_book(json.dumps(written(prices, **book)))


def row(hour: int, meter: str, quantity: int, service: str = "a", region: str = "eu", *, source: str = "") -> UsageRow:
    """A usage row of the hour so many hours into March 2026."""
    return UsageRow(
        workspace_id=WORKSPACE,
        project_id=PROJECT,
        environment="production",
        service_id=SERVICES[service],
        region=region,
        cluster="cluster-1",
        hour=MARCH + hour * HOUR,
        meter=Meter(meter),
        source_id=source or f"uid-{hour}",
        quantity=quantity,
        running_s=quantity if meter == "build_s" else HOUR,
    )


def inputs(**given: Any) -> Inputs:  # noqa: ANN401 - fields of Inputs
    """What an invoice for March 2026 depends on besides usage and prices."""
    fields = {
        "invoice_id": "inv-1",
        "workspace_id": WORKSPACE,
        "workspace_name": "Acme",
        "period": month(2026, 3),
        "plan": "pro",
        "completeness": Decimal("100.00"),
        "names": NAMES,
    }
    return Inputs(**{**fields, **given})


def entries(given: Sequence[Mapping[str, str]]) -> tuple[Entry, ...]:
    """Taxes and carried amounts from a golden case."""
    return tuple(Entry(each["title"], Decimal(each["amount"]), each.get("source", "")) for each in given)


def credit_list(given: Sequence[Mapping[str, Any]]) -> tuple[Credit, ...]:
    """Credits from a golden case."""
    return tuple(
        Credit(each["id"], f"Credit {each['id']}", Decimal(each["remaining"]), each.get("expires_at")) for each in given
    )
