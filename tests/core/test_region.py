"""A region's endpoints: private addresses, base URLs, no credential in sight."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.region import Region


def region(**changes: Any) -> Region:  # noqa: ANN401 - pydantic judges the values
    return Region.model_validate({"name": "fra1", "metrics_url": "http://10.0.0.5:8427"} | changes)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3:8427",
        "http://172.16.0.1",
        "http://192.168.1.1:80/prefix",
        "https://[fd00::1]:8427",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://100.64.0.1",
        "http://victoria.internal:8427",
    ],
)
def test_a_private_address_is_a_stores(url: str) -> None:
    assert region(metrics_url=url).metrics_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8",
        "https://[2606:4700::1111]:8427",
        "http://172.32.0.1/prefix",
        "http://134744072",
        "http://0x08080808:8427",
        "http://010.010.010.010",
    ],
)
@pytest.mark.parametrize("key", ["metrics_url", "alerts_url"])
def test_a_public_address_is_refused_by_its_key_unless_it_was_allowed(url: str, key: str) -> None:
    with pytest.raises(ValidationError, match=rf"{key}: .* is a public address; stores are private"):
        region(**{key: url})

    assert getattr(region(**{key: url, "allow_public_address": True}), key) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "10.0.0.1:8427",
        "ftp://10.0.0.1",
        "http://",
        "http://:8427",
        "http://10.0.0.1?x=1",
        "http://10.0.0.1#x",
        "//h",
        "http://10.0.0.1:99999",
        "http://10.0.0.1:port",
        "http://10.0.0.1:0",
        "http://10.0.0.1?",
        "http://10.0.0.1\n",
        "http://10.0.0.1 ",
        "http://8.8.8.8.",
    ],
)
@pytest.mark.parametrize("key", ["metrics_url", "alerts_url"])
def test_what_is_no_base_url_is_refused(url: str, key: str) -> None:
    with pytest.raises(ValidationError, match="not a base URL; write it as http://host:port"):
        region(**{key: url})


def test_a_credential_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as refusal:
        region(metrics_url="http://user:hunter2@10.0.0.1")

    assert "put it into metrics_token" in refusal.value.errors(include_input=False)[0]["msg"]
    assert "hunter2" not in str(refusal.value.errors(include_input=False, include_url=False)[0]["msg"])


def test_a_trailing_slash_is_dropped_so_that_paths_can_be_added() -> None:
    assert region(metrics_url="http://10.0.0.1:8427/a/").metrics_url == "http://10.0.0.1:8427/a"


def test_the_token_shows_in_no_representation() -> None:
    told = region(metrics_token="hunter2")

    assert "hunter2" not in f"{told!r} {told} {told.model_dump_json()}"
    assert told.metrics_token is not None
    assert told.metrics_token.get_secret_value() == "hunter2"


def test_an_unknown_key_is_refused_and_a_region_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        region(metrics_uri="http://10.0.0.1")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(region(), "name", "nyc3")  # noqa: B010 - mypy refuses it, too
