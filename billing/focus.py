"""Invoices as rows of FOCUS, the FinOps Foundation's cost and usage format: version 1.2, and 1.3 where both agree.

One row per service, meter, price and day, and one per row of the invoice that has no price. Billed cost adds up to the
invoice's total exactly. An open period's rows are replaced as a whole; a closed one's are never: what changes later is
reversed and entered again, as `ChargeClass` Correction, under a later invoice. A void invoice's rows stay, too; all of
them are reversed under the invoice that takes its place, whose own rows add up to its total without these.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from billing.correction import reversed_line
from billing.hour import DAY, iso
from billing.invoice import Invoice, ItemKind, State
from billing.meter import TITLES, Meter, unit
from billing.rating import rounded_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from billing.hour import Period
    from billing.invoice import Content, Item
    from billing.rating import RatedLine

    Value = str | Decimal | None

COLUMNS_1_2: Final = (
    *("AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType"),
    *(
        "BillingCurrency",
        "BillingPeriodEnd",
        "BillingPeriodStart",
        "CapacityReservationId",
        "CapacityReservationStatus",
    ),
    *("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart"),
    *("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountQuantity"),
    *("CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity"),
    *("ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName"),
    *("ListCost", "ListUnitPrice", "PricingCategory", "PricingCurrency", "PricingCurrencyContractedUnitPrice"),
    *("PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName"),
    *("PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory"),
    *("ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId"),
    *("SubAccountName", "SubAccountType", "Tags"),
)
COLUMNS_1_3: Final = (
    *("AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName", "AllocatedTags"),
    *("ContractApplied", "HostProviderName", "ServiceProviderName"),
)
COLUMNS_OWN: Final = (
    *("x_Environment", "x_Plan", "x_PriceBookVersion", "x_PriceStep", "x_ItemKind", "x_CorrectsInvoiceId", "x_Status"),
)
COLUMNS: Final = (*COLUMNS_1_2, *COLUMNS_1_3, *COLUMNS_OWN)

_PROVIDER: Final = "Starform"
_SERVICES: Final = {
    Meter.CPU: ("Compute", "Containers", "Containers"),
    Meter.MEMORY: ("Compute", "Containers", "Containers"),
    Meter.VOLUME: ("Storage", "Block Storage", "Volumes"),
    Meter.EGRESS: ("Networking", "Network Infrastructure", "Egress"),
    Meter.BUILD: ("Developer Tools", "Continuous Integration and Deployment", "Builds"),
    Meter.BUILD_CACHE: ("Developer Tools", "Continuous Integration and Deployment", "Build Cache"),
}
_OTHERS: Final = {
    ItemKind.INCLUDED: ("Credit", "Recurring"),
    ItemKind.MINIMUM: ("Purchase", "Recurring"),
    ItemKind.CORRECTION: ("Adjustment", "One-Time"),
    ItemKind.CREDIT: ("Credit", "One-Time"),
    ItemKind.TAX: ("Tax", "Recurring"),
    ItemKind.CARRIED_IN: ("Adjustment", "One-Time"),
    ItemKind.ROUNDING: ("Adjustment", "One-Time"),
    ItemKind.CARRIED_OUT: ("Adjustment", "One-Time"),
}


def focus_rows(
    invoice: Invoice, periods: Mapping[str, Period], replaced: Content | None = None
) -> Iterator[dict[str, Value]]:
    """The rows of an invoice, whatever its state: every column of `COLUMNS` in that order, `None` where it has none.

    Times are RFC 3339 in UTC, periods exclude their end. `Tags` is a JSON object. `periods`: those of the invoices that
    it corrects, by their ids. `replaced`: the void invoice whose place it takes, which its rows reverse.
    """
    for own, amount in _charges(invoice.content, periods):
        yield _row(invoice, own, amount)
    if replaced is not None:
        under = Invoice(
            # Plan, book and currency are those of what is taken back.
            replace(replaced, number=invoice.content.number, invoice_id=invoice.content.invoice_id),
            invoice.state,
        )
        for own, amount in _charges(_reversal(replaced), periods):
            yield _row(under, own | _taken_back(own, replaced), amount)


def _charges(content: Content, periods: Mapping[str, Period]) -> Iterator[tuple[dict[str, Value], Decimal]]:
    """What is charged for, and how much: of lines, and of the items without a price."""
    names = dict(content.names)
    for line in content.lines:
        yield _priced(line, names), line.amount
    for item in content.items:
        if item.meter is None:
            # A plan's difference belongs to the period whose included usage or minimum is another than was charged.
            period = periods[item.corrects] if item.kind is ItemKind.CORRECTION else content.period
            yield _unpriced(item, period), item.amount


def _reversal(content: Content) -> Content:
    """Every line and item of an invoice the other way round."""
    items = tuple(replace(item, amount=item.amount.copy_negate()) for item in content.items)
    return replace(content, lines=tuple(map(reversed_line, content.lines)), items=items)


def _taken_back(own: dict[str, Value], void: Content) -> dict[str, Value]:
    return {
        "ChargeClass": "Correction",
        "ChargeDescription": f"{own['ChargeDescription']}, taken back with {void.number}",
        "x_ItemKind": ItemKind.CORRECTION.value,
        "x_CorrectsInvoiceId": void.invoice_id,
    }


def _row(invoice: Invoice, own: dict[str, Value], amount: Decimal) -> dict[str, Value]:
    content = invoice.content
    values: dict[str, Value] = {
        "BilledCost": amount,
        "BillingAccountId": content.workspace_id,
        "BillingAccountName": content.workspace_name,
        "BillingAccountType": "Workspace",
        "BillingCurrency": content.currency,
        "BillingPeriodEnd": iso(content.period.end),
        "BillingPeriodStart": iso(content.period.start),
        "ContractedCost": amount,
        "EffectiveCost": amount,
        # Provisional until the invoice has its number.
        "InvoiceId": content.number or content.invoice_id,
        "InvoiceIssuerName": _PROVIDER,
        "ListCost": amount,
        "PricingCurrency": content.currency,
        "PricingCurrencyEffectiveCost": amount,
        "ProviderName": _PROVIDER,
        "PublisherName": _PROVIDER,
        "HostProviderName": _PROVIDER,
        "ServiceProviderName": _PROVIDER,
        "x_Plan": content.plan,
        "x_PriceBookVersion": str(content.price_book_version),
        "x_Status": "invoice" if invoice.state in {State.FINAL, State.VOID} else "estimate",
        **own,
    }
    return {name: values.get(name) for name in COLUMNS}


def _priced(line: RatedLine, names: dict[str, str]) -> dict[str, Value]:
    category, subcategory, service = _SERVICES[line.meter]
    consumed = unit(line.meter, line.unit.split(" ")[-1])
    return {
        "ChargeCategory": "Usage",
        "ChargeClass": "Correction" if line.corrects else None,
        "ChargeDescription": f"{TITLES[line.meter]} of {names.get(line.service_id, line.service_id)}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": iso(line.day + DAY),
        "ChargePeriodStart": iso(line.day),
        "ConsumedQuantity": rounded_quantity(line.base_quantity, consumed.size(line.day)),
        "ConsumedUnit": consumed.name,
        "ContractedUnitPrice": line.unit_price,
        "ListUnitPrice": line.unit_price,
        "PricingCategory": "Standard",
        "PricingCurrencyContractedUnitPrice": line.unit_price,
        "PricingCurrencyListUnitPrice": line.unit_price,
        "PricingQuantity": line.quantity,
        "PricingUnit": line.unit,
        "RegionId": line.region or None,
        "RegionName": line.region or None,
        "ResourceId": line.service_id or None,
        "ResourceName": names.get(line.service_id),
        "ResourceType": "Service",
        "ServiceCategory": category,
        "ServiceName": service,
        "ServiceSubcategory": subcategory,
        "SkuId": line.meter.value,
        "SkuMeter": TITLES[line.meter],
        "SkuPriceId": line.price_id,
        "SubAccountId": line.project_id or None,
        "SubAccountName": names.get(line.project_id),
        "SubAccountType": "Project",
        # An environment's name is a label of letters, digits and hyphens: it needs no escaping.
        "Tags": f'{{"environment": "{line.environment}"}}',
        "x_Environment": line.environment,
        "x_PriceStep": str(line.step),
        "x_ItemKind": (ItemKind.CORRECTION if line.corrects else ItemKind.USAGE).value,
        "x_CorrectsInvoiceId": line.corrects or None,
    }


def _unpriced(item: Item, period: Period) -> dict[str, Value]:
    category, frequency = _OTHERS[item.kind]
    return {
        "ChargeCategory": category,
        "ChargeClass": "Correction" if item.kind is ItemKind.CORRECTION else None,
        "ChargeDescription": item.title,
        "ChargeFrequency": frequency,
        "ChargePeriodEnd": iso(period.end),
        "ChargePeriodStart": iso(period.start),
        "ServiceCategory": "Other",
        "ServiceName": "Billing",
        "ServiceSubcategory": "Other (Other)",
        "x_ItemKind": item.kind.value,
        "x_CorrectsInvoiceId": item.corrects or None if item.kind is ItemKind.CORRECTION else None,
    }
