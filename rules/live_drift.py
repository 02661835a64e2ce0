"""The live checks on running programs: what Envoy really does beside what was rendered, and rules that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest, Unavailable
from ingest.cluster_name import ClusterNameRefused, Reason, parse
from rules.live_finding import LiveCheck, LiveFinding
from rules.predict_matcher import Statistics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.live_gateway import Gateway
    from rules.live_http import Asker

# Traffic that has no tenant by nature.
_EXPECTED: Final = frozenset({Reason.GATEWAY_INTERNAL, Reason.POLICY_SERVICE, Reason.MIRROR, Reason.LAYER_4_ROUTE})
_MOST: Final = 20
_SHOWN: Final = 120


def drift(gateway: Gateway, rendered: Mapping[str, Any]) -> Iterator[LiveFinding]:
    """How the effective statistics settings differ in meaning from the `rendered` ones."""
    wanted = Statistics.of(rendered)
    try:
        effective = Statistics.of(gateway.settings())
    except BadRequest as failure:
        yield LiveFinding(LiveCheck.CONFIG_DRIFT, gateway.url, failure.message)
        return
    for detail in _differences(wanted, effective):
        yield LiveFinding(LiveCheck.CONFIG_DRIFT, gateway.url, detail)


def _differences(wanted: Statistics, effective: Statistics) -> Iterator[str]:
    if not effective.matcher.includes:
        yield "statistics are not limited to an inclusion list"
    else:
        ours, theirs = set(wanted.matcher.patterns), set(effective.matcher.patterns)
        yield from (f"missing {pattern.kind} {pattern.text[:_SHOWN]}" for pattern in sorted(ours - theirs, key=repr))
        yield from (f"besides {pattern.kind} {pattern.text[:_SHOWN]}" for pattern in sorted(theirs - ours, key=repr))
    # By what they mean: a setting that no statistic of ours meets makes no difference.
    for name in ("cluster.httproute/a.upstream_rq_time", "server.initialization_time_ms"):
        if (bounds := effective.bounds_of(name)) != (own := wanted.bounds_of(name)):
            stat = name.rpartition(".")[2]
            yield f"bounds of {stat} are {_bounds(bounds)}, not {_bounds(own)}"
    if wanted.deferred and not effective.deferred:
        yield "statistics of idle routes are created"


def _bounds(bounds: tuple[float, ...]) -> str:
    return ", ".join(f"{bound:g}" for bound in bounds)


def unparsed(gateway: Gateway) -> Iterator[LiveFinding]:
    """Clusters that had requests, whose name is no customer route's, and which are not the gateway's own."""
    strangers = []
    for name, requests in gateway.requests().items():
        if requests:
            try:
                parse(name)
            except ClusterNameRefused as refused:
                if refused.reason not in _EXPECTED:
                    strangers.append((requests, name, refused.reason))
    for requests, name, reason in sorted(strangers, reverse=True)[:_MOST]:
        yield LiveFinding(
            LiveCheck.UNPARSED_TRAFFIC, name[:_SHOWN], f"{requests:,} requests; {reason.value}: {reason.sentence}"
        )
    if len(strangers) > _MOST:
        yield LiveFinding(LiveCheck.UNPARSED_TRAFFIC, gateway.url, f"and {len(strangers) - _MOST} clusters more")


def failing_rules(asker: Asker, url: str) -> Iterator[LiveFinding]:
    """Rules whose last evaluation failed, by vmalert's own account."""
    answer = asker.get(f"{url}/api/v1/rules")
    try:
        rules = [(group["name"], rule) for group in answer["data"]["groups"] or () for rule in group["rules"] or ()]
        failed = [
            (f"{group}, {rule['name']}", str(rule["lastError"])) for group, rule in rules if rule.get("lastError")
        ]
    except (AttributeError, KeyError, TypeError) as failure:
        raise Unavailable(f"{url}: the answer is not vmalert's") from failure
    for subject, error in failed:
        yield LiveFinding(LiveCheck.RULE_FAILS, subject, error[:_SHOWN])
