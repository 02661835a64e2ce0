"""Price books and plans; billing runs and what they published; invoices, credits, journal; budgets, deliveries."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite makes only INTEGER keys by itself.
_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create billing's tables."""
    _create_prices()
    _create_runs()
    _create_invoices()
    _create_watching()
    _guard()


def _create_prices() -> None:
    op.create_table(
        "price_books",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by", sa.String(200), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name="ck_price_books_sha256"),
        sa.CheckConstraint("version > 0", name="ck_price_books_version"),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    op.create_table(
        "price_book_activations",
        sa.Column("sequence", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "workspace_plans",
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan", sa.String(63), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        sa.PrimaryKeyConstraint("workspace_id", "valid_from"),
    )


def _create_runs() -> None:
    op.create_table(
        "billing_leases",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("fence", _NUMBER, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "billing_runs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("region", sa.String(63), nullable=False),
        sa.Column("cluster", sa.String(63), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("fence", _NUMBER, nullable=False),
        sa.Column("rules", sa.String(63), nullable=False),
        sa.Column("policy_sha256", sa.String(64), nullable=False),
        sa.Column("inputs_sha256", sa.String(64), nullable=False),
        sa.Column("rows_sha256", sa.String(64), nullable=False),
        sa.Column("rows", _NUMBER, nullable=False),
        sa.Column("quarantined", sa.Integer, nullable=False),
        sa.Column("quarantined_builds", sa.Integer, nullable=False),
        sa.Column("mismatched", sa.Integer, nullable=False),
        sa.Column("unattributed", sa.Integer, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("message", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('hourly', 'backfill', 'estimate')", name="ck_billing_runs_kind"),
        sa.CheckConstraint(
            "state IN ('running', 'published', 'unchanged', 'blocked', 'failed')", name="ck_billing_runs_state"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_billing_runs_slice", "billing_runs", ["region", "cluster", "hour"], unique=False)
    op.create_table(
        "billing_publications",
        sa.Column("sequence", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("region", sa.String(63), nullable=False),
        sa.Column("cluster", sa.String(63), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heard", sa.Integer, nullable=False),
        sa.Column("expected", sa.Integer, nullable=False),
        sa.Column("rows", _NUMBER, nullable=False),
        sa.CheckConstraint("kind IN ('published', 'estimate')", name="ck_billing_publications_kind"),
        sa.CheckConstraint("heard BETWEEN 0 AND expected AND expected > 0", name="ck_billing_publications_heard"),
        sa.ForeignKeyConstraint(["run_id"], ["billing_runs.id"]),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("run_id", name="uq_billing_publications_run"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_billing_publications_slice", "billing_publications", ["region", "cluster", "hour"], unique=False
    )
    op.create_table(
        "billing_waivers",
        sa.Column("cluster", sa.String(63), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("waived_by", sa.String(200), nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster", "hour"),
    )


def _create_invoices() -> None:
    op.create_table(
        "invoices",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("number", sa.String(63)),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("price_book", sa.String(63), nullable=False),
        sa.Column("price_book_version", sa.Integer, nullable=False),
        sa.Column("total", sa.String(50), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("publication", _NUMBER, nullable=False),
        sa.Column("history_sha256", sa.String(64), nullable=False),
        sa.Column("rerates", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(200), nullable=False),
        sa.Column("approved_by", sa.String(200), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.Column("voided_by", sa.String(200), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True)),
        sa.Column("void_reason", sa.Text, nullable=False),
        sa.Column("replaces", sa.String(36)),
        sa.CheckConstraint("(number IS NULL) = (state IN ('draft', 'in_review'))", name="ck_invoices_number"),
        sa.CheckConstraint("state IN ('draft', 'in_review', 'final', 'void')", name="ck_invoices_state"),
        sa.ForeignKeyConstraint(["replaces"], ["invoices.id"]),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number", name="uq_invoices_number"),
    )
    op.create_index("ix_invoices_workspace", "invoices", ["workspace_id", "period_start"], unique=False)
    op.create_index(
        "uq_invoices_live",
        "invoices",
        ["workspace_id", "period_start"],
        unique=True,
        sqlite_where=sa.text("state <> 'void'"),
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.create_table(
        "invoice_series",
        sa.Column("series", sa.String(16), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.CheckConstraint("last >= 0", name="ck_invoice_series_last"),
        sa.PrimaryKeyConstraint("series"),
    )
    op.create_table(
        "credits",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("amount", sa.String(50), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.String(200), nullable=False),
        sa.CheckConstraint("kind IN ('prepaid', 'promotion')", name="ck_credits_kind"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_credits_workspace", "credits", ["workspace_id"], unique=False)
    op.create_table(
        "credit_uses",
        sa.Column("credit_id", sa.String(36), nullable=False),
        sa.Column("invoice_id", sa.String(36), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("amount", sa.String(50), nullable=False),
        sa.ForeignKeyConstraint(["credit_id"], ["credits.id"]),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"]),
        sa.PrimaryKeyConstraint("credit_id", "invoice_id", "event"),
    )
    op.create_table(
        "journal",
        sa.Column("transaction_id", sa.String(36), nullable=False),
        sa.Column("leg", sa.Integer, nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("source_id", sa.String(63), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(100), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("amount", sa.String(50), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "leg"),
        sa.UniqueConstraint("event", "source_id", "leg", name="uq_journal_event"),
    )


def _create_watching() -> None:
    op.create_table(
        "budgets",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("amount", sa.String(50), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("thresholds", sa.String(100), nullable=False),
        sa.Column("webhook_url", sa.String(2000), nullable=False),
        sa.Column("webhook_secret", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_budgets_name"),
    )
    op.create_table(
        "budget_alerts",
        sa.Column("budget_id", sa.String(36), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("threshold", sa.Integer, nullable=False),
        sa.Column("spent", sa.String(50), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["budget_id"], ["budgets.id"]),
        sa.PrimaryKeyConstraint("budget_id", "period_start", "threshold"),
    )
    op.create_table(
        "supplier_bills",
        sa.Column("supplier", sa.String(63), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("meter", sa.String(32), nullable=False),
        sa.Column("quantity", sa.String(50), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("amount", sa.String(50), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("supplier", "period_start", "meter"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("workspace_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("endpoint", sa.String(2000), nullable=False),
        sa.Column("bucket", sa.String(200), nullable=False),
        sa.Column("prefix", sa.String(500), nullable=False),
        sa.Column("region", sa.String(63), nullable=False),
        sa.Column("access_key_id", sa.String(200), nullable=False),
        sa.Column("secret_key", sa.String(200), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("delivered_until", sa.DateTime(timezone=True)),
        sa.Column("message", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_deliveries_name"),
    )


# What may never change, whoever writes: a table, the rows that it holds for, and what is said.
_GUARDED: Final = (
    ("price_books", "", "a stored version of a price book never changes"),
    ("journal", "", "the journal never changes"),
    ("credit_uses", "", "what was taken of a credit never changes"),
    ("invoices", "OLD.state IN ('final', 'void')", "a final invoice never changes"),
)
# The one thing that may happen to a final invoice: it is declared void, and all that it says stays.
_VOID: Final = "OLD.state = 'final' AND NEW.state = 'void'"
_PINNED: Final = (
    *("id", "workspace_id", "period_start", "period_end", "number", "content", "inputs", "content_sha256"),
    *("price_book", "price_book_version", "total", "currency", "publication", "history_sha256", "rerates"),
    *("created_at", "submitted_by", "approved_by", "issued_at", "replaces"),
)


def _guard() -> None:
    """Triggers beneath the code, so that what is final stays so even for another program."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        op.execute(
            "CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    differs = "IS DISTINCT FROM" if is_postgresql else "IS NOT"
    changed = " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in _PINNED)
    for table, guarded, message in _GUARDED:
        for change in ("UPDATE", "DELETE"):
            when = guarded
            if guarded and change == "UPDATE":
                when = f"{guarded} AND (NOT ({_VOID}) OR {changed})"
            action = (
                f"EXECUTE FUNCTION billing_refuse('{message}')"
                if is_postgresql
                else f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )
            condition = f" WHEN ({when})" if when else ""
            name = f"{table}_{change.lower()}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON {table} FOR EACH ROW{condition} {action}")


def downgrade() -> None:
    """Drop billing's tables."""
    for table in (
        "deliveries",
        "supplier_bills",
        "budget_alerts",
        "budgets",
        "journal",
        "credit_uses",
        "credits",
        "invoice_series",
        "invoices",
        "billing_waivers",
        "billing_publications",
        "billing_runs",
        "billing_leases",
        "workspace_plans",
        "price_book_activations",
        "price_books",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION billing_refuse()")
