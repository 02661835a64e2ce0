"""How a ClickHouse store is spread over servers, and what that changes in a migration's text.

The three forms of a store differ in engines and in ON CLUSTER, not in columns: one text, with words of this file in
`${…}`. Nothing else is ever put into a statement. What depends on the server itself (`{cluster}`, `{shard}`) are macros
of the server's configuration.
"""

from __future__ import annotations

from enum import StrEnum
from string import Template
from typing import Final

_ONLY: Final = "-- only: "


class Topology(StrEnum):
    """`single` is one server, `replicated` one shard of several, `distributed` several shards."""

    SINGLE = "single"
    REPLICATED = "replicated"
    DISTRIBUTED = "distributed"

    def words(self) -> dict[str, str]:
        """What stands for the words in `${…}`."""
        replicated = self is not Topology.SINGLE
        prefix = "Replicated" if replicated else ""
        return {
            "on_cluster": "ON CLUSTER '{cluster}'" if replicated else "",
            "local": "_local" if self is Topology.DISTRIBUTED else "",
            "merge_tree": f"{prefix}MergeTree",
            "replacing_merge_tree": f"{prefix}ReplacingMergeTree",
            "summing_merge_tree": f"{prefix}SummingMergeTree",
            "deduplication_window": f"{'' if replicated else 'non_'}replicated_deduplication_window",
        }

    def statements(self, text: str) -> list[str]:
        """The statements of a file for this topology, without comments; a semicolon ends a line and a statement."""
        found: list[str] = []
        for part in f"{text}\n".split(";\n"):
            lines = part.strip().splitlines()
            marks = [line.removeprefix(_ONLY).strip() for line in lines if line.startswith(_ONLY)]
            kept = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
            if kept.strip() and (not marks or self.value in marks):
                found.append(Template(kept).substitute(self.words()))
        return found
