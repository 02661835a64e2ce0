"""What the live checks are called, and what one of them says: by itself, and in the words of the static checks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from rules.check.check import Check
from rules.check.finding import Finding


class LiveCheck(StrEnum):
    """An id that never changes its meaning and is never used again; `reason` is what it is about, `fix` what to do."""

    reason: str
    fix: str

    def __new__(cls, code: str, reason: str, fix: str) -> Self:
        """A member is its id's text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.reason = reason
        member.fix = fix
        return member

    PREVIEW_AUDIT = (
        "SL001",
        "a preview environment has per-route series",
        "give its cluster the metadata that rejects all statistics (preview-patch.yaml), or its own gateway",
    )
    LABEL_CONFLICT = (
        "SL002",
        "kube-state-metrics renamed a label that pods are attributed by",
        "expose exactly the three starform.io labels: --metric-labels-allowlist without a wildcard",
    )
    PROJECT_BUDGET = (
        "SL003",
        "a project has more series than its plan affords",
        "ask `starmeter cardinality who --project <id>` which service added label values, and have it drop the label",
    )
    REGION_BUDGET = (
        "SL004",
        "the region has more series than it affords",
        "ask `starmeter cardinality growth` what grew; then drop it, or raise the budget with the store",
    )
    CONFIG_DRIFT = (
        "SL005",
        "a gateway's statistics settings are not the rendered ones",
        "apply compose/rendered/envoy-proxy.yaml and restart the gateway's pods",
    )
    UNPARSED_TRAFFIC = (
        "SL006",
        "a cluster that is no customer route's and not the gateway's own has traffic",
        "read the reason with `starmeter parse`; rename the route, or turn off what named the cluster",
    )
    BLIND_OUTAGE = (
        "SL007",
        "a service has pods, none of them ready, and no request is counted",
        "the gateway answers 503 by itself: look at the service's pods, not at its error rate",
    )
    WRONG_PROJECT = (
        "SL008",
        "routes of one project stand in the namespace of another, and are billed to the first",
        "move the HTTPRoute into its project's namespace, or correct its name",
    )
    RULE_FAILS = (
        "SL009",
        "a recording or alerting rule cannot be evaluated",
        "run `promtool check rules` on it and look for two series that match one",
    )
    TENANT_CONTRACT = (
        "SL010",
        "customers' series have other labels than the contract's, or ids in another form",
        "render and apply vmagent.yml and recording.yml; a filter by tenant finds nothing under another form",
    )
    IDENTIFIER_LEFT = (
        "SL011",
        "a customer's identifier is in the platform's own store, outside the region",
        "apply compose/rendered/platform.alloy, then have the series deleted there",
    )
    LIMIT_NEAR = (
        "SL012",
        "a scrape is near the limit at which it is refused or torn",
        "raise sample_limit and series_limit to 1.5 times what `starmeter rules predict` says of an Envoy pod",
    )


@dataclass(frozen=True, slots=True)
class LiveFinding:
    """One thing that a check found; `subject` is what it found it on, `detail` what exactly."""

    check: LiveCheck
    subject: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        """For programs."""
        return {
            "check": self.check.value,
            "subject": self.subject,
            "detail": self.detail,
            "reason": self.check.reason,
            "fix": self.check.fix,
            "link": _link(self.check.value),
        }

    def as_finding(self, region: str) -> Finding:
        """The same as static checks say it; a region takes the place of the file."""
        return Finding(f"{LIVE}{region}", 1, self.check.value, f"{self.subject}: {self.detail}")


# What stands before a region's name where a static finding has its file.
LIVE: Final = "live:"


@dataclass(frozen=True, slots=True)
class LiveRule(Check):
    """A live check as the static ones are described; it has no kinds of files, and its page is the runbook."""

    @property
    def link(self) -> str:
        """Where it is explained."""
        return _link(self.id)


def _link(check: str) -> str:
    return f"docs/runbook.md#{check.lower()}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _rule(check: LiveCheck) -> LiveRule:
    return LiveRule(check.value, check.name.lower().replace("_", "-"), _sentence(check.reason), _sentence(check.fix))


# In the order of their ids.
CHECKS: Final[tuple[Check, ...]] = tuple(sorted(map(_rule, LiveCheck), key=lambda rule: rule.id))
