"""An Accept header is honoured: the most preferred of what there is, and never what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from billing.surface.negotiation import preferred

if TYPE_CHECKING:
    import httpx

OFFERED: Final = {"application/json": "json", "text/csv": "csv", "text/html": "html", "application/pdf": "pdf"}


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        pytest.param("", "json", id="none: the default"),
        pytest.param("*/*", "json", id="anything: the default"),
        pytest.param("text/csv", "csv", id="one type"),
        pytest.param("TEXT/CSV", "csv", id="in capitals"),
        pytest.param("text/x-unknown, text/csv", "csv", id="the first is unknown"),
        pytest.param("text/html, text/csv", "html", id="the earlier of two that are wanted alike"),
        pytest.param("text/html;q=0.5, text/csv;q=0.9", "csv", id="the one that is wanted more"),
        pytest.param("text/html;q=0.001, text/csv;q=0", "html", id="hardly wanted is not refused"),
        pytest.param("text/csv;q=0", "json", id="refused: the default"),
        pytest.param("text/csv;q=0.0, text/html;q=0.000", "json", id="refused in decimals"),
        pytest.param("application/json;q=0, text/csv", "csv", id="the default is refused"),
        pytest.param("application/json;q=0, */*", "csv", id="anything but the default"),
        pytest.param("text/*", "csv", id="a range of types"),
        pytest.param("text/*, text/csv;q=0", "html", id="a range but one type"),
        pytest.param("text/csv;q=0, text/*", "html", id="in whatever order"),
        pytest.param("*/*;q=0.1, application/pdf", "pdf", id="a type before anything"),
        pytest.param("*/*, application/pdf", "pdf", id="what is named exactly among what is wanted alike"),
        pytest.param("*/*;q=0", "json", id="all is refused: disregarded"),
        pytest.param('text/csv; header="a, b"; q=0.4, text/html;q=0.3', "csv", id="a comma in a quoted parameter"),
        pytest.param("text/csv;Q=0.1 , text/html ; q=0.2", "html", id="spaces and a capital"),
        pytest.param("text/csv;q=2, text/html;q=0.1", "html", id="no quality is that high"),
        pytest.param("text/csv;q=-1, text/html;q=0.1", "html", id="nor negative"),
        pytest.param("text/csv;q=, text/html;q=0.1", "html", id="nor empty"),
        pytest.param("csv, text", "json", id="no types"),
        pytest.param(",,;q=1,", "json", id="nothing between commas"),
    ],
)
def test_what_is_wanted_most_is_given(accept: str, name: str) -> None:
    assert preferred(accept, OFFERED, "json") == name


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        pytest.param("text/csv;q=0", "application/json", id="refused"),
        pytest.param("text/csv;q=0.1, application/json", "application/json", id="wanted less"),
        pytest.param("application/x-ndjson;q=0.2, text/csv;q=0.3", "text/csv", id="wanted more"),
    ],
)
def test_usage_comes_in_the_format_that_is_wanted(acme: httpx.Client, accept: str, kind: str) -> None:
    span = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
    answer = acme.get("/usage", params=span, headers={"Accept": accept})

    assert answer.headers["content-type"].startswith(kind)
