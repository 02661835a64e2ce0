"""Endpoints of log stores and what a store's failures become."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import (
    DatabaseError,
    DataError,
    InterfaceError,
    OperationalError,
    StreamFailureError,
)

from core import clickhouse
from core.clickhouse import Endpoint, TookTooLong, TooMuchRead
from core.errors import BadRequest, ConfigurationError, ServiceError, StarmeterError, TooBusy, Unavailable

SECRET = "SELECT secret FROM logs at http://10.0.0.7:8123"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (25, BadRequest),
        (427, BadRequest),
        (158, TooMuchRead),
        (167, TooMuchRead),
        (168, TooMuchRead),
        (307, TooMuchRead),
        (396, TooMuchRead),
        (201, TooBusy),
        (159, TookTooLong),
        (516, ConfigurationError),
        (164, ServiceError),
        (497, ServiceError),
        (241, Unavailable),
        (252, Unavailable),
        (60, Unavailable),
        (None, Unavailable),
    ],
)
@pytest.mark.parametrize("raised", [DatabaseError, StreamFailureError, OperationalError])
def test_each_code_of_the_store_is_one_error_of_ours_that_repeats_nothing(
    raised: type[DatabaseError], code: int | None, kind: type[StarmeterError]
) -> None:
    with pytest.raises(StarmeterError) as told, clickhouse.translated("region fra: the log store"):
        raise raised(SECRET, code=code)

    assert type(told.value) is kind
    assert "secret" not in told.value.message
    assert "10.0.0.7" not in told.value.message


@pytest.mark.parametrize(
    "failure", [InterfaceError(SECRET), DataError(SECRET), ConnectionResetError(SECRET), TimeoutError()]
)
def test_what_has_no_code_is_a_store_that_does_not_answer(failure: Exception) -> None:
    with pytest.raises(Unavailable, match=r"^the store does not answer$"), clickhouse.translated("the store"):
        raise failure


def test_what_is_not_the_librarys_passes() -> None:
    with pytest.raises(KeyError), clickhouse.translated("the store"):
        raise KeyError


def test_statuses_tell_whose_fault_it_is() -> None:
    assert (TooMuchRead("x").status, TookTooLong("x").status) == (422, 504)
    assert TooMuchRead.code != TookTooLong.code


@pytest.mark.parametrize(
    ("url", "address", "user", "password"),
    [
        ("http://writer:a%40b@127.0.0.1:8123", "http://127.0.0.1:8123", "writer", "a@b"),
        ("https://reader:x@logs.fra/base/", "https://logs.fra/base", "reader", "x"),
        ("http://reader@[::1]:8123", "http://[::1]:8123", "reader", ""),
    ],
)
def test_an_endpoint_is_read_from_a_url(url: str, address: str, user: str, password: str) -> None:
    endpoint = Endpoint.of("the store", url)

    assert (endpoint.url, endpoint.user, endpoint.password.get_secret_value()) == (address, user, password)
    assert not password or password not in repr(endpoint)


@pytest.mark.parametrize(
    "url", ["", "secret", "ftp://a:secret@host", "http://host:8123", "http://a:secret@", "http://a:secret@host:port"]
)
def test_what_is_no_url_of_a_store_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^log_store 1: ") as told:
        Endpoint.of("log_store 1", url)

    assert "secret" not in told.value.message


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Query memory limit exceeded: would use 1.06 MiB", TooMuchRead),
        ("Memory limit (for query) exceeded", TooMuchRead),
        ("User memory limit exceeded", Unavailable),
        ("(total) memory limit exceeded", Unavailable),
    ],
)
@pytest.mark.parametrize("raised", [DatabaseError, StreamFailureError])
def test_memory_that_one_statement_lacks_is_not_memory_that_others_have_taken(
    raised: type[DatabaseError], words: str, kind: type[StarmeterError]
) -> None:
    with pytest.raises(kind, match="memory" if kind is TooMuchRead else "fails"), clickhouse.translated("the store"):
        raise raised(f"Code: 241. DB::Exception: {words}. (MEMORY_LIMIT_EXCEEDED)", code=241)
