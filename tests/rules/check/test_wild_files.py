"""Files that we did not render, as they are met: recognised by what they hold, judged at the line that is wrong."""

from __future__ import annotations

from typing import Final, NamedTuple

import pytest

from rules.check.run import findings
from rules.check.source import Kind, parse


class _Wild(NamedTuple):
    why: str
    name: str
    kinds: tuple[Kind, ...]
    text: str
    # (check, line) of everything that is found.
    found: tuple[tuple[str, int], ...]


WILD: Final = (
    _Wild(
        "the suffix matchers of many a blog",
        "proxy.yaml",
        (Kind.ENVOY_PROXY,),
        """\
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: {name: custom}
spec:
  mergeBackends: {}
  telemetry:
    metrics:
      clusterStatName: "%ROUTE_NAME%"
      matches:
        - {type: Suffix, value: .upstream_rq_time}
        - {type: RegularExpression, value: 'upstream_rq_\\d+xx$'}
""",
        (
            *(("SM013", 9), ("SM013", 9), ("SM014", 9), ("SM014", 9), ("SM014", 9), ("SM014", 9)),
            *(("SM025", 10), ("SM015", 10), ("SM012", 11), ("SM017", 9), ("SM023", 9), ("SM030", 5), ("SM031", 8)),
        ),
    ),
    _Wild(
        "a bootstrap without a word about statistics",
        "envoy.json",
        (Kind.BOOTSTRAP,),
        '{"admin": {},\n "static_resources": {"clusters": []}}\n',
        (("SM010", 1),),
    ),
    _Wild(
        "a Prometheus that writes everything to Grafana Cloud",
        "prometheus.yml",
        (Kind.SCRAPE,),
        """\
scrape_configs:
  - job_name: apps
    honor_labels: true
remote_write:
  - url: https://prometheus-prod-01.grafana.net/api/prom/push
    write_relabel_configs:
      - {action: labeldrop, source_labels: [project_id], regex: project_id}
""",
        (
            *(("SM040", 3), ("SM072", 7)),
            *(("SM070", 5),) * 6,
        ),
    ),
    _Wild(
        "Fluent Bit's classic configuration",
        "fluent-bit.conf",
        (Kind.FLUENT_BIT,),
        """\
[SERVICE]
    Flush 1
[INPUT]
    Name         tail
    Path         /var/log/containers/*.log
    Storage.Type filesystem
[FILTER]
    Name                kubernetes
    Match               *
    K8S-Logging.Exclude On
    Bufer_Size          0
[OUTPUT]
    Name  forward
    Match *
    Require_Ack_Response on
    Retry_Limit no_limits
""",
        (("SM090", 7), ("SM091", 7), ("SM092", 10), ("SM003", 11)),
    ),
    _Wild(
        "a chart's values for kube-state-metrics",
        "values.yaml",
        (Kind.STATE_METRICS,),
        "kube-state-metrics:\n  metricLabelsAllowlist:\n    - pods=[*]\n",
        (("SM050", 3),),
    ),
    _Wild(
        "rules in a resource",
        "rules.yaml",
        (Kind.RULES,),
        """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: r}
spec:
  groups:
    - name: g
      rules:
        - alert: Errors
          expr: |
            sum(rate(envoy_cluster_upstream_rq_xx{envoy_response_code_class="5"}[5m]))
            / sum(rate(envoy_cluster_upstream_rq_xx[5m])) > 0.1
        - record: billing:egress
          expr: sum by (project_id) (rate(envoy_cluster_upstream_cx_rx_bytes_total{job="envoy-gateway"}[1h]))
        - record: team:pods
          expr: kube_pod_info * on (namespace, pod) group_left (label_team) kube_pod_labels
        - {}
""",
        (("SM065", 9), ("SM066", 9), ("SM064", 13), ("SM052", 15), ("SM068", 16), ("SM068", 16)),
    ),
    _Wild(
        "configurations inside of a ConfigMap",
        "configmap.yaml",
        (Kind.SCRAPE, Kind.ALLOY),
        """\
apiVersion: v1
kind: ConfigMap
metadata: {name: agents}
data:
  vmagent.yml: |
    scrape_configs:
      - job_name: apps
        honor_labels: true
  readme: |
    nothing to see
  config.alloy: |
    prometheus.remote_write "cloud" {
      endpoint {
        url = "http://mimir.internal/push"
        write_relabel_config {
          actoin = "keep"
        }
      }
    }
""",
        (("SM040", 8), ("SM003", 16)),
    ),
    _Wild(
        "a ServiceMonitor",
        "monitor.yaml",
        (Kind.MONITOR,),
        "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nspec: {endpoints: [{honorLabels: true}]}\n",
        (("SM040", 3),),
    ),
    _Wild(
        "everything of Alloy scrubbed before it is written",
        "config.alloy",
        (Kind.ALLOY,),
        """\
prometheus.scrape "pods" {
  targets    = discovery.kubernetes.pods.targets
  forward_to = [prometheus.relabel.own.receiver]
}
prometheus.relabel "own" {
  forward_to = [prometheus.remote_write.cloud.receiver]
  rule {
    action        = "keep"
    source_labels = ["__name__"]
    regex         = "node_.*"
  }
}
prometheus.remote_write "cloud" {
  endpoint { url = "https://p.grafana.net/api/prom/push" }
}
loki.write "cloud" {
  endpoint { url = "https://logs.grafana.net/loki/api/v1/push" }
}
""",
        (("SM073", 17),),
    ),
    _Wild(
        "a reader that is confined by nothing",
        "auth.yml",
        (Kind.USERS,),
        'users:\n  - bearer_token: "%{T}"\n    url_map:\n      - src_paths: [/api/v1/.*]\n        url_prefix: http://vm:8428\n',
        (("SM080", 4), ("SM081", 2), ("SM081", 2)),
    ),
    _Wild(
        "names that YAML takes for something else",
        "envoy.yaml",
        (Kind.BOOTSTRAP,),
        """\
node: {cluster: y, id: on}
stats_config:
  stats_matcher: {reject_all: true}
static_resources:
  clusters:
    - name: 1e5
    - name: 0x1f
    - name: "y"
""",
        (("SM026", 2), ("SM004", 1), ("SM004", 1), ("SM004", 7)),
    ),
    _Wild(
        "a bootstrap as protobuf's JSON spells it",
        "envoy.json",
        (Kind.BOOTSTRAP,),
        '{"statsConfig": {"statsMatcher":\n  {"inclusionList": {"patterns": [{"suffix": ".upstream_rq_time"}]}}}}\n',
        (*(("SM013", 1),) * 2, *(("SM014", 1),) * 4, ("SM025", 2), ("SM015", 2), ("SM017", 1), ("SM023", 1)),
    ),
    _Wild(
        "an EnvoyProxy whose parts are of other shapes",
        "proxy.yaml",
        (Kind.ENVOY_PROXY,) * 2,
        """\
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
spec: [1]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
spec:
  telemetry:
    metrics:
      matches: [7]
      prometheus: {disable: true}
      enableGRPCStats: true
  bootstrap:
    type: Merge
    value: 5
""",
        (
            *(("SM009", 3), ("SM010", 3), ("SM009", 10), ("SM010", 10), ("SM036", 11), ("SM032", 12)),
            *(("SM009", 15), ("SM037", 15)),
        ),
    ),
    _Wild(
        "a Deployment that writes to Grafana Cloud by flags, straight and by its environment",
        "vmagent.yaml",
        (Kind.WORKLOAD,),
        """\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: vmagent
          env: [{name: CLOUD, value: "https://prometheus-prod-01.grafana.net/api/prom/push"}]
          args:
            - -promscrape.config=/etc/vmagent.yml
            - -remoteWrite.url=$(CLOUD)
            - -remoteWrite.url=http://vmauth.internal:8427/api/v1/write
        - name: other
          args:
            - --remoteWrite.url
            - https://prometheus-prod-01.grafana.net/api/prom/push
            - --remoteWrite.urlRelabelConfig=/etc/relabel.yml
""",
        (*(("SM070", 11),) * 6, ("SM075", 15)),
    ),
    _Wild(
        "the operators' agents",
        "agents.yaml",
        (Kind.AGENT,) * 3,
        """\
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
spec:
  remoteWrite:
    - url: https://prometheus-prod-01.grafana.net/api/prom/push
      writeRelabelConfigs:
        - {sourceLabels: [__name__], regex: node_.*, action: keep}
    - url: https://prometheus-prod-01.grafana.net/api/prom/push
      writeRelabelConfig: []
      writeRelabelConfigs:
        - {sourceLabels: [__name__], regex: container_.*, action: keep}
---
apiVersion: operator.victoriametrics.com/v1beta1
kind: VMAgent
spec:
  inlineRelabelConfig:
    - {sourceLabels: [__name__], regex: node_.*, action: keep}
  remoteWrite:
    - url: https://prometheus-prod-01.grafana.net/api/prom/push
---
prometheus:
  prometheusSpec:
    remoteWrite:
      - url: https://prometheus-prod-01.GRAFANA.net/api/prom/push
        writeRelabelConfigs: [{regex: project_id, action: labeldrop}]
""",
        (("SM003", 9), ("SM070", 8), ("SM074", 8), *(("SM070", 24),) * 6),
    ),
    _Wild(
        "OTLP to Grafana Cloud from Alloy",
        "config.alloy",
        (Kind.ALLOY,),
        """\
otelcol.exporter.otlphttp "cloud" {
  client { endpoint = "https://otlp-gateway-prod-eu.grafana.net/otlp" }
}
otelcol.exporter.otlp "somewhere" {
  client { endpoint = sys.env("ENDPOINT") }
}
otelcol.exporter.otlp "region" {
  client { endpoint = "tempo.internal:4317" }
}
prometheus.write.queue "cloud" {
  endpoint "cloud" {
    url = "http://mimir.internal/push"
  }
}
""",
        (("SM075", 2), ("SM075", 5)),
    ),
    _Wild(
        "every destination of the chart",
        "values.yaml",
        (Kind.MONITORING,),
        """\
destinations:
  - name: metrics
    type: otlp
    url: https://otlp-gateway-prod-eu.grafana.net/otlp
    metrics: {enabled: true}
  - {name: traces, type: otlp, url: "https://tempo.grafana.net", metrics: {enabled: false}}
  - {name: region, type: otlp, url: "http://otel.internal:4317"}
  - {name: own, type: custom, config: ""}
  - {name: off, type: otlp, disabled: true}
""",
        (("SM075", 5), ("SM075", 8)),
    ),
    _Wild(
        "monitors with misspelt keys",
        "monitors.yaml",
        (Kind.MONITOR,) * 3,
        """\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: a}
spec:
  sampleLimt: 5
  endpoints:
    - {port: http, intervall: 30s, metricRelabelings: [{action: labeldrop, regexp: a}]}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
spec:
  sampleLimit: many
  podMetricsEndpoints: {port: http}
---
apiVersion: operator.victoriametrics.com/v1beta1
kind: VMServiceScrape
spec: {endpoints: [{port: http, relabelConfigs: [{action: replaced}]}]}
""",
        (("SM003", 5), ("SM003", 7), ("SM003", 7), ("SM009", 12), ("SM009", 13), ("SM006", 17)),
    ),
    _Wild(
        "bills by every other way of writing an increase",
        "bills.yaml",
        (Kind.RULES,),
        """\
groups:
  - name: bills
    rules:
      - record: region:egress:rate5m
        expr: sum by (project_id) (rate(envoy_cluster_upstream_cx_rx_bytes_total{job="envoy-gateway"}[5m]))
      - record: project:billed_bytes
        expr: sum_over_time(region:egress:rate5m[1h:5m])
      - record: project:invoiced_bytes
        expr: region:egress:rate5m * 3600
      - record: project:egress
        expr: >-
          max_over_time(envoy_cluster_upstream_cx_tx_bytes_total{job="envoy-gateway"}[1h])
          - min_over_time(envoy_cluster_upstream_cx_tx_bytes_total{job="envoy-gateway"}[1h])
      - record: project:all
        expr: increase({job="envoy-gateway", project_id!=""}[1h])
      - alert: SlowerThanLastWeek
        expr: >-
          rate(envoy_cluster_upstream_rq_xx{job="envoy-gateway"}[5m])
          - rate(envoy_cluster_upstream_rq_xx{job="envoy-gateway"}[5m] offset 1w) < 0
        labels: {environment: production}
""",
        (("SM064", 7), ("SM064", 9), ("SM064", 11), ("SM064", 15), ("SM062", 20)),
    ),
)


@pytest.mark.parametrize("wild", WILD, ids=lambda wild: wild.why)
def test_a_file_is_known_by_what_it_holds_and_judged_line_by_line(wild: _Wild) -> None:
    source = parse(wild.text, wild.name)

    assert tuple(document.kind for document in source.documents) == wild.kinds
    assert sorted((one.check, one.line) for one in findings([source])) == sorted(wild.found)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a: 1\n",
            "apiVersion: v1\nkind: Service\nspec: {}\n",
            "- 1\n- 2\n",
            "just words",
            "groups\n",
            "[]",
            "null",
        ),
        "apiVersion: 1\ngroups:\n- {orgId: 1, name: a, folder: b, rules: []}\n",
        "groups: {a: [b]}\nusers: []\n",
        "apiVersion: source.toolkit.example/v1\nkind: Prometheus\nspec: {remoteWrite: 1}\n",
    ],
)
def test_what_is_none_of_these_is_left_alone(text: str) -> None:
    source = parse(text, "some.yaml")

    assert source.documents == ()
    assert list(findings([source])) == []
