"""Texts that are no UTF-8, in every format of an export: shown as a page shows them, whoever finds them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.query import platform
from tests.query.logs import samples
from tests.query.logs.reference import Sample
from tests.query.logs.samples import SECOND
from tests.query.logs.test_export import READERS

if TYPE_CHECKING:
    import httpx
    from clickhouse_connect.driver.client import Client


@pytest.mark.parametrize("format_", READERS)
def test_what_is_no_utf_8_is_shown_as_a_page_shows_it(
    logs: httpx.Client, log_writer: Client, moment: int, format_: str
) -> None:
    at = moment - (2_000_000 + list(READERS).index(format_)) * SECOND
    place = (platform.PROJECT_A, "production", platform.SERVICE_A1)
    attributes = {"k\udcfe": '\udcfd/"', "é": "🙂", "": "\x01\\"}
    broken = Sample(*place, at, 1, body="a\udcff\udcfeb\udce2\udc82", attributes=attributes)
    rows = [samples.row(one, encode=True) for one in (broken, Sample(*place, at + 1, 2, body="sound"))]
    log_writer.insert("starmeter.logs", rows, column_names=samples.COLUMNS)
    span = {"start": at, "end": at + 2}
    page = logs.get("logs", params=span | {"direction": "forward"}).raise_for_status().json()["records"]
    exported, _ = READERS[format_](logs.get("logs/export", params=span | {"format": format_}).content)

    assert page == exported
    assert page[0]["body"] == "a\ufffdb\ufffd"
    assert page[0]["attributes"] == {"k\ufffd": '\ufffd/"', "é": "🙂", "": "\x01\\"}


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_attributes_are_whole_whatever_one_of_them_holds(
    logs: httpx.Client, log_writer: Client, moment: int, format_: str
) -> None:
    """Each in a record of its own: those without anything to escape are written in another way than the others."""
    at = moment - (2_100_000 + list(READERS).index(format_)) * SECOND
    place = (platform.PROJECT_A, "production", platform.SERVICE_A1)
    texts = [
        '"',
        '""',
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        "\x00",
        "\x1f",
        "\x7f",
        "\u2028",
        "\u2029",
        "/",
        ",",
        ":",
        "'",
        "é",
        "🙂",
    ]
    given = (
        [{"key": text} for text in texts]
        + [{text: "value"} for text in texts]
        + [{"a": text, "b": ""} for text in texts]
    )
    broken = ['\udcff\udcff\udcff\udcff"', 'a\udce2"b', "a\udcff\\b"]
    given += [*({"k": text} for text in broken), {"": ""}, {}]
    records = [Sample(*place, at + number, number + 1, body="b", attributes=one) for number, one in enumerate(given)]
    log_writer.insert(
        "starmeter.logs", [samples.row(one, encode=True) for one in records], column_names=samples.COLUMNS
    )
    span = {"start": at, "end": at + len(given)}

    exported, _ = READERS[format_](logs.get("logs/export", params=span | {"format": format_}).content)

    assert [row["attributes"] for row in exported[:-5]] == given[:-5]
    shown = ['\ufffd"', 'a\ufffd"b', "a\ufffd\\b"]
    assert [row["attributes"] for row in exported[-5:]] == [*({"k": text} for text in shown), {"": ""}, {}]
