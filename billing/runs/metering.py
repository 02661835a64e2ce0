"""From a slice's evidence to its rows: the arithmetic of billing in its order, with every law asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billing.build import build_usage, sift_builds
from billing.conservation import overcommitted
from billing.coverage import Coverage
from billing.intervals import intervals
from billing.ledger import row_table
from billing.ownership import UNATTRIBUTED, Attribution
from billing.pod_hours import pod_hours
from billing.quarantine import sift
from billing.runs.laws import misplaced, overfull_hours
from billing.runs.metered import Metered, Remarks, inputs_hash
from billing.runs.usage_table import usage_table, with_payers
from billing.runs.witness import implausible
from billing.usage import in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from billing.build import BuildEvent
    from billing.ledger.evidence import PodEvidence
    from billing.ledger.slice import Slice
    from billing.ownership import Holding
    from billing.policy import MeteringPolicy


def meter_pods(one: Slice, evidence: PodEvidence, payers: Mapping[str, str], policy: MeteringPolicy) -> Metered:
    """Meter a cluster's hour; `payers` tells which workspace pays for a project in it."""
    sifted = sift(evidence.observations, policy)
    pieces = intervals(sifted.accepted, policy)
    hours = pod_hours(pieces, one.period)
    owned = with_payers(evidence.owners, payers).join(hours.select("uid"), on="uid", how="semi").sort("uid")
    usage = usage_table(hours, one.region, owned)
    here = evidence.owners.join(hours.select("uid"), on="uid", how="semi")
    nobodys = usage.filter(pl.col("workspace_id") == UNATTRIBUTED.workspace_id)
    payer_of = {uid: payers[project] for uid, project, *_ in evidence.owners.iter_rows() if project in payers}
    put_aside = sifted.quarantined.select("uid", "reason").unique().sort("uid", "reason")
    return Metered(
        usage=usage,
        coverage=evidence.coverage,
        # When a sight was received decides only whether it is accepted.
        inputs_sha256=inputs_hash(policy, evidence.coverage, sifted.accepted.drop("received_at"), owned),
        violations=tuple(
            sorted(
                [
                    *overfull_hours(usage),
                    *misplaced(usage, pieces, owned, one.period),
                    *implausible(usage, sifted.accepted, payer_of, one.period, policy),
                    *overcommitted(pieces, evidence.nodes, one.period, policy.scrape_interval_s, evidence.least),
                ]
            )
        ),
        remarks=Remarks(
            quarantined=tuple(put_aside.rows()),
            mismatched=tuple(here.filter("differs")["uid"].sort().to_list()),
            unattributed=tuple(nobodys["source_id"].unique().sort().to_list()),
        ),
    )


def meter_builds(
    one: Slice, events: Sequence[BuildEvent], holdings: Sequence[Holding], policy: MeteringPolicy
) -> Metered:
    """Meter the part of a region's builds that lies in an hour."""
    builds = sift_builds(events, policy)
    rows = [row for row in build_usage(builds, Attribution({}, holdings)) if row.hour == one.hour]
    usage = row_table.table(in_order(rows))
    # Nobody listens for builds: their reports are sent until they are taken.
    coverage = Coverage(one.cluster, one.hour, 1, 1)
    return Metered(
        usage=usage,
        coverage=coverage,
        # The rows follow from the reports one to one, and are fewer.
        inputs_sha256=inputs_hash(policy, coverage, usage),
        remarks=Remarks(
            quarantined_builds=tuple((each.build_id, each.reason) for each in builds.quarantined),
            unattributed=tuple(
                sorted({row.source_id for row in rows if row.workspace_id == UNATTRIBUTED.workspace_id})
            ),
        ),
    )
