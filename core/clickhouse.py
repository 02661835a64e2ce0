"""Raw clients of a ClickHouse store: how they connect, what they set explicitly, how its failures are told.

Dangerous: they run whatever they are told to, so only the tenant-bound log reader, the ingest sink and the migration
runner may import this module (held by an import contract).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, StreamFailureError
from pydantic import SecretStr

from core.errors import BadRequest, CallerError, ConfigurationError, ServiceError, TooBusy, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clickhouse_connect.driver.asyncclient import AsyncClient
    from clickhouse_connect.driver.client import Client

# The library would log each failure with hosts and stacks, which whoever handles the translated error logs once.
logging.getLogger("clickhouse_connect").setLevel(logging.ERROR)

DATABASE: Final = "starmeter"
# A reader names its project by it in every request; the store's row policies compare with it.
PROJECT_SETTING: Final = "SQL_project"

_FORM: Final = "write it as http://user:password@host:8123 or https://…"

# Defaults differ between servers and releases, so that nothing that matters is left to them.
_BOTH: Final = {
    # An error is not mixed into the rows: it ends the body in a block of its own, and the client raises.
    "http_write_exception_in_output_format": 0,
    "timeout_overflow_mode": "throw",
    "use_query_cache": 0,
}
_READER: Final = {
    "cancel_http_readonly_queries_on_client_close": 1,
    # `SELECT 'a' AS project_id … WHERE project_id = …` would compare with the alias.
    "prefer_column_name_to_alias": 1,
    "result_overflow_mode": "throw",
    "output_format_json_validate_utf8": 1,
}
_WRITER: Final = {
    # Collected asynchronous inserts register a token in partitions that it does not belong to, and lose rows.
    "async_insert": 0,
    "wait_for_async_insert": 1,
    "insert_deduplicate": 1,
    # A batch that is sent again counts once in the volume by minute, too.
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_partitions_per_insert_block": 500,
    "materialize_ttl_after_modify": 0,
}


class TooMuchRead(CallerError):
    """The read would go over its limit of rows, bytes, memory or size; the message says what to narrow."""

    code = "too_much_read"
    status = 422


class TookTooLong(ServiceError):
    """The store did not finish within the time that the read was given."""

    code = "took_too_long"
    status = 504


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a store is and who asks: `name` is what it is called in messages, such as `region fra: the log store`."""

    name: str
    url: str
    user: str
    password: SecretStr

    @classmethod
    def of(cls, name: str, url: str) -> Endpoint:
        """An endpoint by a URL that holds the user and the password.

        Raises:
            ConfigurationError: the URL is none, or lacks one of them; a password in it is never repeated.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigurationError(f"{name}: not a URL; {_FORM}") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.username:
            raise ConfigurationError(f"{name}: not the URL of a ClickHouse store; {_FORM}")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        address = f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
        return cls(name, address, unquote(parts.username), SecretStr(unquote(parts.password or "")))

    def _where(self) -> dict[str, Any]:
        parts = urlsplit(self.url)
        return {
            "interface": parts.scheme,
            "host": parts.hostname,
            "port": parts.port or (8443 if parts.scheme == "https" else 8123),
            "proxy_path": parts.path,
            "username": self.user,
            "password": self.password.get_secret_value(),
        }


def writer(endpoint: Endpoint, *, connect_seconds: int = 3, answer_seconds: int = 60) -> Client:
    """A blocking client to insert and migrate with; it connects at once, and threads may share it.

    Nothing is retried here: whoever inserts retries with the same deduplication token.

    Raises:
        Unavailable: the store does not answer.
        ConfigurationError: the store refuses the credential.
    """
    with translated(endpoint.name):
        client: Client = clickhouse_connect.get_client(
            **endpoint._where(),  # noqa: SLF001 - the same module
            database="",
            compress="lz4",
            query_retries=0,
            connect_timeout=connect_seconds,
            send_receive_timeout=answer_seconds,
            # Eight kept-alive connections of its own, closed with it.
            dedicated_pool=True,
            autogenerate_session_id=False,
            autogenerate_query_id=True,
            show_clickhouse_errors="scrub",
            tz_mode="aware",
            settings=_BOTH | _WRITER | {"max_execution_time": answer_seconds},
        )
        return client


async def reader(
    endpoint: Endpoint,
    *,
    connect_seconds: int = 2,
    answer_seconds: int = 60,
    execution_seconds: int = 30,
    connections: int = 32,
    compress: str | bool = False,
) -> AsyncClient:
    """A client of the event loop to read with, as the store's locked reader; it connects at once.

    A statement may run for `execution_seconds`; `answer_seconds` may pass without a byte of an answer.

    Raises:
        Unavailable: the store does not answer.
        ConfigurationError: the store refuses the credential.
    """
    with translated(endpoint.name):
        return await clickhouse_connect.get_async_client(
            **endpoint._where(),  # noqa: SLF001 - the same module
            database="",
            compress=compress,
            query_retries=1,
            connect_timeout=connect_seconds,
            send_receive_timeout=answer_seconds,
            connector_limit=connections,
            connector_limit_per_host=connections,
            keepalive_timeout=45,
            autogenerate_session_id=False,
            autogenerate_query_id=True,
            show_clickhouse_errors="scrub",
            tz_mode="aware",
            settings=_BOTH | _READER | {"max_execution_time": execution_seconds},
        )


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Turn what the client library raises into errors of ours, once; SQL, rows and hosts stay in the cause.

    `store` begins the sentence of a failure that is ours. A cut or failed stream is raised by the code it ended with.

    Raises:
        BadRequest: the search itself is wrong: a pattern, an escape, a depth.
        TooMuchRead: it reads, answers or remembers more than its limit, or its filter is too large.
        TooBusy: the tenant's quota is used up.
        TookTooLong: it ran into its deadline.
        ConfigurationError: the store refuses the credential.
        ServiceError: a defence of the store refused the statement, which is a defect of ours.
        Unavailable: all else: no answer, no memory left, too many parts, a schema that is not there.
    """
    try:
        yield
    except ClickHouseError as failure:
        raise _error(store, failure) from failure
    except (OSError, TimeoutError) as failure:
        raise Unavailable(f"{store} does not answer") from failure


