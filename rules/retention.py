"""How long telemetry is kept: metrics for everybody alike, logs by the environment's tier, billing data for ever."""

from __future__ import annotations

from typing import Final

# One VictoriaMetrics a region has one retention.
METRICS_DAYS: Final = 90

# Stamped on every record at ingest, so that a plan can change without touching a table (FR-051).
LOGS_DAYS: Final = {"hobby": 7, "standard": 30, "scale": 90}

# The tier of an environment that was given none.
DEFAULT_TIER: Final = "standard"
