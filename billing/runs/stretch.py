"""The evidence of several hours of one cluster, read at once: of each hour the same as if it were read alone.

A question to the ledger's store costs most by being asked. Hours of which some evidence lies further away than their
margin, after an outage, are read alone, by the search that is made for that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billing.conservation import Allocatable
from billing.coverage import Coverage
from billing.hour import HOUR
from billing.ledger.evidence import PodEvidence, pod_evidence
from billing.ledger.least_requests import least_requests
from billing.ledger.sights import NAMED
from billing.observation import SCHEMA, Phase
from billing.quarantine import EARLIEST, MOST_CPU_M, MOST_MEMORY_B, is_sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from billing.ledger.slice import Slice
    from billing.ledger.store import Ledger
    from billing.policy import MeteringPolicy

# As an hour alone is read: whole slots of five minutes on both its sides.
_SLOT: Final = 300


class Stretch:
    """Slices of one cluster, whatever hours they are of; evidence that was received before `as_of` counts."""

    def __init__(self, ledger: Ledger, slices: Sequence[Slice], policy: MeteringPolicy, as_of: int) -> None:
        self._ledger = ledger
        self._slices = slices
        self._policy = policy
        self._as_of = as_of
        self._margin = -(-max(_SLOT, policy.scrape_interval_s) // _SLOT) * _SLOT
        self._hours = sorted({one.hour for one in slices})
        self._place = {"region": slices[0].region, "cluster": slices[0].cluster, "as_of": as_of}

    def evidence(self) -> Iterator[tuple[Slice, PodEvidence]]:
        """Each slice's evidence, in the order of the slices.

        Raises:
            Unavailable: the ledger's store does not answer.
        """
        if len(self._slices) == 1:
            yield self._slices[0], self._alone(self._slices[0])
            return
        near = self._near()
        far = self._far(near)
        owners = self._owners(near["uid"].unique().sort().to_list())
        nodes, heard = self._nodes(), self._heard()
        seen = near.partition_by("hour", as_dict=True, include_key=False)
        nothing = near.drop("hour").clear()
        expected = HOUR // self._policy.scrape_interval_s
        for one in self._slices:
            if one.hour in far:
                yield one, self._alone(one)
                continue
            yield (
                one,
                PodEvidence(
                    observations=seen.get((one.hour,), nothing),
                    owners=owners,
                    nodes=nodes[one.hour],
                    coverage=Coverage(one.cluster, one.hour, min(heard.get(one.hour, 0), expected), expected),
                    least=partial(least_requests, self._ledger, self._place),
                ),
            )

    def _alone(self, one: Slice) -> PodEvidence:
        return pod_evidence(self._ledger, one, self._policy, self._as_of)

    def _asked(self, margin: int = 0) -> dict[str, Any]:
        return self._place | {"first": self._hours[0] - margin, "until": self._hours[-1] + HOUR + margin}

    def _near(self) -> pl.DataFrame:
        """By hour, the sights in it and its margins; each once and in one order, as of an hour alone."""
        asked = self._asked(self._margin) | {
            "skew": self._policy.skew_s,
            "earliest": EARLIEST,
            "most_cpu": MOST_CPU_M,
            "most_memory": MOST_MEMORY_B,
            "max_gap": self._policy.max_gap_s,
            "margin": self._margin,
            "hours": self._hours,
        }
        told = self._ledger.query("ledger/stretch/steady_pods", {**asked, "uids": []})
        steady = told.filter("is_steady").drop("is_steady")
        begin = steady.with_columns(observed_at=pl.col("first_at"), unbroken=pl.lit(value=False))
        end = steady.filter(pl.col("last_at") > pl.col("first_at")).with_columns(
            observed_at=pl.col("last_at"), unbroken=pl.lit(value=True)
        )
        parts = [begin.drop("first_at", "last_at"), end.drop("first_at", "last_at")]
        others = told.filter(~pl.col("is_steady")).select("hour", "uid")
        uids = others["uid"].unique().sort().to_list()
        for start in range(0, len(uids), NAMED):
            named = {"uids": uids[start : start + NAMED]}
            compared = self._ledger.query("ledger/stretch/sights", {**asked, **named})
            parts.append(compared.join(others, on=["hour", "uid"], how="semi").select(parts[0].columns))
        schema = pl.Schema({"hour": pl.Int64(), **SCHEMA})
        return (
            pl.concat(parts)
            .with_columns(cluster=pl.lit(self._place["cluster"]))
            .select(schema.names())
            .cast(schema)
            .unique()
            .sort(schema.names())
        )

    def _far(self, near: pl.DataFrame) -> set[int]:
        """The hours of which some pod's nearest sights, its end or its first start lie beyond their margins."""
        lives = self._ledger.query("ledger/stretch/lives", self._asked(self._margin))
        hour, at = pl.col("hour"), pl.col("observed_at")
        key = ["hour", "uid"]
        sound = near.filter(is_sound(self._policy.skew_s))
        before = sound.filter(at.is_between(hour - self._margin, hour)).select(key)
        after = sound.filter(at.is_between(hour + HOUR, hour + HOUR + self._margin)).select(key)
        placed = lives.join(pl.DataFrame({"hour": self._hours}, schema={"hour": pl.Int64()}), how="cross")
        resumed = (pl.col("first_seen") < hour - self._margin) & (pl.col("last_seen") >= hour)
        begun = (pl.col("first_seen") < hour + HOUR) | (pl.col("first_start") < hour + HOUR).fill_null(value=False)
        lost = begun & (pl.col("last_seen") >= hour + HOUR + self._margin)
        known = near.join(lives, on="uid")
        # The engine's least value where there is none is 0.
        ended = (pl.col("phase") < Phase.SUCCEEDED) & pl.col("first_end").is_between(1, hour - self._margin - 1)
        again = (pl.col("started_at") - pl.col("first_start") > self._policy.skew_s).fill_null(value=False)
        return {
            *placed.filter(resumed).join(before, on=key, how="anti")["hour"],
            *placed.filter(lost).join(after, on=key, how="anti")["hour"],
            *known.filter(ended | again)["hour"],
        }

    def _owners(self, uids: list[str]) -> pl.DataFrame:
        if len(uids) > NAMED:
            return self._ledger.query("ledger/read/owners", self._place | {"since": self._hours[0] - self._margin})
        return self._ledger.query("ledger/stretch/owners", self._place | {"uids": uids})

    def _nodes(self) -> dict[int, dict[tuple[str, str], Allocatable]]:
        """By hour, the most that each node could give: what was told of it then, and last before."""
        told = self._ledger.query("ledger/stretch/nodes", self._asked())
        by_hour = {key[0]: part for key, part in told.partition_by("hour", as_dict=True, include_key=False).items()}
        last: dict[str, tuple[int, int]] = {}
        found: dict[int, dict[tuple[str, str], Allocatable]] = {}
        wanted = set(self._hours)
        for hour in (-1, *range(self._hours[0], self._hours[-1] + HOUR, HOUR)):
            part = by_hour.get(hour)
            rows = () if part is None else tuple(part.iter_rows())
            if hour in wanted:
                most = dict(last)
                for node, cpu_m, memory_b, _, _ in rows:
                    known = most.get(node, (0, 0))
                    most[node] = (max(known[0], cpu_m), max(known[1], memory_b))
                cluster = self._slices[0].cluster
                found[hour] = {(cluster, node): Allocatable(*amounts) for node, amounts in sorted(most.items())}
            last |= {node: (cpu_m, memory_b) for node, _, _, cpu_m, memory_b in rows}
        return found

    def _heard(self) -> dict[int, int]:
        found = self._ledger.query(
            "ledger/stretch/heard_slots", self._asked() | {"interval": self._policy.scrape_interval_s}
        )
        return dict(found.select("hour", "heard").iter_rows())
