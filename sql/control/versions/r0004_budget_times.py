"""When a budget was put: it is told of no month that was over by then."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_PUT_AT = sa.column("put_at", sa.DateTime(timezone=True))


def upgrade() -> None:
    """Add the column; budgets that are there count as put now, since nobody knows when they were."""
    # SQLite adds no column without a default that is never empty to a table that may have rows.
    op.add_column("budgets", sa.Column("put_at", sa.DateTime(timezone=True)))
    op.execute(sa.table("budgets", _PUT_AT).update().values(put_at=datetime.now(UTC)))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("budgets", "put_at")
