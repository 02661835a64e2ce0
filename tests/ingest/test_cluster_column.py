from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cluster_column import FIELDS, parse_column
from ingest.cluster_name import ClusterNameRefused
from tests.ingest.reference import examples
from tests.ingest.strategies import SETTINGS, texts
from tests.ingest.test_cluster_name import IDS, LEGAL, attributed

NOTHING = dict.fromkeys(field.name for field in FIELDS.fields)


def one_by_one(names: list[str | None]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name in names:
        try:
            rows.append(NOTHING if name is None else dict(attributed(name)._asdict()))
        except ClusterNameRefused:
            rows.append(NOTHING)
    return rows


def storable(name: str) -> bool:
    """Polars holds UTF-8, in which there is no unpaired surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def test_the_hand_written_names_are_read_as_one_by_one() -> None:
    names: list[str | None] = [e.name for e in examples() if storable(e.name)]

    assert parse_column(pl.Series(names)).to_list() == one_by_one(names)


@pytest.mark.property
@SETTINGS
@given(st.lists(st.none() | texts(), max_size=8))
def test_any_column_is_read_as_one_by_one(names: list[str | None]) -> None:
    assert parse_column(pl.Series(names, dtype=pl.String)).to_list() == one_by_one(names)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\0", "\u2028", "\u0660", "/", "/backend/", " "])
def test_what_stands_after_a_legal_name_makes_it_another(end: str) -> None:
    assert parse_column(pl.Series([LEGAL + end, LEGAL])).to_list() == one_by_one([None, LEGAL])


def test_the_column_keeps_its_name_its_length_and_its_types() -> None:
    columns = [
        pl.Series("cluster", [LEGAL, None, "x"]),
        pl.Series("cluster", [], dtype=pl.String),
        pl.Series("cluster", [None, None]),
    ]

    for column in columns:
        parsed = parse_column(column)

        assert (parsed.name, len(parsed), parsed.dtype) == ("cluster", len(column), FIELDS)


def test_a_categorical_column_is_read_as_its_texts() -> None:
    column = pl.Series([LEGAL, LEGAL, "x"], dtype=pl.Categorical)

    assert parse_column(column).to_list() == one_by_one([LEGAL, LEGAL, None])


def test_a_column_of_several_chunks_keeps_its_order() -> None:
    names: list[str | None] = [f"httproute/prj-{n}/{IDS}-env-{n}/rule/{n}" for n in range(2_000)]
    column = pl.concat([pl.Series(names[:700]), pl.Series(names[700:1500]), pl.Series(names[1500:])], rechunk=False)

    assert parse_column(column).to_list() == one_by_one(names)


@pytest.mark.timeout(20)
def test_huge_hostile_names_are_refused() -> None:
    names = ["/" * 60_000, "a" * 60_000, f"httproute/{'a-' * 30_000}", LEGAL[:-1] + "1" * 60_000]

    assert parse_column(pl.Series(names)).to_list() == [NOTHING] * 4
