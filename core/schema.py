"""The control store's tables: who owns what, who may what, and which tokens say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    and_,
    or_,
)

from core.instant import Instant
from core.policy import PlatformRole, ProjectRole, WorkspaceRole

if TYPE_CHECKING:
    from datetime import datetime
    from enum import StrEnum

    from sqlalchemy import ColumnElement

metadata: Final = MetaData()


def _id(name: str, references: str | None = None, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    """A column of canonical ids: 36 characters of lower case on both databases."""
    keys = [ForeignKey(references)] if references else []
    return Column(name, String(36), *keys, primary_key=primary_key, nullable=nullable)


def _role(table: str, roles: type[StrEnum]) -> tuple[Column[str], CheckConstraint]:
    choices = ", ".join(f"'{role}'" for role in roles)
    return Column("role", String(16), nullable=False), CheckConstraint(f"role IN ({choices})", f"ck_{table}_role")


workspaces: Final = Table(
    "workspaces",
    metadata,
    _id("id", primary_key=True),
    Column("name", String(100), nullable=False),
    CheckConstraint("length(id) = 36 AND id = lower(id)", "ck_workspaces_id"),
)
projects: Final = Table(
    "projects",
    metadata,
    _id("id", primary_key=True),
    Column("name", String(100), nullable=False),
    Column("region", String(63), nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("length(id) = 36 AND id = lower(id)", "ck_projects_id"),
    Index("ix_projects_region", "region", "created_at"),
)
# Which workspace pays for a project, and when: half-open periods [valid_from, valid_to). The constraints make them one
# chain without overlap or gap: every closed period ends where another begins (the deferred reference), no two end
# together, at most one is open. As each ends after it begins, all of them must lie on the way to the open one.
project_workspaces: Final = Table(
    "project_workspaces",
    metadata,
    _id("project_id", "projects.id", primary_key=True),
    Column("valid_from", Instant, primary_key=True),
    Column("valid_to", Instant),
    _id("workspace_id", "workspaces.id"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", "ck_project_workspaces_period"),
    UniqueConstraint("project_id", "valid_to", name="uq_project_workspaces_end"),
    ForeignKeyConstraint(
        ["project_id", "valid_to"],
        ["project_workspaces.project_id", "project_workspaces.valid_from"],
        name="fk_project_workspaces_next",
        deferrable=True,
        initially="DEFERRED",
    ),
    Index("ix_project_workspaces_workspace", "workspace_id"),
)
Index(
    "uq_project_workspaces_open",
    project_workspaces.c.project_id,
    unique=True,
    sqlite_where=project_workspaces.c.valid_to.is_(None),
    postgresql_where=project_workspaces.c.valid_to.is_(None),
)


def is_held_at(instant: datetime) -> ColumnElement[bool]:
    """The condition that picks, for each project, the one period that covers an instant."""
    period = project_workspaces.c
    return and_(period.valid_from <= instant, or_(period.valid_to.is_(None), period.valid_to > instant))


environments: Final = Table(
    "environments",
    metadata,
    _id("project_id", "projects.id", primary_key=True),
    Column("name", String(30), primary_key=True),
    Column("is_ephemeral", Boolean, nullable=False),
    Column("is_protected", Boolean, nullable=False),
    Column("tier", String(63), nullable=False),
    CheckConstraint("length(name) BETWEEN 1 AND 30 AND name = lower(name)", "ck_environments_name"),
)
services: Final = Table(
    "services",
    metadata,
    _id("id", primary_key=True),
    _id("project_id", "projects.id"),
    Column("name", String(100), nullable=False),
    CheckConstraint("length(id) = 36 AND id = lower(id)", "ck_services_id"),
    UniqueConstraint("project_id", "name", name="uq_services_name"),
)
workspace_members: Final = Table(
    "workspace_members",
    metadata,
    _id("workspace_id", "workspaces.id", primary_key=True),
    Column("subject", String(200), primary_key=True),
    *_role("workspace_members", WorkspaceRole),
)
project_members: Final = Table(
    "project_members",
    metadata,
    _id("project_id", "projects.id", primary_key=True),
    Column("subject", String(200), primary_key=True),
    *_role("project_members", ProjectRole),
)
platform_members: Final = Table(
    "platform_members",
    metadata,
    Column("subject", String(200), primary_key=True),
    *_role("platform_members", PlatformRole),
)
api_tokens: Final = Table(
    "api_tokens",
    metadata,
    _id("id", primary_key=True),
    Column("subject", String(200), nullable=False),
    Column("name", String(100), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("token_hash", String(64), nullable=False),
    # Spelt out even for a token of all actions, so that an action added later is not granted to tokens of today.
    Column("actions", JSON, nullable=False),
    _id("workspace_id", "workspaces.id", nullable=True),
    _id("project_id", "projects.id", nullable=True),
    Column("environments", JSON(none_as_null=True)),
    Column("services", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    UniqueConstraint("token_hash", name="uq_api_tokens_hash"),
    CheckConstraint("length(token_hash) = 64", "ck_api_tokens_hash"),
    CheckConstraint(
        "project_id IS NOT NULL OR (environments IS NULL AND services IS NULL)", "ck_api_tokens_narrowed_in_a_project"
    ),
    Index("ix_api_tokens_subject", "subject"),
    Index("ix_api_tokens_prefix", "prefix"),
)
clusters: Final = Table(
    "clusters",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("region", String(63), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    UniqueConstraint("token_hash", name="uq_clusters_hash"),
    CheckConstraint("length(token_hash) = 64", "ck_clusters_hash"),
)
