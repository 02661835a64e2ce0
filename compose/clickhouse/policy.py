"""The engine's own configuration: its one user, that user's grants, the row policies, the memory it may take.

The engine has a single user, no custom settings and no SQL-made policies, so that a server's objects (`sql/server`)
are approximated: a row policy compares with the setting `log_comment`, which the interface alone sets, to the project
that a reader names in `SQL_project` or the workspace that it names in `SQL_workspace`, and to `*` for the writer. The
writer needs that, for a policy also filters what a materialised view reads while the writer inserts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TENANT_SETTING: Final = "log_comment"
STAFF: Final = "*"
# Before a workspace's id, so that no project's reader is ever taken for a workspace's, nor the other way round.
WORKSPACE: Final = "workspace "

_STAFF_ONLY: Final = f"getSetting('{TENANT_SETTING}') = '{STAFF}'"
_OWN_WORKSPACE: Final = f"concat('{WORKSPACE}', workspace_id) = getSetting('{TENANT_SETTING}') OR {_STAFF_ONLY}"
_ANY_WORKSPACE: Final = f"startsWith(getSetting('{TENANT_SETTING}'), '{WORKSPACE}') OR {_STAFF_ONLY}"
_OWN_PROJECT: Final = f"project_id = toUUIDOrZero(getSetting('{TENANT_SETTING}')) OR {_STAFF_ONLY}"

# Every table that holds rows of more than one tenant; a table that is missing here would be open to each reader.
POLICIES: Final = {
    "logs": _OWN_PROJECT,
    "logs_volume_1m": _OWN_PROJECT,
    "logs_volume_1m_fill": _OWN_PROJECT,
    "dead_letters": _STAFF_ONLY,
}
# The same for the ledger. Publications say which runs count and are no tenant's; evidence is for the billing run alone.
LEDGER_POLICIES: Final = {
    "usage": _OWN_WORKSPACE,
    "publications": _ANY_WORKSPACE,
    "pod_observations": _STAFF_ONLY,
    "pod_registrations": _STAFF_ONLY,
    "pod_documents": _STAFF_ONLY,
    "heartbeats": _STAFF_ONLY,
    "nodes": _STAFF_ONLY,
    "build_events": _STAFF_ONLY,
    "refused_evidence": _STAFF_ONLY,
}
_DATABASES: Final = {"starmeter": POLICIES, "billing": LEDGER_POLICIES}

# No source of data but the database itself: neither files nor URLs nor other servers.
_GRANT: Final = (
    "GRANT SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE DICTIONARY, DROP, TRUNCATE, "
    "OPTIMIZE, SHOW, KILL QUERY, SYSTEM, CHECK, dictGet ON *.*"
)

_USERS: Final = """<clickhouse>
 <profiles><default>
  <allow_introspection_functions>0</allow_introspection_functions>
  <implicit_select>0</implicit_select>
 </default></profiles>
 <quotas><default/></quotas>
 <users><default>
  <password/>
  <networks><ip>::/0</ip></networks>
  <profile>default</profile>
  <quota>default</quota>
  <grants><query>{grant}</query></grants>
  <databases>{databases}</databases>
 </default></users>
</clickhouse>
"""
_CONFIG: Final = """<clickhouse>
 <user_directories><users_xml><path>{users}</path></users_xml></user_directories>
 <max_server_memory_usage>{memory}</max_server_memory_usage>
 <mark_cache_size>134217728</mark_cache_size>
 <uncompressed_cache_size>0</uncompressed_cache_size>
 <background_pool_size>2</background_pool_size>
 <background_schedule_pool_size>4</background_schedule_pool_size>
</clickhouse>
"""


def write(folder: Path, *, memory: int) -> Path:
    """Write the configuration into `folder`, for an engine that may take `memory` bytes; returns its main file."""
    users = folder / "users.xml"
    databases = "".join(f"<{name}>{_tables(policies)}</{name}>" for name, policies in _DATABASES.items())
    users.write_text(_USERS.format(grant=_GRANT, databases=databases))
    config = folder / "engine.xml"
    config.write_text(_CONFIG.format(users=escape(str(users)), memory=memory))
    return config


def _tables(policies: Mapping[str, str]) -> str:
    return "".join(f"<{table}><filter>{escape(rule)}</filter></{table}>" for table, rule in policies.items())
