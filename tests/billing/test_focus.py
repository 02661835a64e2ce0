from __future__ import annotations

import json
from decimal import Decimal

import pytest

from billing.focus import COLUMNS, COLUMNS_1_2, COLUMNS_1_3, focus_rows
from billing.hour import parse
from billing.invoice import Invoice
from billing.rounding import total
from tests.billing.month import final

_COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_NEVER_EMPTY = (
    *(
        "BillingAccountId",
        "BillingAccountName",
        "BillingCurrency",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "InvoiceId",
    ),
    *(
        "ChargeCategory",
        "ChargeDescription",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "InvoiceIssuerName",
        "ProviderName",
    ),
    *("PublisherName", "ServiceCategory", "ServiceName", "ServiceProviderName", *_COSTS),
)


def _decimal(value: object) -> Decimal:
    assert isinstance(value, Decimal)
    return value


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    return [dict(row) for row in focus_rows(final(), {})]


def test_every_row_has_every_column_in_order(rows: list[dict[str, object]]) -> None:
    assert (len(set(COLUMNS_1_2)), len(set(COLUMNS_1_3))) == (57, 8)
    assert list(COLUMNS_1_2) == sorted(COLUMNS_1_2)
    assert {COLUMNS} == {tuple(row) for row in rows}


def test_billed_cost_adds_up_to_the_invoice(rows: list[dict[str, object]]) -> None:
    assert final().content.total == total(_decimal(row["BilledCost"]) for row in rows)
    assert {"2026-0003"} == {row["InvoiceId"] for row in rows}


def test_cost_is_quantity_times_unit_price(rows: list[dict[str, object]]) -> None:
    for row in rows:
        if row["PricingQuantity"] is not None:
            assert _decimal(row["PricingQuantity"]) * _decimal(row["ListUnitPrice"]) == row["ListCost"]
        assert len({row[cost] for cost in _COSTS}) == 1


def test_mandatory_columns_are_never_empty(rows: list[dict[str, object]]) -> None:
    assert [name for row in rows for name in _NEVER_EMPTY if row[name] in {None, ""}] == []


def test_a_priced_row_has_quantity_unit_and_price_and_another_has_none(rows: list[dict[str, object]]) -> None:
    names = (
        "PricingQuantity",
        "PricingUnit",
        "ListUnitPrice",
        "ConsumedQuantity",
        "ConsumedUnit",
        "SkuId",
        "SkuPriceId",
    )
    for row in rows:
        assert {row["ChargeCategory"] == "Usage"} == {row[name] is not None for name in names}


def test_usage_lies_within_its_billing_period_and_a_correction_before_it(rows: list[dict[str, object]]) -> None:
    for row in rows:
        start, end, opens, closes = (
            parse(str(row[name]), name)
            for name in ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")
        )

        assert start < end
        if row["x_ItemKind"] == "correction":
            assert (end <= opens, "Correction", "inv-0") == (True, row["ChargeClass"], row["x_CorrectsInvoiceId"])
        else:
            assert (opens <= start, end <= closes, row["ChargeClass"]) == (True, True, None)


def test_no_two_rows_are_about_the_same(rows: list[dict[str, object]]) -> None:
    names = (
        "ChargePeriodStart",
        "ResourceId",
        "SubAccountId",
        "x_Environment",
        "SkuPriceId",
        "x_PriceStep",
        "x_ItemKind",
    )
    keys = [(*(row[name] for name in names), row["ChargeDescription"]) for row in rows]

    assert len(keys) == len(set(keys))


def test_categories_are_those_of_the_specification(rows: list[dict[str, object]]) -> None:
    assert {"Usage", "Credit", "Tax", "Adjustment"} == {row["ChargeCategory"] for row in rows}
    assert {"Usage-Based", "Recurring", "One-Time"} == {row["ChargeFrequency"] for row in rows}


def test_tags_are_json(rows: list[dict[str, object]]) -> None:
    tags = [json.loads(str(row["Tags"])) for row in rows if row["Tags"] is not None]

    assert {"production", "staging"} == {tag["environment"] for tag in tags}


def test_a_draft_is_an_estimate_under_a_provisional_invoice_id() -> None:
    row = next(focus_rows(Invoice(final().content), {}))

    assert row["x_Status"] == "estimate"
    assert {"invoice"} == {each["x_Status"] for each in focus_rows(final(), {})}
