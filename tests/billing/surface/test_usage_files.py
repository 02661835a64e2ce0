"""`/usage` as a file has the rows of its pages in every format, and says whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.billing.surface.files import manifest_of
from tests.billing.surface.test_usage import MARCH, MOST, ask

if TYPE_CHECKING:
    import httpx

TYPES: Final = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("grain", ["day", "hour"])
def test_every_format_has_the_same_rows_and_says_that_it_is_whole(acme: httpx.Client, form: str, grain: str) -> None:
    whole = ask(acme, **MARCH, **MOST, grain=grain)
    answer = acme.get("/usage", params={**MARCH, "grain": grain}, headers={"Accept": f"{TYPES[form]}, */*;q=0.9"})
    rows, manifest = manifest_of(form, answer.content)

    assert answer.headers["content-type"].startswith(TYPES[form])
    assert "attachment" in answer.headers["content-disposition"]
    assert rows == whole["rows"]
    assert manifest["complete"] is True
    assert manifest["next_cursor"] is None
    assert manifest["rows"] == len(rows)
    assert manifest["completeness"] == whole["completeness"]
    assert (manifest["start"], manifest["end"]) == (MARCH["start"], MARCH["end"])


@pytest.mark.parametrize("form", TYPES)
def test_a_file_that_is_cut_by_its_limit_says_so_and_goes_on(acme: httpx.Client, form: str) -> None:
    whole = ask(acme, **MARCH, **MOST)["rows"]
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        answer = acme.get("/usage", params={**MARCH, "format": form, "limit": "60", **cursor})
        some, manifest = manifest_of(form, answer.content)
        rows += some
        assert manifest["complete"] is (manifest["next_cursor"] is None)
        if manifest["complete"]:
            break
        cursor = {"cursor": manifest["next_cursor"]}

    assert rows == whole
