"""Preview environments expose no per-route statistic: decided by `is_ephemeral`, never by how one is named."""

from __future__ import annotations

from typing import Final

# In a cluster's metadata this replaces the global matcher for that one cluster.
METADATA_KEY: Final = "envoy.stats_matcher"
STATS_MATCHER_TYPE: Final = "type.googleapis.com/envoy.config.metrics.v3.StatsMatcher"

# The first Envoy that reads the key; before, previews belong behind a gateway of their own.
FIRST_ENVOY: Final = (1, 37, 2)

# Minor versions of Envoy Gateway that the cluster-name grammar was read from.
KNOWN_GATEWAYS: Final = ((1, 6), (1, 7), (1, 8), (1, 9))


def cluster_metadata() -> dict[str, object]:
    """The `metadata` of a preview's cluster: no statistic of it is ever created."""
    return {"typed_filter_metadata": {METADATA_KEY: {"@type": STATS_MATCHER_TYPE, "reject_all": True}}}
