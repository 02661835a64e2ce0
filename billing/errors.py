"""What billing refuses to do rather than do wrong."""

from __future__ import annotations

from core.errors import BadRequest, ServiceError


class MissingPrice(ServiceError):
    """Usage has no price in the price book; it is never rated at 0."""

    code = "price_missing"


class Unbalanced(ServiceError):
    """Amounts that must add up do not; nothing is published."""

    code = "unbalanced"


class Immutable(BadRequest):
    """An invoice is asked for a step that its state does not allow."""

    code = "invoice_immutable"
    status = 409


class CurrencyOpen(BadRequest):
    """Amounts of one currency are left to be charged, which an invoice in another cannot have."""

    code = "currency_open"
    status = 409
