"""Arguments are read strictly: what is unknown, doubled or malformed is refused by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.billing.books import PROJECT

if TYPE_CHECKING:
    import httpx

MARCH = "start=2026-03-01T00:00:00Z&end=2026-04-01T00:00:00Z"


@pytest.mark.parametrize(
    ("target", "status", "named"),
    [
        pytest.param("usage?colour=red", 400, "colour", id="unknown"),
        pytest.param("usage?Start=1", 400, "Start", id="another case"),
        pytest.param("usage?grain=day&grain=hour", 400, "grain", id="twice"),
        pytest.param("usage?grain=day&%67rain=day", 400, "grain", id="twice, encoded"),
        pytest.param("usage?limit=1&limit=", 400, "limit", id="twice, once empty"),
        pytest.param("usage?start=yesterday", 400, "start", id="no time"),
        pytest.param("usage?start=2026-02-30T00:00:00Z", 400, "start", id="no date"),
        pytest.param("usage?start=2026-03-01T00:30:00Z&grain=hour", 400, "start", id="within an hour"),
        pytest.param("usage?start=2026-03-01T01:00:00Z", 400, "start", id="within a day"),
        pytest.param("usage?start=2026-03-01T00:00:00.5Z&grain=hour", 400, "start", id="within a second"),
        pytest.param(f"usage?{MARCH.replace('03-01', '04-01')}", 400, "start", id="empty span"),
        pytest.param("usage?start=2020-01-01T00:00:00Z&end=2026-01-01T00:00:00Z", 422, "start", id="long span"),
        pytest.param("usage?end=9999-12-31T00:00:00Z", 400, "end", id="past the ledger's time"),
        pytest.param("usage?end=4294967296", 400, "end", id="one second past it"),
        pytest.param("usage?end=0", 400, "end", id="before any month"),
        pytest.param("usage?end=0&grain=hour", 400, "end", id="before any month, hours"),
        pytest.param("usage?start=4294944000", 400, "end", id="begins on the last day"),
        pytest.param("usage?start=4294857600&end=4294944000", 400, "end", id="in a month that does not end in time"),
        pytest.param("usage/focus?end=0", 400, "end", id="focus before any month"),
        pytest.param("usage/focus?start=2106-02-01T00:00:00Z", 400, "end", id="focus of the last month"),
        pytest.param("usage?grain=minute", 400, "grain", id="no such grain"),
        pytest.param("usage?source=draft", 400, "source", id="no such source"),
        pytest.param("usage?source=invoice&grain=hour", 400, "grain", id="invoices have no hours"),
        pytest.param("usage?group_by=service&grain=hour", 400, "group_by", id="hours without a meter"),
        pytest.param("usage?group_by=pod", 400, "group_by", id="no such group"),
        pytest.param("usage?group_by=meter,meter", 400, "group_by", id="a group twice"),
        pytest.param("usage?group_by=meter,", 400, "group_by", id="an empty group"),
        pytest.param(f"usage?project={PROJECT.upper()}", 400, "project", id="an id that is not canonical"),
        pytest.param("usage?service=web", 400, "service", id="a name for an id"),
        pytest.param("usage?environment=Prod", 400, "environment", id="no environment's name"),
        pytest.param("usage?region=EU%20", 400, "region", id="no region's name"),
        pytest.param("usage?meter=cpu", 400, "meter", id="no such meter"),
        pytest.param("usage?limit=0", 400, "limit", id="no rows"),
        pytest.param("usage?limit=10001", 400, "limit", id="too many rows"),
        pytest.param("usage?limit=1e3", 400, "limit", id="no whole number"),
        pytest.param("usage?limit=%D9%A1", 400, "limit", id="digits of another script"),
        pytest.param("usage?format=xml", 400, "format", id="no such format"),
        pytest.param("usage?cursor=AAAA", 400, "cursor", id="a forged cursor"),
        pytest.param("usage?cursor=%C3%A9", 400, "cursor", id="a cursor that is not ASCII"),
        pytest.param("usage?meter=%00", 400, "meter", id="NUL"),
        pytest.param("usage?meter=%zz", 400, "URL", id="no percent-encoding"),
        pytest.param("usage?meter=%ff", 400, "URL", id="no UTF-8"),
        pytest.param(f"usage?meter={'x' * 9000}", 400, "URL", id="long"),
        pytest.param("usage/focus?grain=day", 400, "grain", id="focus has no grain"),
        pytest.param("usage/focus?start=2026-03-02T00:00:00Z", 400, "start", id="focus within a month"),
        pytest.param(f"usage/focus?{MARCH}&format=csv&limit=5", 400, "format", id="a part of a focus file"),
        pytest.param("invoices?limit=1", 400, "limit", id="the list has no arguments"),
        pytest.param("invoices/2026-0001?format=docx", 400, "format", id="no such document"),
        pytest.param("invoices/2026-0001.docx", 400, "format", id="no such ending"),
        pytest.param("invoices/2026-0001.pdf?format=csv", 400, "format", id="two forms"),
        pytest.param("invoices/2026-9999", 404, "no such", id="unknown invoice"),
        pytest.param("invoices/%00", 404, "no such", id="no invoice's name"),
        pytest.param(f"invoices/{'9' * 200}", 404, "no such", id="a long name"),
        pytest.param("invoices/", 404, "Not Found", id="no page"),
        pytest.param("usage/", 404, "Not Found", id="another page"),
    ],
)
def test_what_is_wrong_is_named(acme: httpx.Client, target: str, status: int, named: str) -> None:
    answer = acme.get(f"/{target}")

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.json()["detail"]


def test_a_get_has_no_body_and_other_methods_are_refused(acme: httpx.Client) -> None:
    assert acme.request("GET", "/usage", content=b"grain=hour").status_code == 400
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for page in ("/usage", "/usage/focus", "/invoices", "/invoices/2026-0001"):
            assert acme.request(method, page).status_code == 405


def test_a_cursor_continues_the_very_question_it_was_given_out_for(acme: httpx.Client) -> None:
    cursor = acme.get(f"/usage?{MARCH}&limit=1").json()["next_cursor"]
    assert acme.get(f"/usage?{MARCH}&limit=1&cursor={cursor}").status_code == 200
    assert acme.get(f"/usage?{MARCH}&limit=3&format=csv&cursor={cursor}").status_code == 200
    flipped = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    others = [
        f"usage?{MARCH}&cursor={flipped}",
        f"usage?{MARCH}&cursor={cursor}A",
        f"usage?{MARCH}&cursor={cursor[:-4]}",
        f"usage?cursor={cursor}",
        f"usage?{MARCH}&grain=hour&cursor={cursor}",
        f"usage?{MARCH}&source=estimate&cursor={cursor}",
        f"usage?{MARCH}&meter=build_s&cursor={cursor}",
        f"usage?{MARCH}&group_by=meter&cursor={cursor}",
        f"usage/focus?{MARCH}&cursor={cursor}",
    ]
    for target in others:
        answer = acme.get(f"/{target}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor"), target
