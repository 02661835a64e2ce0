"""A whole column of Envoy cluster names, read at once: the answers of `cluster_name.parse`, without its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from ingest.grammar import GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Iterator

# Order and types of the struct's fields; all null where the name is refused.
FIELDS: Final = pl.Struct(
    {
        "project_id": pl.String,
        "service_id": pl.String,
        "environment": pl.String,
        "namespace": pl.String,
        "route_kind": pl.String,
        "rule": pl.UInt16,
        "backend": pl.UInt16,
    }
)

# Rust's `$` is the end of the text and nothing else, unlike Python's.
_WHOLE: Final = f"^(?:{GRAMMAR.pattern})$"
_LAST_SEGMENT: Final = 6


def parse_column(names: pl.Series) -> pl.Series:
    """Read every name; returns a struct column of `FIELDS`, as long as `names` and under its name.

    A legal name's segments stand at fixed places, so that one pass of the regular expression decides and the fields are
    cut out by position: captures would cost five times as much. The steps are spelled out, for the engine does not see
    by itself that all fields share them, and run as a stream: on all cores, without whole columns in between.
    """
    whole = pl.col("name").str.contains(_WHOLE)
    fields = (
        pl.LazyFrame({"name": names.cast(pl.String)})
        .with_columns(pl.when(whole).then("name"))
        .select(segments=pl.col("name").str.split_exact("/", _LAST_SEGMENT))
        .select(_fields())
        .collect(engine="streaming")
    )
    return fields.to_struct(names.name)


def _fields() -> Iterator[pl.Expr]:
    """The fields of a legal name; all null for another one, of which there are no segments."""
    kind, namespace, route, _, rule, _, backend = (
        pl.col("segments").struct.field(f"field_{n}") for n in range(_LAST_SEGMENT + 1)
    )
    yield _hyphenated(route, 0).alias("project_id")
    yield _hyphenated(route, 32).alias("service_id")
    yield route.str.slice(65).alias("environment")
    yield namespace.alias("namespace")
    yield kind.alias("route_kind")
    yield rule.cast(pl.UInt16).alias("rule")
    yield backend.cast(pl.UInt16).alias("backend")


def _hyphenated(digits: pl.Expr, start: int) -> pl.Expr:
    """The canonical id whose 32 digits begin at `start`."""
    parts = [digits.str.slice(start + offset, width) for offset, width in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.concat_str(parts, separator="-")
