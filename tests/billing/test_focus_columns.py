"""What single columns of FOCUS rows say, by hand: of days, packages, meters, and of rows that have no price."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from billing.assembly import assemble
from billing.focus import focus_rows
from billing.hour import month
from billing.invoice import Invoice
from billing.lifecycle import void
from tests.billing.books import BUILD, MARCH, PROJECT, SERVICES, book_of, credit_list, entries, inputs, row
from tests.billing.month import final

if TYPE_CHECKING:
    from billing.focus import Value
    from billing.invoice import Content

PERIODS: Final = {"inv-0": month(2026, 2)}


def _rows(invoice: Invoice | Content) -> list[dict[str, Value]]:
    return list(focus_rows(invoice if isinstance(invoice, Invoice) else Invoice(invoice), PERIODS))


def test_usage_is_of_a_whole_utc_day_and_of_its_service_in_its_project() -> None:
    content = assemble([row(23, "build_s", 6_000)], book_of(), inputs())
    (used,) = _rows(content)

    assert (used["ChargePeriodStart"], used["ChargePeriodEnd"]) == ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    assert (used["BillingPeriodStart"], used["BillingPeriodEnd"]) == ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
    assert (used["SubAccountId"], used["SubAccountName"], used["SubAccountType"]) == (PROJECT, "Shop", "Project")
    assert (used["ResourceId"], used["ResourceName"], used["ResourceType"]) == (SERVICES["a"], "web", "Service")
    assert (used["RegionId"], used["RegionName"], used["x_Environment"]) == ("eu", "eu", "production")
    assert (used["BillingAccountId"], used["BillingAccountName"]) == (content.workspace_id, "Acme")
    assert [used[name] for name in ("ListUnitPrice", "ContractedUnitPrice")] == [Decimal("0.05")] * 2


def test_a_package_is_priced_by_itself_and_consumed_in_its_unit() -> None:
    book = book_of([{**BUILD, "model": "package", "package_size": 100, "unit_price": "4"}])
    (used,) = _rows(assemble([row(0, "build_s", 600)], book, inputs()))

    assert (used["PricingQuantity"], used["PricingUnit"]) == (Decimal(1), "100 Minutes")
    assert (used["ConsumedQuantity"], used["ConsumedUnit"]) == (Decimal(10), "Minutes")


def test_a_step_of_a_price_is_told_apart_by_its_number() -> None:
    steps = [{"up_to": 10, "unit_price": "0.05"}, {"unit_price": "0.04"}]
    book = book_of([{**BUILD, "unit_price": None, "model": "graduated", "steps": steps}])
    used = _rows(assemble([row(0, "build_s", 1_200)], book, inputs()))

    assert [(each["x_PriceStep"], each["ListUnitPrice"]) for each in used if each["SkuId"]] == [
        ("0", Decimal("0.05")),
        ("1", Decimal("0.04")),
    ]


@pytest.mark.parametrize(
    ("meter", "unit", "told"),
    [
        pytest.param("cpu_mcore_s", "vCPU-Seconds", ("Compute", "Containers", "Containers"), id="CPU"),
        pytest.param("mem_byte_s", "GiB-Seconds", ("Compute", "Containers", "Containers"), id="memory"),
        pytest.param("disk_byte_s", "GB-Months", ("Storage", "Block Storage", "Volumes"), id="volumes"),
        pytest.param("egress_byte", "GB", ("Networking", "Network Infrastructure", "Egress"), id="egress"),
        pytest.param(
            "build_s", "Minutes", ("Developer Tools", "Continuous Integration and Deployment", "Builds"), id="builds"
        ),
        pytest.param(
            "cache_byte_s",
            "GB-Months",
            ("Developer Tools", "Continuous Integration and Deployment", "Build Cache"),
            id="cache",
        ),
    ],
)
def test_a_meter_has_its_service_and_category(meter: str, unit: str, told: tuple[str, str, str]) -> None:
    book = book_of([{"id": "price", "meter": meter, "unit": unit, "unit_price": "1"}])
    used = next(each for each in _rows(assemble([row(0, meter, 10**15)], book, inputs())) if each["SkuId"])

    assert (used["ServiceCategory"], used["ServiceSubcategory"], used["ServiceName"]) == told
    assert (used["SkuId"], used["SkuPriceId"], used["PricingUnit"]) == (meter, "price", unit)


def test_what_a_plan_would_have_included_corrects_the_invoice_that_it_is_about() -> None:
    mended = entries([{"title": "Included usage of 2026-0001, recomputed", "amount": "-1.00", "source": "inv-0"}])
    carried = entries([{"title": "Carried over from 2026-0001", "amount": "0.40", "source": "inv-0"}])
    content = assemble([row(0, "build_s", 6_000)], book_of(), inputs(adjustments=mended, carried_in=carried))
    names = ("ChargeDescription", "ChargeCategory", "ChargeClass", "x_CorrectsInvoiceId", "x_ItemKind")
    told = [tuple(each[name] for name in names) for each in _rows(content) if each["SkuId"] is None]

    assert told == [
        ("Included usage of 2026-0001, recomputed", "Adjustment", "Correction", "inv-0", "correction"),
        ("Carried over from 2026-0001", "Adjustment", None, None, "carried_in"),
    ]


@pytest.mark.parametrize(
    ("seconds", "book", "given", "told"),
    [
        pytest.param(
            6_000, {"minimums": [{"plan": "pro", "amount": "9.00"}]}, {}, ("Purchase", "Recurring"), id="minimum"
        ),
        pytest.param(
            6_000, {"included_amounts": [{"plan": "pro", "amount": "1.00"}]}, {}, ("Credit", "Recurring"), id="included"
        ),
        pytest.param(
            6_000,
            {},
            {"credits": credit_list([{"id": "c1", "remaining": "1.00"}])},
            ("Credit", "One-Time"),
            id="credit",
        ),
        pytest.param(
            6_000, {}, {"taxes": entries([{"title": "VAT", "amount": "0.95"}])}, ("Tax", "Recurring"), id="tax"
        ),
        pytest.param(6_001, {}, {}, ("Adjustment", "One-Time"), id="rounding"),
        pytest.param(60, {}, {}, ("Adjustment", "One-Time"), id="carried out"),
    ],
)
def test_a_row_without_a_price_has_the_category_of_its_kind(
    seconds: int, book: dict[str, Any], given: dict[str, Any], told: tuple[str, str]
) -> None:
    content = assemble([row(0, "build_s", seconds)], book_of(**book), inputs(**given))
    found = [each for each in _rows(content) if each["SkuId"] is None]

    assert [(each["ChargeCategory"], each["ChargeFrequency"]) for each in found] == [told]


def test_what_is_final_or_void_is_of_an_invoice_and_anything_else_an_estimate() -> None:
    voided = void(final(), MARCH, "bob", "wrong address")

    assert [{each["x_Status"] for each in _rows(invoice)} for invoice in (final(), voided, final().content)] == [
        {"invoice"},
        {"invoice"},
        {"estimate"},
    ]
