"""Every check by id, and those that the reader itself and the waivers' file report."""

from __future__ import annotations

from typing import Final

from rules import live_finding
from rules.check import (
    allowlist,
    buckets,
    counters,
    egress,
    envoy_refusal,
    expression,
    gate,
    gateway,
    join,
    keys,
    logs,
    pattern,
    rule_file,
    scalar,
    scrape,
    scrape_refusal,
    state_metrics,
    user_refusal,
)
from rules.check.catalogue_fault import BROKEN
from rules.check.check import Check
from rules.check.finding import Severity

UNREADABLE: Final = Check(
    "SM001",
    "unreadable",
    "What cannot be read is not checked, and the program it is for refuses it or reads something else.",
    "Mend the file at the line; render templates before checking them.",
)
UNRECOGNISED: Final = Check(
    "SM002",
    "unrecognised",
    "A file that was named to be checked, and is of no kind that is known, would pass without being looked at.",
    "Name a configuration of one of the kinds that docs/rules.md lists.",
)
DOUBLED: Final = Check(
    "SM008",
    "key-twice",
    "YAML allows no key twice; some readers take the first, some the last, some refuse the file.",
    "Remove one of them.",
)
EXPIRED: Final = Check(
    "SM098",
    "waiver-expired",
    "A waiver is a promise with a date; after it the finding counts again.",
    "Mend what was waived and remove the waiver, or give it a new date and a reason.",
)
UNUSED: Final = Check(
    "SM099",
    "waiver-unused",
    "A waiver for nothing would silently excuse the next mistake of its kind.",
    "Remove the waiver.",
    severity=Severity.WARNING,
)

CHECKS: Final[tuple[Check, ...]] = tuple(
    sorted(
        (
            *(UNREADABLE, UNRECOGNISED, DOUBLED, EXPIRED, UNUSED, BROKEN),
            *allowlist.CHECKS,
            *buckets.CHECKS,
            *counters.CHECKS,
            *egress.CHECKS,
            *envoy_refusal.CHECKS,
            *expression.CHECKS,
            *gate.CHECKS,
            *gateway.CHECKS,
            *join.CHECKS,
            *keys.CHECKS,
            *logs.CHECKS,
            *pattern.CHECKS,
            *rule_file.CHECKS,
            *scalar.CHECKS,
            *scrape.CHECKS,
            *scrape_refusal.CHECKS,
            *state_metrics.CHECKS,
            *user_refusal.CHECKS,
            *live_finding.CHECKS,
        ),
        # The live ones last.
        key=lambda check: (check.id.startswith("SL"), check.id),
    )
)
BY_ID: Final = {check.id: check for check in CHECKS}
if len(BY_ID) != len(CHECKS):
    raise ValueError("CHECKS: an id is used twice; ids are never used again")
