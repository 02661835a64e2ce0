"""Workspaces, projects, environments, services; members and their roles; API tokens; clusters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the directory."""
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.CheckConstraint("length(id) = 36 AND id = lower(id)", "ck_workspaces_id"),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("region", sa.String(63), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(id) = 36 AND id = lower(id)", "ck_projects_id"),
    )
    op.create_index("ix_projects_region", "projects", ["region", "created_at"])
    op.create_table(
        "project_workspaces",
        sa.Column("project_id", sa.String(36), sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("valid_to", sa.DateTime(timezone=True)),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", "ck_project_workspaces_period"),
        sa.UniqueConstraint("project_id", "valid_to", name="uq_project_workspaces_end"),
        sa.ForeignKeyConstraint(
            ["project_id", "valid_to"],
            ["project_workspaces.project_id", "project_workspaces.valid_from"],
            "fk_project_workspaces_next",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_project_workspaces_workspace", "project_workspaces", ["workspace_id"])
    op.create_index(
        "uq_project_workspaces_open",
        "project_workspaces",
        ["project_id"],
        unique=True,
        sqlite_where=sa.text("valid_to IS NULL"),
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "environments",
        sa.Column("project_id", sa.String(36), sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("name", sa.String(30), primary_key=True),
        sa.Column("is_ephemeral", sa.Boolean, nullable=False),
        sa.Column("is_protected", sa.Boolean, nullable=False),
        sa.Column("tier", sa.String(63), nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 30 AND name = lower(name)", "ck_environments_name"),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("project_id", sa.String(36), sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.CheckConstraint("length(id) = 36 AND id = lower(id)", "ck_services_id"),
        sa.UniqueConstraint("project_id", "name", name="uq_services_name"),
    )
    _create_members()
    _create_credentials()


def _create_members() -> None:
    op.create_table(
        "workspace_members",
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'admin', 'billing', 'member')", "ck_workspace_members_role"),
    )
    op.create_table(
        "project_members",
        sa.Column("project_id", sa.String(36), sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'developer', 'viewer')", "ck_project_members_role"),
    )
    op.create_table(
        "platform_members",
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.CheckConstraint("role IN ('platform', 'finance')", "ck_platform_members_role"),
    )


def _create_credentials() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("workspace_id", sa.String(36), sa.ForeignKey("workspaces.id")),
        sa.Column("project_id", sa.String(36), sa.ForeignKey("projects.id")),
        sa.Column("environments", sa.JSON),
        sa.Column("services", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_hash"),
        sa.CheckConstraint("length(token_hash) = 64", "ck_api_tokens_hash"),
        sa.CheckConstraint(
            "project_id IS NOT NULL OR (environments IS NULL AND services IS NULL)",
            "ck_api_tokens_narrowed_in_a_project",
        ),
    )
    op.create_index("ix_api_tokens_subject", "api_tokens", ["subject"])
    op.create_index("ix_api_tokens_prefix", "api_tokens", ["prefix"])
    op.create_table(
        "clusters",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("region", sa.String(63), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("token_hash", name="uq_clusters_hash"),
        sa.CheckConstraint("length(token_hash) = 64", "ck_clusters_hash"),
    )


def downgrade() -> None:
    """Drop the directory."""
    for table in (
        "clusters",
        "api_tokens",
        "platform_members",
        "project_members",
        "workspace_members",
        "services",
        "environments",
        "project_workspaces",
        "projects",
        "workspaces",
    ):
        op.drop_table(table)
