"""Grafana Alloy: platform series to Grafana Cloud, those of the platform's namespaces kept first, then scrubbed."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rules import platform
from rules.render import document


@dataclass(frozen=True, slots=True)
class Rule:
    """One relabelling rule in Prometheus' words; what is None is left out."""

    action: str
    regex: str
    source_labels: tuple[str, ...] = ()

    def as_prometheus(self) -> dict[str, object]:
        """The rule as vmagent and Prometheus take it."""
        rule: dict[str, object] = {"action": self.action, "regex": self.regex}
        return rule | ({"source_labels": list(self.source_labels)} if self.source_labels else {})

    def as_alloy(self) -> str:
        """The rule as a `write_relabel_config` block."""
        labels = f"  source_labels = {json.dumps(list(self.source_labels))}\n" if self.source_labels else ""
        return f'write_relabel_config {{\n  action = "{self.action}"\n{labels}  regex = {json.dumps(self.regex)}\n}}\n'


def rules() -> tuple[Rule, ...]:
    """What every series must pass on its way out, in order.

    Keep first: what only a customer has is gone before any label is dropped, so that no two series become one.
    """
    namespaces = "|".join(platform.NAMESPACES)
    suspects = platform.SUSPECT_LABELS
    return (
        Rule("keep", "|".join(platform.SERIES), ("__name__",)),
        # Series without the label have no namespace that could be a customer's.
        Rule("keep", f"({namespaces})?", ("namespace",)),
        # kube-state-metrics' own namespace pushes that of the object aside.
        Rule("keep", f"({namespaces})?", ("exported_namespace",)),
        # A value may have several lines, and a dot alone would end at the first.
        Rule("drop", f"(?s:.*{platform.IDENTIFIER}.*)", suspects),
        Rule("labeldrop", "|".join(platform.DENIED_LABELS)),
    )


def render() -> str:
    """Alloy's `prometheus.remote_write` component, to be forwarded to by every platform scrape."""
    blocks = "".join(_indented(rule.as_alloy(), 4) for rule in rules())
    return (
        document.heading("Platform series to Grafana Cloud, customers' identifiers removed (Grafana Alloy).", "//")
        + 'prometheus.remote_write "grafana_cloud" {\n'
        + "  endpoint {\n"
        + '    url = sys.env("GRAFANA_CLOUD_URL") // https://<stack>.grafana.net/api/prom/push\n'
        + "    basic_auth {\n"
        + '      username      = sys.env("GRAFANA_CLOUD_USER")\n'
        + '      password_file = "/etc/alloy/grafana-cloud-token"\n'
        + "    }\n"
        + blocks
        + "  }\n}\n"
    )


def monitoring_values() -> dict[str, object]:
    """The values of the k8s-monitoring chart (4.x), under the same rules."""
    return {
        "cluster": {"name": "${CLUSTER}"},
        "destinations": {
            "grafana-cloud": {
                "type": "prometheus",
                "url": "https://prometheus.grafana.net/api/prom/push",
                "auth": {
                    "type": "basic",
                    "usernameFrom": 'sys.env("GRAFANA_CLOUD_USER")',
                    "passwordFrom": 'sys.env("GRAFANA_CLOUD_TOKEN")',
                },
                "metricProcessingRules": "".join(rule.as_alloy() for rule in rules()),
            }
        },
        "clusterMetrics": {
            "enabled": True,
            "collector": "alloy-metrics",
            "cadvisor": {"enabled": False},
            "kubelet": {"enabled": False},
        },
        "podLogsViaLoki": {"enabled": False},
        "collectors": {"alloy-metrics": {"presets": ["clustered", "statefulset"]}},
    }


def render_monitoring() -> str:
    """The chart's values as YAML."""
    return document.render(
        "Values of Grafana's k8s-monitoring chart 4.x: platform series alone, no pod's logs.", monitoring_values()
    )


def _indented(text: str, width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" for line in text.splitlines())
