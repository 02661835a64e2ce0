"""Who asks: the writer, or a reader that is held to one tenant and to limits."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from compose.clickhouse.failure import AUTHENTICATION_FAILED, CONSTRAINT, READONLY, ClickHouseFailure
from compose.clickhouse.policy import STAFF, TENANT_SETTING, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

READER: Final = "reader"
WRITER: Final = "writer"
# By this setting a reader names the project whose rows it may see; a server's row policies read it (sql/logs/server).
PROJECT_SETTING: Final = "SQL_project"
# The same of the ledger's reader, and its workspace.
WORKSPACE_SETTING: Final = "SQL_workspace"

_SERVER_ONLY: Final = frozenset({"readonly", "profile", "allow_ddl", "allow_introspection_functions"})
# The same as the reader's profile on a server.
_DEFAULTS: Final = {
    "max_execution_time": "30",
    "max_memory_usage": "1000000000",
    "max_threads": "2",
    "prefer_column_name_to_alias": "1",
}
_HIGHEST: Final = {"max_execution_time": 600, "max_memory_usage": 1_000_000_000, "max_threads": 8}


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the interface and what its statements are run with."""

    name: str

    @property
    def readonly(self) -> int:
        """The engine's `readonly`: a reader's statement can change neither data nor settings."""
        return 1 if self.name == READER else 0

    def settings(self, asked: Mapping[str, str]) -> dict[str, str]:
        """What the handle is set to before it is locked, from the settings that a request names.

        Raises:
            ClickHouseFailure: a reader asks for one that it may not change, or for more than its limit.
        """
        tenant = _tenant(asked)
        # Attribution on a server; here it is what the row policies read, so that nobody else may set it.
        ours = {PROJECT_SETTING, WORKSPACE_SETTING, TENANT_SETTING}
        chosen = {name: value for name, value in asked.items() if name not in ours}
        if self.name == WRITER:
            return chosen | {TENANT_SETTING: STAFF}
        for name, value in chosen.items():
            if name in _SERVER_ONLY:
                raise ClickHouseFailure.of(READONLY, f"Cannot modify '{name}' setting in readonly mode")
            if name in _HIGHEST and not 0 < _number(value) <= _HIGHEST[name]:
                raise ClickHouseFailure.of(CONSTRAINT, f"Setting {name} shouldn't be greater than {_HIGHEST[name]}")
        if tenant == STAFF:
            raise ClickHouseFailure.of(CONSTRAINT, f"Setting {PROJECT_SETTING} must be a project's id")
        return _DEFAULTS | chosen | {TENANT_SETTING: tenant}


def _tenant(asked: Mapping[str, str]) -> str:
    """Whom a reader is bound to: a project or a workspace, never both; a project's name is none of a workspace's."""
    project, workspace = asked.get(PROJECT_SETTING, ""), asked.get(WORKSPACE_SETTING, "")
    if project.startswith(WORKSPACE) or (project and workspace):
        raise ClickHouseFailure.of(CONSTRAINT, f"Name either {PROJECT_SETTING} or {WORKSPACE_SETTING}, by its id")
    return f"{WORKSPACE}{workspace}" if workspace else project


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0


class Accounts:
    """The two accounts and their passwords."""

    def __init__(self, *, reader: str, writer: str) -> None:
        self._passwords = {READER: reader.encode(), WRITER: writer.encode()}

    def authenticate(self, headers: Mapping[str, str], query: Mapping[str, str]) -> Account:
        """The account of a request: by Basic authorization, by X-ClickHouse-User and -Key, or by `user` in the URL.

        Raises:
            ClickHouseFailure: there is no such account, or the password is another; the two look the same.
        """
        name, password = _credential(headers, query)
        expected = self._passwords.get(name, b"")
        if not hmac.compare_digest(password.encode(), expected) or not expected:
            raise ClickHouseFailure.of(
                AUTHENTICATION_FAILED,
                "Authentication failed: password is incorrect, or there is no user with such name",
            )
        return Account(name)


def _credential(headers: Mapping[str, str], query: Mapping[str, str]) -> tuple[str, str]:
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return name, password
    if "x-clickhouse-user" in headers:
        return headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    return query.get("user", ""), query.get("password", "")
