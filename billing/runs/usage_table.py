"""Ledger rows from pod-hours, a table from a table: what `billing.usage.pod_usage` makes one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billing.ledger.row_table import SCHEMA
from billing.meter import Meter
from billing.ownership import UNATTRIBUTED

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAMPLED: Final = (Meter.CPU, Meter.MEMORY)
_OWNER: Final = ("workspace_id", "project_id", "environment", "service_id")


def with_payers(owners: pl.DataFrame, payers: Mapping[str, str]) -> pl.DataFrame:
    """Pods' registrations (`uid`, project, environment, service) with the workspace that pays for them in an hour.

    A project that no workspace holds has its pods in the unattributed bucket, whose tenant is empty.
    """
    holders = pl.DataFrame(
        {"project_id": list(payers), "workspace_id": list(payers.values())},
        schema={"project_id": pl.String(), "workspace_id": pl.String()},
    )
    return (
        owners.join(holders, on="project_id", how="left")
        .filter(pl.col("workspace_id").is_not_null())
        .select("uid", *_OWNER)
    )


def usage_table(hours: pl.DataFrame, region: str, owned: pl.DataFrame) -> pl.DataFrame:
    """The ledger rows of a table of pod-hours, in the order of `billing.usage.in_order`.

    `owned` is what `with_payers` gives for the hour; a pod without an owner goes to the unattributed bucket.
    """
    attributed = hours.join(owned, on="uid", how="left").with_columns(
        pl.col("workspace_id").fill_null(UNATTRIBUTED.workspace_id),
        pl.col("project_id", "environment", "service_id").fill_null(""),
        pl.lit(region).alias("region"),
        pl.col("uid").alias("source_id"),
    )
    return (
        pl.concat(
            attributed.with_columns(pl.lit(meter.value).alias("meter"), pl.col(meter.value).alias("quantity")).select(
                SCHEMA.names()
            )
            for meter in _SAMPLED
        )
        .cast(SCHEMA)
        .sort(SCHEMA.names())
    )
