"""Builds: metered once each, by the second from their start to their final state, however often they are reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from billing.hour import HOUR, hour_of
from billing.meter import Meter
from billing.usage import UsageRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from billing.ownership import Attribution
    from billing.policy import MeteringPolicy
    from core.tenant import Tenant


class BuildState(StrEnum):
    """Of a build; the last three are final, and all of them are billed."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_UNFINISHED = frozenset({BuildState.QUEUED, BuildState.RUNNING})


@dataclass(frozen=True, slots=True)
class BuildEvent:
    """One report about a build; times are UTC seconds. `delivery_id` is the report's own and plays no part here."""

    delivery_id: str
    build_id: str
    tenant: Tenant
    region: str
    state: BuildState
    started_at: int | None
    finished_at: int | None
    received_at: int


@dataclass(frozen=True, slots=True)
class QuarantinedBuild:
    """A build that is not billed until a person has looked at it."""

    build_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Builds:
    """Builds to bill, one event each, and those put aside; both sorted by build id."""

    accepted: tuple[BuildEvent, ...]
    quarantined: tuple[QuarantinedBuild, ...]


def sift_builds(events: Iterable[BuildEvent], policy: MeteringPolicy) -> Builds:
    """The finished builds among reports in any order and number.

    Reports that disagree on a build's times, final state or tenant put it aside: which one is right is not for us to
    guess. A build that never began is neither billed nor put aside.
    """
    by_build: dict[str, list[BuildEvent]] = {}
    for event in events:
        if event.state not in _UNFINISHED:
            by_build.setdefault(event.build_id, []).append(event)
    accepted, quarantined = [], []
    for build_id, reports in sorted(by_build.items()):
        first = min(reports, key=lambda report: (report.received_at, report.delivery_id))
        reason = "reports_disagree" if len(set(map(_facts, reports))) > 1 else _fault(first, policy)
        if reason is not None:
            quarantined.append(QuarantinedBuild(build_id, reason))
        elif first.started_at is not None:
            accepted.append(first)
    return Builds(tuple(accepted), tuple(quarantined))


def build_usage(builds: Builds, attribution: Attribution) -> Iterator[UsageRow]:
    """The ledger rows of the accepted builds, one per build and UTC hour."""
    for build in builds.accepted:
        start, end = build.started_at or 0, build.finished_at or 0
        for hour in range(hour_of(start), end, HOUR):
            owner = attribution.payer(build.tenant, hour)
            seconds = min(end, hour + HOUR) - max(start, hour)
            if seconds > 0:
                yield UsageRow(
                    workspace_id=owner.workspace_id,
                    project_id=owner.project_id,
                    environment=owner.environment,
                    service_id=owner.service_id,
                    region=build.region,
                    cluster="",
                    hour=hour,
                    meter=Meter.BUILD,
                    source_id=build.build_id,
                    quantity=seconds,
                    running_s=seconds,
                )


def _facts(report: BuildEvent) -> tuple[object, ...]:
    return report.tenant, report.region, report.state, report.started_at, report.finished_at


def _fault(build: BuildEvent, policy: MeteringPolicy) -> str | None:
    if build.started_at is None:
        # Cancelled in the queue: it ended without having begun. Any other build has a start.
        return None if build.state is BuildState.CANCELLED else "start_unknown"
    if build.finished_at is None:
        return "end_unknown"
    faults = (
        (build.started_at <= 0, "time_out_of_bounds"),
        (build.finished_at < build.started_at, "ends_before_its_start"),
        (build.finished_at > build.received_at + policy.skew_s, "ends_in_the_future"),
        (build.finished_at - build.started_at > policy.longest_build_s, "longer_than_any_build"),
    )
    return next((reason for is_so, reason in faults if is_so), None)
