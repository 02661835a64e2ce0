"""The rule files: recordings and alerts for a region's vmalert, objectives for the ruler of Grafana Cloud."""

from __future__ import annotations

from rules import alerts, burn, recording, rulefile
from rules.render import document


def render_recording() -> str:
    """The recorded `tenant:` series."""
    return document.heading("Recorded `tenant:` series (vmalert -rule).") + rulefile.render(recording.GROUPS)


def render_alerts() -> str:
    """The alerts of tenants, and those about attribution."""
    return document.heading("Tenants' alerts and those about attribution (vmalert -rule).") + rulefile.render(
        alerts.GROUPS
    )


def render_objectives() -> str:
    """Burn-rate rules of our own objectives: plain PromQL, which Grafana's ruler takes as it is."""
    return document.heading(
        "Our own objectives: recorded ratios and burn-rate alerts (plain PromQL; Grafana Cloud's ruler or vmalert)."
    ) + rulefile.render(burn.GROUPS)
