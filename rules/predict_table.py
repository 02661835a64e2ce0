"""A prediction as a person reads it: per route, gateway, region and tenant, and what of the budgets is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.predict_verdict import worst

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.predict import Prediction
    from rules.predict_verdict import Line

_ROWS: Final = (
    ("route", "series of a busy route, per Envoy pod"),
    ("idle_route", "series of an idle route, per Envoy pod"),
    ("gateway_itself", "series of a gateway about itself"),
    ("gateway", "series of the fullest Envoy pod"),
    ("scrape_bytes", "bytes of one scrape of it"),
    ("envoy", "region: series of all Envoy pods"),
    ("previews", "  of them of previews"),
    ("avoided", "  avoided by suppressing previews"),
    ("resources", "region: series of pods"),
    ("recorded", "region: recorded series"),
    ("region", "region: active series"),
    ("region_scrape_bytes", "region: bytes of one scrape of all Envoy pods"),
    ("churn", "region: new series a day"),
    ("tenant", "tenant: series of a service's environment"),
    ("tenant_scrape_bytes", "tenant: bytes of one scrape"),
    ("tenant_churn", "tenant: new series a day"),
    ("project", "tenant: series of the largest project"),
)


# What adds up over regions.
TOTALS: Final = ("region", "region_scrape_bytes", "churn")


def as_text(now: Prediction, before: Prediction | None, lines: Sequence[Line]) -> str:
    """Two tables: the amounts (beside those `before`, and the change), and the budgets."""
    head = ("", "now") if before is None else ("", "before", "now", "change")
    rows = [head, *_amounts(now, before)]
    budgets = [
        ("budget", "value", "of", "share", "verdict"),
        *((line.name, f"{line.value:,}", f"{line.budget:,}", f"{line.share:.0%}", line.verdict) for line in lines),
    ]
    return "\n".join([*_aligned(rows), "", *_aligned(budgets), "", f"verdict: {worst(list(lines))}"])


def totals(predictions: Sequence[Prediction]) -> str:
    """What regions come to together."""
    rows = [("all regions", "now")]
    for field in TOTALS:
        (about,) = (about for name, about in _ROWS if name == field)
        rows.append((about.removeprefix("region: "), f"{sum(getattr(one, field) for one in predictions):,}"))
    return "\n".join(_aligned(rows))


def _amounts(now: Prediction, before: Prediction | None) -> Iterator[tuple[str, ...]]:
    for field, about in _ROWS:
        value: int = getattr(now, field)
        if before is None:
            yield about, f"{value:,}"
        else:
            earlier: int = getattr(before, field)
            yield about, f"{earlier:,}", f"{value:,}", f"{value - earlier:+,}" if value != earlier else "="


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The first column to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
