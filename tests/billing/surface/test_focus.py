"""`/usage/focus` and the laws its rows keep: products, footing, periods, corrections, one row per key."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from billing.canonical import decimal_text
from billing.focus import COLUMNS
from billing.hour import iso
from billing.rounding import total
from billing.surface.encoding import Csv, Ndjson
from tests.billing.books import WORKSPACE
from tests.billing.surface import expected

if TYPE_CHECKING:
    import httpx

    from tests.billing.surface.conftest import Scene

MARCH: Final = {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
APRIL: Final = {"start": "2026-04-01T00:00:00Z"}
BOTH: Final = {"start": "2026-03-01T00:00:00Z", "end": "2026-05-01T00:00:00Z"}
_COSTS: Final = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_SOURCES: Final = (
    pytest.param({**MARCH, "source": "invoice"}, id="invoice"),
    pytest.param(MARCH, id="published"),
    pytest.param({**APRIL, "source": "estimate"}, id="estimate"),
    pytest.param({**BOTH, "source": "estimate"}, id="two months"),
)

Row = dict[str, Any]


def ask(client: httpx.Client, **arguments: str) -> dict[str, Any]:
    answer = client.get("/usage/focus", params={"limit": "10000", **arguments})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"rows", "next_cursor", "completeness"}
    return body


@pytest.mark.parametrize("arguments", _SOURCES)
def test_every_row_keeps_the_laws(acme: httpx.Client, arguments: dict[str, str]) -> None:
    rows = ask(acme, **arguments)["rows"]

    assert rows
    assert {tuple(row) for row in rows} == {COLUMNS}
    for row in rows:
        assert row["BillingAccountId"] == WORKSPACE
        assert len({row[cost] for cost in _COSTS}) == 1
        if row["ChargeCategory"] == "Usage":
            product = Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"])
            assert decimal_text(product) == row["ListCost"]
        if row["ChargeClass"] == "Correction":
            assert row["ChargePeriodEnd"] <= row["BillingPeriodStart"]
            assert row["x_CorrectsInvoiceId"]
        else:
            assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"]
            assert row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
    names = ("InvoiceId", "ChargePeriodStart", "ResourceId", "x_Environment", "RegionId", "SkuPriceId", "x_PriceStep")
    keys = [
        (*(row[name] for name in names), row["x_ItemKind"], row["ChargeDescription"], row["BilledCost"] < "0")
        for row in rows
    ]
    assert len(keys) == len(set(keys))


def test_the_rows_of_an_invoice_add_up_to_its_total(stage: Scene, acme: httpx.Client) -> None:
    rows = ask(acme, **MARCH, source="invoice")["rows"]
    content = expected.invoice(stage.world).content

    assert total(Decimal(row["BilledCost"]) for row in rows) == content.total
    assert {row["InvoiceId"] for row in rows} == {content.number}
    assert {row["x_Status"] for row in rows} == {"invoice"}


def test_a_month_that_is_not_invoiced_yet_is_what_its_invoice_would_be(stage: Scene, acme: httpx.Client) -> None:
    """April is drawn up as a draft would be: with the late pod of March as its correction."""
    rows = ask(acme, **APRIL)["rows"]
    draft = expected.invoice(stage.world, state="draft").content

    assert total(Decimal(row["BilledCost"]) for row in rows) == total(each.amount for each in draft.items)
    assert {row["x_Status"] for row in rows} == {"estimate"}
    assert {row["x_ItemKind"] for row in rows} >= {"usage", "correction"}
    assert len({row["InvoiceId"] for row in rows}) == 1
    estimated = ask(acme, **APRIL, source="estimate")["rows"]
    days = {row["ChargePeriodStart"] for row in estimated if row["x_ItemKind"] == "usage"}
    assert days == {"2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"}


@pytest.mark.parametrize("source", ["published", "estimate"])
def test_a_month_with_a_final_invoice_has_its_rows_and_all_months_add_up(
    stage: Scene, acme: httpx.Client, source: str
) -> None:
    """Although a pod of March came late: it is April's correction, and in the sum once."""
    march = ask(acme, **MARCH, source=source)["rows"]
    april = ask(acme, **APRIL, source=source)["rows"]
    both = ask(acme, **BOTH, source=source)["rows"]

    assert march == ask(acme, **MARCH, source="invoice")["rows"]
    assert both == [*march, *april]
    # What April comes to besides days that are estimates.
    draft = expected.invoice(stage.world, state="draft").content
    billed = total(Decimal(row["BilledCost"]) for row in both)
    if source == "published":
        assert billed == expected.invoice(stage.world).content.total + draft.total
    # The reversal of the day's old charge, and the new one.
    corrections = [row["ChargePeriodStart"] for row in both if row["ChargeClass"] == "Correction"]
    assert corrections == ["2026-03-01T00:00:00Z"] * 2


def test_pages_together_are_the_whole(acme: httpx.Client) -> None:
    whole = ask(acme, **MARCH)["rows"]
    rows: list[Row] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(acme, **{**MARCH, "limit": "60", **cursor})
        rows += page["rows"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert rows == whole


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "arrow"])
def test_a_file_has_the_rows_alone_and_its_length_and_digest_before_it(acme: httpx.Client, form: str) -> None:
    known = ask(acme, **MARCH, source="invoice")["rows"]
    arguments = {**MARCH, "source": "invoice", "format": form}
    answer = acme.get("/usage/focus", params=arguments)
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()

    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert _rows(form, answer.content) == known
    tag = answer.headers["etag"]
    assert acme.get("/usage/focus", params=arguments, headers={"If-None-Match": tag}).status_code == 304
    assert acme.get("/usage/focus", params=arguments).content == answer.content


def _rows(form: str, content: bytes) -> list[Row]:
    if form == "csv":
        head, *lines = csv.reader(io.StringIO(content.decode(), newline=""))
        # Every number has a decimal point, by which loaders know that it is none of integers.
        return [{name: cell or None for name, cell in zip(head, line, strict=True)} for line in lines]
    if form == "ndjson":
        return [json.loads(line) for line in content.splitlines()]
    table = pq.read_table(io.BytesIO(content)) if form == "parquet" else pa.ipc.open_stream(content).read_all()
    for name in ("BilledCost", "ListUnitPrice", "PricingQuantity", "ConsumedQuantity"):
        assert pa.types.is_decimal128(table.schema.field(name).type)
    return [{name: _text(value) for name, value in row.items()} for row in table.to_pylist()]


def _text(value: Any) -> str | None:  # noqa: ANN401 - any cell
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value if value is None or isinstance(value, str) else iso(int(value.timestamp()))


def test_a_name_that_a_spreadsheet_would_compute_is_disarmed_in_csv_alone() -> None:
    schema = pa.schema([("name", pa.string()), ("amount", pa.decimal128(38, 22))])
    batch = pa.RecordBatch.from_pydict(
        {"name": ["=cmd()", "+1", "-x", "@y", "\tz", "plain"], "amount": [Decimal("-1.5")] * 6}, schema=schema
    )
    lines = list(csv.reader(io.StringIO(Csv(schema).rows(batch).decode(), newline="")))

    assert [line[0] for line in lines[1:]] == ["'=cmd()", "'+1", "'-x", "'@y", "'\tz", "plain"]
    assert {line[1] for line in lines[1:]} == {"-1.50"}
    assert json.loads(Ndjson(schema).rows(batch).splitlines()[0])["name"] == "=cmd()"
