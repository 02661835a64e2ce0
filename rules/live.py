"""One region looked at while it runs: where its programs are, every live check in turn, and the report."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from core.errors import BadRequest, Unavailable
from rules import live_checks, live_contract, live_drift, live_egress
from rules.live_finding import LiveCheck, LiveFinding
from rules.live_gateway import Gateway
from rules.live_http import Asker, is_address
from rules.live_store import Store
from rules.predict_region import is_region
from rules.statistics import fragment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from core.directory import Directory
    from rules.check.finding import Finding


@dataclass(frozen=True, slots=True)
class Place:
    """Where a region's programs are; checks whose program is not given are skipped.

    `rendered` is the bootstrap's part about statistics that the gateways should run with. `platform_url` is the store
    that platform series leave the region for (Grafana Cloud), read to see that no customer is in them.
    """

    region: str
    metrics_url: str | None = None
    metrics_token: str | None = None
    envoy_urls: Sequence[str] = ()
    alerts_url: str | None = None
    platform_url: str | None = None
    platform_token: str | None = None
    directory: Directory | None = None
    rendered: Mapping[str, Any] = field(default_factory=fragment)

    def __post_init__(self) -> None:
        if not is_region(self.region):
            raise BadRequest(f"region: {self.region!r} is no region's name; write lower-case letters, digits, hyphens")
        for url in (self.metrics_url, self.alerts_url, self.platform_url, *self.envoy_urls):
            if url is not None and not is_address(url):
                raise BadRequest(f"url: {url!r} is no address; write it as http://host:port")
        for name in ("metrics_token", "platform_token"):
            token: str | None = getattr(self, name)
            if token is not None and (not token.isascii() or not token.isprintable() or not token):
                raise BadRequest(f"{name.replace('_', '-')}-file: holds no token; write it on one line")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and how many questions it took.

    A check `ran`, was `skipped` for something that was not given, or is `unanswered` by a program that should.
    """

    region: str
    findings: list[LiveFinding]
    ran: list[LiveCheck]
    skipped: dict[LiveCheck, str]
    unanswered: dict[LiveCheck, str]
    asked: int

    def as_findings(self) -> tuple[Finding, ...]:
        """What was found as static checks say it, described by `live_finding.CHECKS`; in order."""
        return tuple(sorted(finding.as_finding(self.region) for finding in self.findings))

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "region": self.region,
            "findings": [finding.as_dict() for finding in self.findings],
            "ran": [check.value for check in self.ran],
            "skipped": {check.value: why for check, why in self.skipped.items()},
            "unanswered": {check.value: why for check, why in self.unanswered.items()},
            "queries_sent": self.asked,
        }


def inspect(place: Place) -> Report:
    """Run every check that the place allows; one that is not answered does not stop the others."""
    # The token is the store's, and nobody else's.
    stores, platform, others = Asker(place.metrics_token), Asker(place.platform_token), Asker()
    findings: list[LiveFinding] = []
    skipped: dict[LiveCheck, str] = {}
    unanswered: dict[LiveCheck, str] = {}
    ran: dict[LiveCheck, None] = {}
    for checks, missing, run in _checks(place, stores, platform, others):
        if run is None:
            skipped |= dict.fromkeys(checks, missing)
            continue
        try:
            findings += run()
        except Unavailable as failure:
            unanswered |= dict.fromkeys(checks, failure.message)
        else:
            ran |= dict.fromkeys(checks)
    asked = sum(asker.asked for asker in (stores, platform, others))
    return Report(place.region, findings, list(ran), skipped, unanswered, asked)


_Run = tuple[tuple["LiveCheck", ...], str, "Callable[[], Iterator[LiveFinding]] | None"]


def _checks(place: Place, stores: Asker, platform: Asker, others: Asker) -> Iterator[_Run]:
    """The checks one after the other: what they look for, what they need, and how they run, if they can."""
    store = None if place.metrics_url is None else Store(stores, place.metrics_url.rstrip("/"))
    directory = place.directory
    no_store = "the metrics store's address is not given"

    def of_store(check: Callable[[Store], Iterator[LiveFinding]]) -> Callable[[], Iterator[LiveFinding]] | None:
        return None if store is None else partial(check, store)

    if directory is None:
        yield (LiveCheck.PREVIEW_AUDIT,), "the control store is not given, which knows the previews", None
    else:
        known = directory.previews
        yield (
            (LiveCheck.PREVIEW_AUDIT,),
            no_store,
            of_store(lambda asked: live_checks.previews(asked, known(place.region))),
        )
    yield (LiveCheck.LABEL_CONFLICT,), no_store, of_store(live_checks.conflicts)
    yield (
        (LiveCheck.PROJECT_BUDGET, LiveCheck.REGION_BUDGET),
        no_store,
        of_store(lambda asked: live_checks.budgets(asked, place.region, lambda ids: _tiers(directory, ids))),
    )
    no_gateway = "no Envoy's admin address is given"
    gateways = [Gateway(others, url.rstrip("/")) for url in place.envoy_urls]
    if not gateways:
        yield (LiveCheck.CONFIG_DRIFT, LiveCheck.UNPARSED_TRAFFIC), no_gateway, None
    for gateway in gateways:
        yield (LiveCheck.CONFIG_DRIFT,), "", partial(live_drift.drift, gateway, place.rendered)
        yield (LiveCheck.UNPARSED_TRAFFIC,), "", partial(live_drift.unparsed, gateway)
    yield (LiveCheck.BLIND_OUTAGE,), no_store, of_store(live_checks.blind_outages)
    yield (LiveCheck.WRONG_PROJECT,), no_store, of_store(live_checks.wrong_projects)
    yield (LiveCheck.TENANT_CONTRACT,), no_store, of_store(live_contract.contract)
    yield (LiveCheck.LIMIT_NEAR,), no_store, of_store(live_checks.limits)
    sent = None if place.platform_url is None else Store(platform, place.platform_url.rstrip("/"))
    yield (
        (LiveCheck.IDENTIFIER_LEFT,),
        "the address of the platform's own store is not given",
        None if sent is None else partial(live_egress.egress, sent, store),
    )
    alerts = place.alerts_url
    yield (
        (LiveCheck.RULE_FAILS,),
        "vmalert's address is not given",
        None if alerts is None else partial(live_drift.failing_rules, others, alerts.rstrip("/")),
    )


def _tiers(directory: Directory | None, project_ids: Collection[str]) -> dict[str, set[str]]:
    """Without a control store every project counts as one of the default plan."""
    tiers: dict[str, set[str]] = {}
    with suppress(Unavailable):
        tiers = {} if directory is None else directory.tiers(project_ids)
    return tiers
