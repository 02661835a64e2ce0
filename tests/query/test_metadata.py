"""What the front-door says about the contract's metrics is what the telemetry rules collect and record."""

from __future__ import annotations

from query.metadata import METADATA
from rules.catalogue import CUSTOMER_FAMILIES
from rules.recording import GROUPS


def test_every_metric_of_the_contract_is_described_and_no_other() -> None:
    recorded = {rule.record for group in GROUPS for rule in group.rules if hasattr(rule, "record")}
    # Of a histogram, clients look up the family and not its bucket, sum and count series.
    collected = {
        series.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
        for family in CUSTOMER_FAMILIES
        for series in family.series
    }
    assert set(METADATA) == recorded | collected


def test_every_entry_is_whole() -> None:
    for name, entries in METADATA.items():
        (entry,) = entries
        assert set(entry) == {"type", "help", "unit"}, name
        assert entry["help"].endswith("."), name
