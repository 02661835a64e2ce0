"""Family 3.3: PromQL and MetricsQL that would look past a tenant if anything but the fetched series decided.

Every entry must give A exactly what a store with only A's data gives. Nothing here depends on the time of evaluation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.query.hostile.base import encoded
from tests.query.hostile.case import Alone, Case
from tests.query.platform import PROJECT_A, PROJECT_B, SECRET, SERVICE_A1, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_A: Final = f'project_id="{PROJECT_A}"'
_B: Final = f'project_id="{PROJECT_B}"'
_REQUESTS: Final = "envoy_cluster_upstream_rq_xx"
_CLASS: Final = "envoy_response_code_class"
_BUCKETS: Final = "envoy_cluster_upstream_rq_time_bucket"

SELECTORS: Final = (
    "up",
    '{__name__!=""}',
    '{__name__=~".+"}',
    '{__name__=~".*up.*|.*gauge"}',
    f"up{{{_A}}}",
    f"up{{{_B}}}",
    f'up{{project_id!="{PROJECT_A}"}}',
    'up{project_id=""}',
    'up{project_id=~"|.+"}',
    'up{project_id!~"zzz"}',
    f'up{{project_id=~"(?i){PROJECT_A}"}}',
    f'up{{project_id=~".*{PROJECT_A}.*"}}',
    f'up{{project_id=~"{PROJECT_A}|{PROJECT_B}"}}',
    f'up{{project_id=~"{PROJECT_A.replace("-", ".")}"}}',
    f'{{mark="{SECRET}"}}',
    f"{SECRET}_gauge",
    f'{{__name__="{SECRET}_gauge"}}',
    f'{{service_id="{SERVICE_B1}"}}',
    f'{{service_id="{SERVICE_A1}"}}',  # the rival has a series with this very service id
    f'up{{job="{SECRET}"}}',
    "kube_pod_labels",
    '{__graphite__="*"}',
    f"up{{project_id='{PROJECT_B}'}}",
    f"up{{project_id=`{PROJECT_B}`}}",
    f"up{{{_B},}}",
    f"up{{\n# a comment\n{_B}\n}}",
    f'u\\p{{project\\_id="{PROJECT_B}"}}',
    f'{{p\\u0072oject_id="{PROJECT_B}"}}',
    f"up{{{_A} or {_B}}}",
    f'{{"up",{_B}}}',
)
ROLLUPS: Final = (
    "up[5m]",
    "up[5m:1m]",
    '{__name__!=""}[2m]',
    f"up{{{_B}}}[5m]",
    f"rate({_REQUESTS}[5m])",
    f"rate({_REQUESTS})",
    f"increase({_REQUESTS}[5m:30s])",
    "up offset 3m",
    "up offset -1m",
    "sum(up @ end())",
    "sum(up @ start())",
    "avg_over_time(up[5m])",
    "max_over_time(count(up)[5m:30s])",
    'count_over_time({__name__!=""}[5m])',
    "last_over_time(up[10m])",
    "quantile_over_time(0.9, up[5m])",
    "rollup(up[5m])",
    "tlast_over_time(up[5m])",
    "absent_over_time(up[5m])",
    f"absent_over_time(up{{{_B}}}[5m])",
    "changes(up[5m])",
    'count_values_over_time("v", up[1m])',
    "round(sum(sum_over_time(rate(up[1m])[5m:1m])), 0.01)",
)
AGGREGATES: Final = (
    "count(up)",
    'count({__name__!=""})',
    'count({__name__!=""}) by (__name__)',
    "count(up) by (project_id)",
    "count(up) without (service_id)",
    f"count(up) - count(up{{{_A}}})",
    f'count({{project_id!="{PROJECT_A}"}}) or vector(0)',
    "sum(up)",
    'sum({__name__!=""})',
    "avg(up)",
    "min(up)",
    "max(up)",
    "round(stddev(up), 0.01)",  # the order of a sum's parts differs from one evaluation to the next
    "group(up) by (mark)",
    "topk(2, up)",
    "bottomk(1, up)",
    "topk_max(1, up)",
    'count_values("value", up)',
    "quantile(0.5, up)",
    'quantiles("q", 0.1, 0.9, up)',
    "distinct(up)",
    f'any(up{{service_id="{SERVICE_A1}",environment="pr-7"}}) by (mark)',
    "limitk(2, up)",
    f"round(histogram_quantile(0.9, sum(rate({_BUCKETS}[5m])) by (le)), 0.01)",
    f"histogram_quantile(0.9, sum({_BUCKETS}) by (le, project_id))",
    "mode(up)",
    "round(share(up), 0.01)",
    f"sum(up, {_REQUESTS})",
)
OPERATORS: Final = (
    f"up or {SECRET}_gauge",
    f"up or up{{{_B}}}",
    f"up{{{_B}}} or up{{{_A}}}",
    f"up unless up{{{_B}}}",
    f"up and on (service_id) up{{{_B}}}",
    f"up and on () {SECRET}_gauge",
    f"up if up{{{_B}}}",
    f"up ifnot up{{{_B}}}",
    f"up{{{_B}}} default 7",
    f"up default up{{{_B}}}",
    f"(up, {SECRET}_gauge)",
    f'union(up, {{mark="{SECRET}"}})',
    f"union(up{{{_B}}}, up{{{_A}}})",
    "up + on (service_id, environment) group_left (mark) up",
    "up * on (service_id, environment) group_right (mark) count(up) by (service_id, environment)",
    f"up * on (environment) group_left (mark) count({SECRET}_gauge) by (environment, mark)",
    f"{_REQUESTS} / ignoring ({_CLASS}) group_left () sum({_REQUESTS}) without ({_CLASS})",
    "up == up",
    "up > bool 1",
    "-up",
    "up ^ 2",
    "2 + count(up)",
    "count(up) keep_metric_names",
)
FUNCTIONS: Final = (
    "absent(up)",
    f"absent(up{{{_B}}})",
    f"absent({SECRET}_gauge)",
    'absent({__name__=~"nothing.*"})',
    "scalar(count(up))",
    "vector(1)",
    "sort(up)",
    "sort_desc(up)",
    'sort_by_label(up, "service_id", "environment")',
    f'label_set(up, "project_id", "{PROJECT_B}")',
    f'label_set(up, "mark", "{SECRET}")',
    f'label_replace(up, "project_id", "{PROJECT_B}", "", "")',
    f'label_replace(up, "project_id", "{PROJECT_B}", "project_id", ".*")',
    'label_replace(up, "copy", "$1", "project_id", "(.*)")',
    'label_join(up, "joined", "/", "project_id", "service_id")',
    'label_copy(up, "project_id", "mark")',
    'label_move(up, "project_id", "gone")',
    'label_del(up, "project_id", "mark")',
    'label_keep(up, "mark")',
    f'label_map(up, "project_id", "{PROJECT_A}", "{PROJECT_B}")',
    'label_transform(up, "project_id", "a", "b")',
    'label_uppercase(up, "mark")',
    f'label_match(up, "project_id", "{PROJECT_B}")',
    'label_mismatch(up, "project_id", "a.*")',
    'label_value(label_set(up, "n", "7"), "n")',
    f'count(label_set(up, "project_id", "{PROJECT_B}")) by (project_id)',
    f'label_set(up, "project_id", "{PROJECT_B}") or up{{{_B}}}',
    'drop_common_labels(up, {__name__="up"})',
    'alias(up, "other")',
    f'alias(up, "{SECRET}_gauge") or {SECRET}_gauge',
    "clamp_max(up, 3)",
    "interpolate(up)",
    "keep_last_value(up)",
    "running_sum(up)",
    "range_first(up)",
    "remove_resets(up)",
    "abs(up)",
    "timestamp(up)",
    "step()",
    "bitmap_and(up, 7)",
    f"prometheus_buckets({_BUCKETS})",
    f"buckets_limit(2, {_BUCKETS})",
)
TEMPLATES: Final = (
    "WITH (x = up) x",
    f"WITH (f = {{{_B}}}) up{{f}}",
    f"WITH (up = {SECRET}_gauge) up",
    'WITH (f = {project_id=~"|.+"}) count({f, __name__!=""})',
    f"WITH (f(x) = x{{{_B}}}) f(up)",
    f'WITH (id = "{PROJECT_B}") up{{project_id=id}}',
    f'WITH (id = "{PROJECT_B[:18]}") up{{project_id=id + "{PROJECT_B[18:]}"}}',
    "WITH (project_id = up) project_id",
    "WITH (count(q) = sum(q)) count(up)",
    f"WITH (a = up, b = {SECRET}_gauge) a or b",
    'WITH (everyone = {__name__!=""}) count(everyone) - 24',
)
MALFORMED: Final = (
    'up"} or {__name__!="',
    'up{a="x" or b="y"}',
    "up{",
    "sum(",
    f"nothing_like_it(up{{{_B}}})",
    f'up{{{_A}}} {{__name__!=""}}',
    'up{project_id="x"} } or {__name__!=""}',
    "up); drop",
    'extra_filters[]={__name__!=""}',
    'up&extra_filters[]={__name__!=""}',
    f"topk({SECRET}, up)",
    "count(up, 1, 2)",
)
EXPRESSIONS: Final = (*SELECTORS, *ROLLUPS, *AGGREGATES, *OPERATORS, *FUNCTIONS, *TEMPLATES, *MALFORMED)


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Every expression as an instant query; by URL and by form in turn, each also beside a smuggled argument."""
    base = next(base for base in bases if base.name == "query")
    time = base.arguments[1:]
    for index, text in enumerate(EXPRESSIONS):
        one = replace(base, arguments=(("query", text), *time))
        yield Case("3.3", text, one.post() if index % 2 else one.get(), Alone())
        smuggling = replace(one, arguments=(*one.arguments, ("extra_filters", '{__name__!=""}')))
        request = replace(one.post(), query=encoded((("extra_filters[]", '{__name__!=""}'),)))
        smuggled = smuggling.get() if index % 2 else replace(request, body=smuggling.form)
        yield Case("2" if index % 2 else "3", f"smuggled beside {text}", smuggled, Alone())
