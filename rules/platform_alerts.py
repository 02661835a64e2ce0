"""The platform's own alerts: isolation, ingest, billing, freshness, attribution, cardinality; see docs/runbook.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rules.attribution import POD_LABELS, WELL_LABELLED, by_pod
from rules.budget import BUDGET
from rules.catalogue import GATEWAY_JOB, PLATFORM_JOB
from rules.live_finding import LiveCheck
from rules.rulefile import Alert, Group

# Written, then readable (SC-018); a scrape of a quarter of a minute and the store's own delay fit in twice.
FRESH_SECONDS: Final = 60
# The live checks run every quarter of an hour.
LIVE_SECONDS: Final = 3_600
# An hour is due once it has ended and its evidence had time to come; runs are tried again some times before this.
WATERMARK_SECONDS: Final = 10_800
# Lines of pods that are nobody's come from every cluster's own namespaces; of all lines they are few.
UNLABELLED_SHARE: Final = 0.01
_JOBS: Final = f"{GATEWAY_JOB}|kubelet|kube-state-metrics"

_ISOLATION: Final = 'query_canary_failures_total{cause="isolation"}'
_LABELLED: Final = f'kube_pod_labels{{{POD_LABELS["project_id"]}!=""}}'
_USED: Final = f'count by ({by_pod}) (container_memory_working_set_bytes{{pod!="", container!="", container!="POD"}})'
_ACTIVE: Final = "sum by (region) (scrape_samples_post_metric_relabeling)"
_FINDINGS: Final = "rules_live_findings"
_LETTERS: Final = "ingest_rejected_records_total"


@dataclass(frozen=True, slots=True)
class PlatformAlert(Alert):
    """An alert that names no tenant; whoever is on call finds it in the runbook by its name."""

    def as_rule(self) -> dict[str, object]:
        """The rule as the file has it."""
        summary = {"summary": self.summary, "runbook": f"docs/runbook.md#{self.name.lower()}"}
        return Alert.as_rule(self) | {"annotations": summary}


FRONT_DOOR: Final = (
    PlatformAlert(
        name="RegionIsolationFailed",
        # A counter is born with its first failure: without the second half, that one would not be an increase.
        expr=(
            f"max by (region) (\n  {_ISOLATION} > {_ISOLATION} offset 10m\n"
            f"  or ({_ISOLATION} > 0 unless {_ISOLATION} offset 10m)\n)\n"
        ),
        summary="The isolation canary of {{ $labels.region }} saw something outside a scope; the region is not served.",
        hold="0s",
        severity="critical",
    ),
    PlatformAlert(
        name="RegionNotServed",
        expr="min by (region) (query_region_ready) == 0",
        summary="A front-door does not serve {{ $labels.region }}: its isolation is not proved, or it is unreachable.",
        hold="2m",
        severity="critical",
    ),
)

INGEST: Final = (
    PlatformAlert(
        name="IngestDeadLetters",
        expr=(
            f'sum by (region, reason) (increase({_LETTERS}{{reason!="no_labels"}}[15m])) > 0\n'
            f'or sum by (region, reason) (increase({_LETTERS}{{reason="no_labels"}}[15m]))\n'
            f"  > on (region) group_left ()\n"
            f"  {UNLABELLED_SHARE} * sum by (region) (increase(ingest_records_total[15m]))\n"
        ),
        summary=(
            'In {{ $labels.region }}, {{ printf "%.0f" $value }} log records of 15 minutes became dead letters'
            " ({{ $labels.reason }}); they are kept, and nobody can read them."
        ),
        hold="5m",
    ),
    PlatformAlert(
        name="IngestLettersNotKept",
        expr="sum by (region) (increase(ingest_unkept_letters_total[15m])) > 0",
        summary=(
            'A cluster of {{ $labels.region }} sent more dead letters than are kept: {{ printf "%.0f" $value }} records'
            " of 15 minutes were counted and left out."
        ),
        hold="5m",
    ),
    PlatformAlert(
        name="IngestBatchesSetAside",
        expr="max by (region) (ingest_batches_set_aside) > 0",
        summary=(
            'The log store of {{ $labels.region }} refuses {{ printf "%.0f" $value }} batches of accepted records;'
            " they wait on disk."
        ),
        hold="0s",
        severity="critical",
    ),
)

BILLING: Final = (
    PlatformAlert(
        name="BillingWatermarkOld",
        expr=f"max(starmeter_billing_watermark_age_seconds) > {WATERMARK_SECONDS}",
        summary="An hour that ended {{ $value | humanizeDuration }} ago has no published usage: invoices wait for it.",
        hold="5m",
        severity="critical",
    ),
)

PROCESSES: Final = (
    PlatformAlert(
        name="PlatformProcessDown",
        expr=f'min by (region, cluster, process, instance) (up{{job="{PLATFORM_JOB}"}}) == 0',
        summary=(
            "{{ $labels.process }} at {{ $labels.instance }} shows no metrics of itself: the alerts about it are blind."
        ),
        hold="5m",
    ),
)

REGION: Final = (
    PlatformAlert(
        name="TelemetryStale",
        expr=(
            f'time() - max by (cluster, region, job) (max_over_time(timestamp(up{{job=~"{_JOBS}"}})[1h:15s]))'
            f" > {FRESH_SECONDS}"
        ),
        summary=(
            "The newest samples of {{ $labels.job }} in {{ $labels.cluster }} are"
            ' {{ printf "%.0f" $value }} s old: dashboards and alerts stand still.'
        ),
        severity="critical",
    ),
    PlatformAlert(
        name="PodsUnattributed",
        # In a project's namespace every pod has an owner; and a cluster whose labels are all gone has lost them.
        expr=(
            f"count by (cluster, namespace) (\n  {_USED}\n  unless on ({by_pod}) {_LABELLED}\n)\n"
            f"and on (cluster, namespace) count by (cluster, namespace) ({WELL_LABELLED})\n"
            f"or count by (cluster) ({_USED}) unless on (cluster) count by (cluster) (kube_pod_labels)\n"
        ),
        summary=(
            '{{ printf "%.0f" $value }} pods in {{ $labels.cluster }} {{ $labels.namespace }} have no tenant labels:'
            " their use is nobody's."
        ),
        hold="10m",
    ),
    PlatformAlert(
        name="UnparsedClusterTraffic",
        expr=f'max by (region) ({_FINDINGS}{{check="{LiveCheck.UNPARSED_TRAFFIC}"}}) > 0',
        summary='{{ printf "%.0f" $value }} Envoy clusters in {{ $labels.region }} have traffic that is nobody\'s.',
        hold="0s",
    ),
    PlatformAlert(
        name="GatewayExposesTooMuch",
        expr=(
            f'max by (cluster, region, instance) (scrape_samples_scraped{{job="{GATEWAY_JOB}"}}'
            f' - scrape_samples_post_metric_relabeling{{job="{GATEWAY_JOB}"}}) > {BUDGET.gateway_itself}'
        ),
        summary=(
            '{{ printf "%.0f" $value }} samples of {{ $labels.instance }} are dropped at each scrape: its allowlist'
            " has drifted, or its clusters are no routes of tenants."
        ),
        hold="10m",
    ),
    PlatformAlert(
        name="RegionCardinalityHigh",
        expr=f"{_ACTIVE} > {BUDGET.per_region * BUDGET.alert_at:.0f}",
        summary=f'{{{{ $labels.region }}}} has {{{{ printf "%.0f" $value }}}} active series of {BUDGET.per_region}.',
        hold="15m",
    ),
    PlatformAlert(
        name="RegionCardinalityCritical",
        expr=f"{_ACTIVE} > {BUDGET.per_region * BUDGET.refuse_at:.0f}",
        summary=f'{{{{ $labels.region }}}} has {{{{ printf "%.0f" $value }}}} active series of {BUDGET.per_region}.',
        hold="5m",
        severity="critical",
    ),
    PlatformAlert(
        name="LiveCheckFindings",
        expr=f'max by (region, check) ({_FINDINGS}{{check!="{LiveCheck.UNPARSED_TRAFFIC}"}}) > 0',
        summary='The live check {{ $labels.check }} of {{ $labels.region }} has {{ printf "%.0f" $value }} findings.',
        hold="0s",
    ),
    PlatformAlert(
        name="LiveChecksStale",
        expr=f"time() - max by (region) (rules_live_last_run_timestamp_seconds) > {LIVE_SECONDS}",
        summary="The live checks of {{ $labels.region }} have not run for an hour.",
        hold="0s",
    ),
)

GROUPS: Final = (
    Group("platform front-door", FRONT_DOOR),
    Group("platform ingest", INGEST),
    Group("platform billing", BILLING),
    Group("platform processes", PROCESSES),
    Group("platform region", REGION),
)
ALERTS: Final = (*FRONT_DOOR, *INGEST, *BILLING, *PROCESSES, *REGION)
