"""All of billing's tables of the control store: prices, plans, invoices, credits, budgets, and those of runs."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from billing.run_tables import NUMBER, law_overrides, leases, publications, runs, waivers
from core.instant import Instant
from core.schema import metadata

__all__ = [
    "budget_alerts",
    "budgets",
    "credit_uses",
    "credits_given",
    "deliveries",
    "invoice_series",
    "invoices",
    "journal",
    "law_overrides",
    "leases",
    "price_book_activations",
    "price_books",
    "publications",
    "runs",
    "supplier_bills",
    "waivers",
    "workspace_plans",
]

# Exact decimals are text on both databases: SQLite has none, and nothing here is added up by the database.
_AMOUNT: Final = 50


def _workspace(*, primary_key: bool = False) -> Column[str]:
    return Column("workspace_id", String(36), ForeignKey("workspaces.id"), primary_key=primary_key, nullable=False)


# A version of a book never changes; which one is in force is said by the latest activation.
price_books: Final = Table(
    "price_books",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("stored_at", Instant, nullable=False),
    Column("stored_by", String(200), nullable=False),
    CheckConstraint("version > 0", "ck_price_books_version"),
    CheckConstraint("length(sha256) = 64", "ck_price_books_sha256"),
)
price_book_activations: Final = Table(
    "price_book_activations",
    metadata,
    Column("sequence", NUMBER, primary_key=True, autoincrement=True),
    Column("name", String(63), nullable=False),
    Column("version", Integer, nullable=False),
    Column("activated_at", Instant, nullable=False),
    Column("activated_by", String(200), nullable=False),
)
# Which plan a workspace has from when on; without a row it has the plan `standard`.
workspace_plans: Final = Table(
    "workspace_plans",
    metadata,
    _workspace(primary_key=True),
    Column("valid_from", Instant, primary_key=True),
    Column("plan", String(63), nullable=False),
)
# An invoice in its present state. `content` is its canonical JSON; a final one's hash is pinned, and its number is
# taken from the series in the same transaction, so that none is missing. `publication` is the last publication that it
# knows: together with workspace and period it says which rows of the ledger it was made of. `history_sha256` is the
# hash of the workspace's final and void invoices as they were then: with others it must be made anew. `rerates`:
# whether closed periods were rated with this invoice's price book instead of the one that they were rated with before.
# Triggers (sql/control/versions) keep a final invoice from changing and from going; it can only be declared void.
invoices: Final = Table(
    "invoices",
    metadata,
    Column("id", String(36), primary_key=True),
    _workspace(),
    Column("period_start", Instant, nullable=False),
    Column("period_end", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("number", String(63)),
    Column("content", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("price_book", String(63), nullable=False),
    Column("price_book_version", Integer, nullable=False),
    Column("total", String(_AMOUNT), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("publication", NUMBER, nullable=False),
    Column("history_sha256", String(64), nullable=False),
    Column("rerates", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("submitted_by", String(200), nullable=False),
    Column("approved_by", String(200), nullable=False),
    Column("issued_at", Instant),
    Column("voided_by", String(200), nullable=False),
    Column("voided_at", Instant),
    Column("void_reason", Text, nullable=False),
    Column("replaces", String(36), ForeignKey("invoices.id")),
    CheckConstraint("state IN ('draft', 'in_review', 'final', 'void')", "ck_invoices_state"),
    CheckConstraint("(number IS NULL) = (state IN ('draft', 'in_review'))", "ck_invoices_number"),
    UniqueConstraint("number", name="uq_invoices_number"),
    Index("ix_invoices_workspace", "workspace_id", "period_start"),
)
# A workspace has one invoice for a period at a time, besides void ones.
Index(
    "uq_invoices_live",
    invoices.c.workspace_id,
    invoices.c.period_start,
    unique=True,
    sqlite_where=invoices.c.state != literal_column("'void'"),
    postgresql_where=invoices.c.state != literal_column("'void'"),
)
invoice_series: Final = Table(
    "invoice_series",
    metadata,
    Column("series", String(16), primary_key=True),
    Column("last", Integer, nullable=False),
    CheckConstraint("last >= 0", "ck_invoice_series_last"),
)
# Money that a workspace has with us: bought before (prepaid), or given (promotion).
credits_given: Final = Table(
    "credits",
    metadata,
    Column("id", String(36), primary_key=True),
    _workspace(),
    Column("kind", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("amount", String(_AMOUNT), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("expires_at", Instant),
    Column("given_at", Instant, nullable=False),
    Column("given_by", String(200), nullable=False),
    CheckConstraint("kind IN ('prepaid', 'promotion')", "ck_credits_kind"),
    Index("ix_credits_workspace", "workspace_id"),
)
# What a final invoice took of a credit; a void gives it back by an entry of the other sign.
credit_uses: Final = Table(
    "credit_uses",
    metadata,
    Column("credit_id", String(36), ForeignKey("credits.id"), primary_key=True),
    Column("invoice_id", String(36), ForeignKey("invoices.id"), primary_key=True),
    Column("event", String(16), primary_key=True),
    Column("amount", String(_AMOUNT), nullable=False),
)
# The double-entry journal. The legs of a transaction add up to zero; nothing in it is ever changed. `amount` is a
# debit, or with a minus a credit; `period_start` is of the period that it belongs to, whenever it is posted.
journal: Final = Table(
    "journal",
    metadata,
    Column("transaction_id", String(36), primary_key=True),
    Column("leg", Integer, primary_key=True),
    Column("posted_at", Instant, nullable=False),
    Column("event", String(32), nullable=False),
    Column("source_id", String(63), nullable=False),
    Column("period_start", Instant, nullable=False),
    Column("account", String(100), nullable=False),
    Column("workspace_id", String(36), nullable=False),
    Column("amount", String(_AMOUNT), nullable=False),
    Column("currency", String(3), nullable=False),
    UniqueConstraint("event", "source_id", "leg", name="uq_journal_event"),
)
# `put_at` is never empty; only SQLite could not be told so when the column was added.
budgets: Final = Table(
    "budgets",
    metadata,
    Column("id", String(36), primary_key=True),
    _workspace(),
    Column("name", String(100), nullable=False),
    Column("amount", String(_AMOUNT), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("thresholds", String(100), nullable=False),
    Column("webhook_url", String(2000), nullable=False),
    Column("webhook_secret", String(200), nullable=False),
    Column("put_at", Instant),
    UniqueConstraint("workspace_id", "name", name="uq_budgets_name"),
)
# A threshold fires once per budget and period; it is told until somebody has taken it.
budget_alerts: Final = Table(
    "budget_alerts",
    metadata,
    Column("budget_id", String(36), ForeignKey("budgets.id"), primary_key=True),
    Column("period_start", Instant, primary_key=True),
    Column("threshold", Integer, primary_key=True),
    Column("spent", String(_AMOUNT), nullable=False),
    Column("fired_at", Instant, nullable=False),
    Column("delivered_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant),
)
# What a supplier billed us for a month: Depot's build minutes and its cache.
supplier_bills: Final = Table(
    "supplier_bills",
    metadata,
    Column("supplier", String(63), primary_key=True),
    Column("period_start", Instant, primary_key=True),
    Column("meter", String(32), primary_key=True),
    Column("quantity", String(_AMOUNT), nullable=False),
    Column("unit", String(32), nullable=False),
    Column("amount", String(_AMOUNT), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("imported_by", String(200), nullable=False),
)
# Where and how a workspace's usage is delivered; the bucket's secret stays in a file, this names it.
deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("id", String(36), primary_key=True),
    _workspace(),
    Column("name", String(100), nullable=False),
    Column("endpoint", String(2000), nullable=False),
    Column("bucket", String(200), nullable=False),
    Column("prefix", String(500), nullable=False),
    Column("region", String(63), nullable=False),
    Column("access_key_id", String(200), nullable=False),
    Column("secret_key", String(200), nullable=False),
    Column("format", String(16), nullable=False),
    Column("delivered_until", Instant),
    Column("message", Text, nullable=False),
    UniqueConstraint("workspace_id", "name", name="uq_deliveries_name"),
)