_NARROW: Final = "narrow the time range, or name an environment and a service"
_MEMORY: Final = 241
# How releases say that the one statement needs too much; else it is others that have taken the memory.
_OF_ONE_STATEMENT: Final = ("query memory limit", "(for query)")
_Error = CallerError | ServiceError


def _by_code(store: str) -> dict[tuple[int, ...], Callable[[int], _Error]]:
    """What each code of the store's means here; a code that is not listed means that the store fails."""
    return {
        (25, 36, 306, 427): lambda _: BadRequest(
            "q: the store cannot read this pattern; check the regular expression and its escapes"
        ),
        (167, 168): lambda _: TooMuchRead(
            "the filter is too large for the store; use fewer terms, shorter texts or fewer labels"
        ),
        (158, 307, 396): lambda _: TooMuchRead(f"the read is over its limit; {_NARROW}"),
        (201,): lambda _: TooBusy("the quota of reads is used up; try again later", retry_after=60),
        (159,): lambda _: TookTooLong(f"the read took too long; {_NARROW}"),
        (192, 193, 194, 516): lambda _: ConfigurationError(
            f"{store} refuses the credential; check its user and password"
        ),
        (164, 452, 497): lambda code: ServiceError(f"{store} refused a statement of ours (code {code})"),
    }


def _error(store: str, failure: ClickHouseError) -> _Error:
    code = failure.code if isinstance(failure, DatabaseError | StreamFailureError) else None
    if code is None:
        return Unavailable(f"{store} does not answer")
    if code == _MEMORY and any(words in str(failure).lower() for words in _OF_ONE_STATEMENT):
        return TooMuchRead(f"the read needs more memory than one read may take; {_NARROW}")
    for codes, error in _by_code(store).items():
        if code in codes:
            return error(code)
    return Unavailable(f"{store} fails (code {code})")
