"""The control store's tables of metering runs: who may publish, what each run was told to do, what was published."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.instant import Instant
from core.schema import metadata

# SQLite makes only INTEGER keys by itself; there they have 64 bits, too.
NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")

# Who may publish. `fence` grows with every holder, so that one who was thought dead is recognised.
leases: Final = Table(
    "billing_leases",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("fence", NUMBER, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
# One run over one cluster and hour: what it was told to do, and what came out. `inputs_sha256` is the hash of all that
# its rows follow from, `rows_sha256` of the rows: the same inputs have the same rows.
runs: Final = Table(
    "billing_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("region", String(63), nullable=False),
    Column("cluster", String(63), nullable=False),
    Column("hour", Instant, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("fence", NUMBER, nullable=False),
    Column("rules", String(63), nullable=False),
    Column("policy_sha256", String(64), nullable=False),
    Column("inputs_sha256", String(64), nullable=False),
    Column("rows_sha256", String(64), nullable=False),
    Column("rows", NUMBER, nullable=False),
    # What a person should look at: pods' and builds' evidence put aside, pods whose labels name another tenant than
    # their registration, pods that nobody owns.
    Column("quarantined", Integer, nullable=False),
    Column("quarantined_builds", Integer, nullable=False),
    Column("mismatched", Integer, nullable=False),
    Column("unattributed", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("message", Text, nullable=False),
    CheckConstraint("kind IN ('hourly', 'backfill', 'estimate')", "ck_billing_runs_kind"),
    CheckConstraint("state IN ('running', 'published', 'unchanged', 'blocked', 'failed')", "ck_billing_runs_state"),
    Index("ix_billing_runs_slice", "region", "cluster", "hour"),
)
# The order in which runs were published, made here, in one transaction with the look at the lease; the ledger has a
# copy.
publications: Final = Table(
    "billing_publications",
    metadata,
    Column("sequence", NUMBER, primary_key=True, autoincrement=True),
    Column("region", String(63), nullable=False),
    Column("cluster", String(63), nullable=False),
    Column("hour", Instant, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("run_id", String(36), ForeignKey("billing_runs.id"), nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("heard", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("rows", NUMBER, nullable=False),
    CheckConstraint("kind IN ('published', 'estimate')", "ck_billing_publications_kind"),
    CheckConstraint("heard BETWEEN 0 AND expected AND expected > 0", "ck_billing_publications_heard"),
    UniqueConstraint("run_id", name="uq_billing_publications_run"),
    Index("ix_billing_publications_slice", "region", "cluster", "hour"),
    sqlite_autoincrement=True,
)
# An hour whose evidence is incomplete, and that somebody has decided to bill as it is.
waivers: Final = Table(
    "billing_waivers",
    metadata,
    Column("cluster", String(63), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("waived_by", String(200), nullable=False),
    Column("waived_at", Instant, nullable=False),
)
# An hour in which nodes seem to hold more than they have, and that somebody has decided to bill as it is.
law_overrides: Final = Table(
    "billing_law_overrides",
    metadata,
    Column("cluster", String(63), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("overridden_by", String(200), nullable=False),
    Column("overridden_at", Instant, nullable=False),
)
