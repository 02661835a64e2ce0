"""The status of metering as a person reads it: one line for each thing to know, alike hours in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from billing.hour import iso
from billing.runs.record import RunState

if TYPE_CHECKING:
    from billing.runs.status import Notice, Status

_MOST: Final = 20
_NAMED: Final = 5


def lines(found: Status) -> list[str]:
    """All of it, with at most twenty notices, the latest first."""
    behind = "everything closed is published" if found.watermark is None else f"published until {iso(found.watermark)}"
    told = [
        f"{behind}; {found.due} hour(s) due; last publication {found.latest}; runner {found.holder or 'none'}",
        "last day's runs: " + (", ".join(f"{number} {state}" for state, number in found.runs.items()) or "none"),
    ]
    aside = f"put aside: {found.quarantined} pod(s), {found.quarantined_builds} build(s)"
    told.append(
        f"{aside}; labels name another tenant: {found.mismatched}; nobody's: {found.unattributed}, in pod hours"
    )
    if found.late:
        named = ", ".join(map(str, found.late[:_NAMED])) + (", …" if len(found.late) > _NAMED else "")
        told.append(f"told of late, and run again by the billing process: {len(found.late)} hour(s): {named}")
    alike: dict[tuple[str, str, str, str], list[Notice]] = {}
    for each in found.notices:
        is_published = each.state is RunState.PUBLISHED
        # Pods come and go, so that of what counts only the kind of remark is one and the same.
        what = each.message.partition(":")[0] if is_published else each.message
        alike.setdefault((each.slice.region, each.slice.cluster, each.state.value, what), []).append(each)
    groups = list(alike.values())
    told.extend(_notice(group) for group in groups[:_MOST])
    if len(groups) > _MOST:
        told.append(f"and {len(groups) - _MOST} more; --json has all of them")
    return told


def _notice(group: list[Notice]) -> str:
    """Of what is stuck the oldest hour is named, for all others wait for it; of the rest the latest."""
    named = (max if group[0].state is RunState.PUBLISHED else min)(group, key=lambda each: each.slice)
    more = f" (and {len(group) - 1} more hour(s) like it)" if len(group) > 1 else ""
    return f"{named.slice} {named.state}: {named.message}{more}"
