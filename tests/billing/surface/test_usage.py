"""`/usage` says what the ledger holds and what it is worth, however it is cut into pages."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from billing.hour import DAY, iso, parse
from tests.billing.accounts.world import MARCH_2026, day
from tests.billing.books import PROJECT, SERVICES, WORKSPACE
from tests.billing.surface import expected
from tests.billing.surface.files import manifest_of
from tests.billing.surface.world import APRIL

if TYPE_CHECKING:
    import httpx

    from tests.billing.surface.conftest import Scene

MARCH: Final = {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
IN_APRIL: Final = {"start": "2026-04-01T00:00:00Z", "end": "2026-04-03T00:00:00Z"}
ALL: Final = ("project", "environment", "service", "meter")
MOST: Final = {"limit": "10000"}


def ask(client: httpx.Client, **arguments: str) -> dict[str, Any]:
    answer = client.get("/usage", params=arguments)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"rows", "next_cursor", "completeness"}
    return body


def test_hours_are_the_sums_of_the_published_rows(stage: Scene, acme: httpx.Client) -> None:
    rows = ask(acme, **MARCH, **MOST, grain="hour")["rows"]
    found = {(row["start"], *(row[expected.GROUPS[name]] for name in ALL)): int(row["quantity"]) for row in rows}

    assert len(found) == len(rows)
    assert found == expected.hours(stage.world, MARCH_2026, *ALL)
    assert {row["amount"] for row in rows} == {None}
    assert {row["workspace_id"] for row in rows} == {WORKSPACE}


@pytest.mark.parametrize(
    "group_by",
    [ALL, ("meter",), ("service", "meter"), ("environment", "region", "meter"), ("project", "meter")],
    ids=",".join,
)
def test_days_are_worth_what_their_lines_on_an_invoice_are(
    stage: Scene, acme: httpx.Client, group_by: tuple[str, ...]
) -> None:
    rows = ask(acme, **MARCH, **MOST, group_by=",".join(group_by))["rows"]

    assert expected.told(rows, *group_by) == expected.days(expected.lines(stage.world, MARCH_2026), *group_by)
    assert [row for row in rows if (row["project_id"] is None) != ("project" not in group_by)] == []


def test_without_meter_a_row_is_money_alone(stage: Scene, acme: httpx.Client) -> None:
    rows = ask(acme, **MARCH, group_by="service")["rows"]
    sums = expected.days(expected.lines(stage.world, MARCH_2026), "service")

    assert {key: amount for key, (_, amount) in expected.told(rows, "service").items()} == {
        key: amount for key, (_, amount) in sums.items()
    }
    assert {(row["quantity"], row["unit"], row["meter"]) for row in rows} == {(None, None, None)}


def test_part_of_a_month_is_worth_the_same_as_within_the_whole_month(stage: Scene, acme: httpx.Client) -> None:
    """Steps count from the month's beginning, not from the span's."""
    span = {"start": iso(day(20).start), "end": iso(day(22).end)}
    rows = ask(acme, **span, **MOST)["rows"]
    lines = [each for each in expected.lines(stage.world, MARCH_2026) if day(20).start <= each.day < day(22).end]

    assert expected.told(rows, *ALL) == expected.days(lines, *ALL)


@pytest.mark.parametrize(
    "filters",
    [
        {"service": SERVICES["a"]},
        {"environment": "staging"},
        {"meter": "build_s"},
        {"project": PROJECT, "service": SERVICES["b"], "meter": "cpu_mcore_s"},
        {"region": "us"},
    ],
    ids=",".join,
)
def test_a_filter_leaves_the_rows_of_what_it_names(acme: httpx.Client, filters: dict[str, str]) -> None:
    columns = {expected.GROUPS[name]: value for name, value in filters.items() if name != "region"}
    for grain in ("day", "hour"):
        every = ask(acme, **MARCH, **MOST, grain=grain)["rows"]
        rows = ask(acme, **MARCH, **MOST, grain=grain, **filters)["rows"]
        kept = [row for row in every if columns.items() <= row.items()] if "region" not in filters else []

        assert rows == kept


def test_an_estimate_counts_where_nothing_is_published_and_is_called_so(stage: Scene, acme: httpx.Client) -> None:
    published = ask(acme, **IN_APRIL, **MOST)["rows"]
    estimated = ask(acme, **IN_APRIL, **MOST, source="estimate")["rows"]
    both = expected.lines(stage.world, APRIL, estimates=True)

    assert expected.told(published, *ALL) == expected.days([each for each in both if each.day == APRIL.start], *ALL)
    assert expected.told(estimated, *ALL) == expected.days(both, *ALL)
    assert {(row["start"], row["status"]) for row in estimated} == {
        (iso(APRIL.start), "published"),
        (iso(APRIL.start + DAY), "estimate"),
    }
    hours = ask(acme, **IN_APRIL, **MOST, source="estimate", grain="hour")["rows"]
    assert {row["status"] for row in hours} == {"published", "estimate"}
    found = {(row["start"], *(row[expected.GROUPS[name]] for name in ALL)): int(row["quantity"]) for row in hours}
    assert found == expected.hours(stage.world, APRIL, *ALL, estimates=True)


def test_the_source_invoice_is_what_was_charged_without_what_came_later(stage: Scene, acme: httpx.Client) -> None:
    rows = ask(acme, **MARCH, **MOST, source="invoice")["rows"]
    content = expected.invoice(stage.world).content

    assert expected.told(rows, *ALL) == expected.days(content.lines, *ALL)
    assert {row["status"] for row in rows} == {"invoice"}
    late = sum(Decimal(row["amount"]) for row in ask(acme, **MARCH, **MOST)["rows"]) - sum(
        Decimal(row["amount"]) for row in rows
    )
    assert late > 0


def test_rows_come_in_the_order_of_their_keys(acme: httpx.Client) -> None:
    for grain in ("day", "hour"):
        rows = ask(acme, **MARCH, **MOST, grain=grain)["rows"]
        keys = [(row["start"], *(row[expected.GROUPS[name]] for name in ALL)) for row in rows]

        assert keys == sorted(keys)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"grain": "hour"}, id="hours"),
        pytest.param({}, id="days"),
        pytest.param({"source": "invoice"}, id="invoices"),
        pytest.param({"group_by": "service"}, id="money"),
    ],
)
@pytest.mark.parametrize("limit", [40])
def test_pages_together_are_the_whole(acme: httpx.Client, arguments: dict[str, str], limit: int) -> None:
    whole = ask(acme, **MARCH, **MOST, **arguments)["rows"]
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(acme, **MARCH, limit=str(limit), **arguments, **cursor)
        rows += page["rows"]
        assert len(page["rows"]) <= limit
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert rows == whole


def test_the_same_question_has_the_same_bytes_and_a_tag_that_saves_them(acme: httpx.Client) -> None:
    for arguments in ({}, {"format": "parquet"}, {"format": "csv", "grain": "hour"}, {"source": "invoice"}):
        first, second = (acme.get("/usage", params={**MARCH, **arguments}) for _ in range(2))
        tag = first.headers["etag"]
        again = acme.get("/usage", params={**MARCH, **arguments}, headers={"If-None-Match": f'"x", {tag}'})

        assert first.content == second.content
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = acme.get("/usage", params={**MARCH, **arguments, "service": SERVICES["a"]})
        assert other.headers["etag"] != tag


def test_completeness_tells_how_many_hours_lack_evidence(acme: httpx.Client) -> None:
    assert ask(acme, **MARCH)["completeness"] == {"percent": "100.00", "incomplete_hours": 0, "waived_hours": 0}
    # Of April's two days, only one is published.
    assert ask(acme, **IN_APRIL)["completeness"] == {"percent": "50.00", "incomplete_hours": 24, "waived_hours": 0}
    # Nothing is known of what has yet to come.
    assert ask(acme, start="2099-01-01T00:00:00Z", end="2099-01-02T00:00:00Z")["completeness"]["percent"] is None


def test_a_span_without_arguments_is_the_current_month(acme: httpx.Client) -> None:
    answer = acme.get("/usage", params={"format": "ndjson"})
    rows, manifest = manifest_of("ndjson", answer.content)

    assert rows == []
    assert manifest["start"][8:] == "01T00:00:00Z"
    assert parse(manifest["start"], "start") < parse(manifest["end"], "end")


@pytest.mark.parametrize("start", [str(MARCH_2026.start), f"{MARCH_2026.start}000", "2026-03-01T01:00:00+01:00"])
def test_times_are_taken_in_every_spelling_of_the_contract(acme: httpx.Client, start: str) -> None:
    assert ask(acme, start=start, end=MARCH["end"])["rows"] == ask(acme, **MARCH)["rows"]
