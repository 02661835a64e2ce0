"""Family 3.5: every path that the store itself would answer, and every spelling of the few that the door does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.query.hostile.case import Case, Refused, Same
from tests.query.hostile.request import FORM, Request
from tests.query.platform import PROJECT_B, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

# What VictoriaMetrics 1.79 serves, or says that it does not, besides the paths that the door serves itself. Arguments
# are harmless where the path writes: a door that lets them through is seen, and nothing is harmed.
_STORE: Final = (
    b"/api/v1/series/count",
    b"/api/v1/status/active_queries",
    b"/api/v1/status/top_queries",
    b"/api/v1/status/metric_names_stats",
    b"/api/v1/status/config",
    b"/api/v1/status/flags",
    b"/api/v1/status/runtimeinfo",
    b"/api/v1/export?match[]=up",
    b"/api/v1/export/csv?match[]=up&format=__name__,project_id",
    b"/api/v1/export/native?match[]=up",
    b"/api/v1/targets",
    b"/api/v1/targets/metadata",
    b"/api/v1/alertmanagers",
    b"/api/v1/format_query?query=up",
    b"/api/v1/parse_query?query=up",
    b"/api/v1/read",
    b"/api/v1/write",
    b"/api/v1/import",
    b"/api/v1/import/prometheus?extra_label=project_id=" + PROJECT_B.encode(),
    b"/api/v1/import/csv",
    b"/api/v1/import/native",
    b"/api/v1/admin/tsdb/delete_series?match[]=" + SECRET.encode() + b"_nothing",
    b"/api/v1/admin/tsdb/snapshot",
    b"/api/v1/admin/status/metric_names_stats/reset",
    b"/api/v1/notifier-url",
    b"/api/v1/label/project_id",
    b"/api/v1/labels/values",
    b"/api/v1/query_exemplars/",
    b"/api/v1",
    b"/api",
    b"/api/v2/write",
    b"/api/put",
    b"/metrics/find?query=*",
    b"/metrics/find?query=*&label=project_id",
    b"/metrics/expand?query=*",
    b"/metrics/index.json",
    b"/graphite/metrics/find?query=*",
    b"/tags",
    b"/tags/project_id",
    b"/tags/findSeries?expr=name=up",
    b"/tags/autoComplete/tags",
    b"/tags/autoComplete/values?tag=project_id",
    b"/tags/delSeries",
    b"/tags/tagSeries",
    b"/render?target=up",
    b"/functions",
    b"/rules",
    b"/alerts",
    b"/vmalert/",
    b"/vmalert/api/v1/rules",
    b"/targets",
    b"/target_response",
    b"/service-discovery",
    b"/config",
    b"/-/reload",
    b"/-/healthy",
    b"/-/ready",
    b"/health",
    b"/ready",
    b"/metrics",
    b"/flags",
    b"/debug/pprof/",
    b"/debug/pprof/cmdline",
    b"/debug/pprof/heap",
    b"/snapshot/list",
    b"/snapshot/create",
    b"/snapshot/delete?snapshot=nothing",
    b"/internal/force_merge",
    b"/internal/force_flush",
    b"/internal/resetRollupResultCache",
    b"/query?q=show%20databases",
    b"/write",
    b"/influx/query?q=show%20databases",
    b"/influx/write",
    b"/datadog/api/v1/series",
    b"/newrelic/infra/v2/metrics/events/bulk",
    b"/opentelemetry/api/v1/push",
    b"/vmui/",
    b"/graph",
    b"/favicon.ico",
    b"/",
    b"/select/0/prometheus/api/v1/query?query=up",
    b"/select/multitenant/prometheus/api/v1/query?query=up",
    b"/insert/0/prometheus",
    b"/admin/tenants",
)
# What Prometheus 3 would answer, should a store ever be one.
_PROMETHEUS: Final = (
    b"/api/v1/scrape_pools",
    b"/api/v1/targets/relabel_steps",
    b"/api/v1/status/tsdb/blocks",
    b"/api/v1/status/walreplay",
    b"/api/v1/features",
    b"/api/v1/notifications",
    b"/api/v1/notifications/live",
    b"/api/v1/otlp/v1/metrics",
    b"/api/v1/admin/tsdb/clean_tombstones",
    b"/consoles/index.html",
    b"/version",
    b"/-/quit",
)
# What shows other tenants when it is reached, on whichever way.
_TELLING: Final = frozenset(
    (
        *(b"/api/v1/series/count", b"/api/v1/status/active_queries", b"/api/v1/status/top_queries", b"/api/v1/export"),
        *(b"/api/v1/admin/tsdb/delete_series", b"/metrics/find", b"/metrics/expand", b"/metrics/index.json"),
        *(b"/tags", b"/tags/project_id", b"/tags/autoComplete/values", b"/metrics", b"/flags", b"/rules", b"/"),
    )
)
# Where a decoded, cleaned or folded path would lead to one that the store answers.
_SPELLINGS: Final = (
    ("31", b"//%b"),
    ("31", b"/prometheus/%b"),
    ("31", b"/prometheus//%b"),
    ("33", b"/graphite/%b"),
    ("30", b"/api/v1/query/../../../%b"),
    ("30", b"/api/v1/label/../../../%b"),
    ("30", b"/api/v1/label/%%2e%%2e/%%2e%%2e/%%2e%%2e/%b"),
    ("30", b"/api/v1/label/x%%2f..%%2f..%%2f..%%2f..%%2f%b/values"),
    ("30", b"/..%%2f..%%2f..%%2f..%%2f%b"),
    ("30", b"/\\%b"),
)
_ALLOWED: Final = (
    b"/api/v1/query",
    b"/api/v1/query_range",
    b"/api/v1/series",
    b"/api/v1/labels",
    b"/api/v1/label/mark/values",
    b"/api/v1/status/tsdb",
    b"/federate",
    b"/api/v1/rules",
    b"/api/v1/metadata",
)
_LABELS: Final = (
    b"mark%3Fextra_filters[]=%7B__name__!=%22%22%7D",
    b"mark%23",
    b"mark%26",
    b"mark%00",
    b"mark%0D%0A",
    b"mark%2F",
    b"mark/values/api",
    b"mark.project_id",
    b"mark%20",
    b"ma%72k",
    b"mark;",
    b"mark:project_id",
    b"__name__%22",
    b"9mark",
    b"",
    b"..",
    b"*",
    b"{project_id}",
    b"m\xc3\xa4rk",
    b"\xef\xbd\x8dark",
    b"x" * 129,
)


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """The default-deny sweep."""
    count = next(base for base in bases if base.name == "count")
    for target in (*_STORE, *_PROMETHEUS):
        path, _, query = target.partition(b"?")
        yield Case("deny", path.decode(), Request(path, query), Refused())
        for technique, spelling in _SPELLINGS if path in _TELLING else _SPELLINGS[:1]:
            where = spelling % path[1:]
            yield Case(technique, where.decode(), Request(where, query), Refused())
        encoded = b"/" + path[1:].replace(b"/", b"%2f")
        if encoded != path:
            yield Case("32", encoded.decode(), Request(encoded, query), Refused())
        form = Request(path, b"", query or b"x=1", b"POST", (FORM,))
        yield Case("deny", f"form to {path.decode()}", form, Refused())
    for path in _ALLOWED:
        for spelled in _misspelt(path):
            yield Case("34", spelled.decode("latin-1"), Request(spelled, count.form), Refused())
    for path in (*_ALLOWED, b"/", b"/tags/project_id", b"/api/v1/series/count", b"/prometheus/api/v1/query"):
        yield Case("root", path.decode(), Request(path, count.form, scope=None), Refused())
    for label in _LABELS:
        path = b"/api/v1/label/" + label + b"/values"
        yield Case("35", path.decode("latin-1"), Request(path, b"start=1"), Refused())
    unknown = Request(b"/api/v1/label/U__project_5f_id/values", b"x=1")
    yield Case("36", "an escaped label name is a name like any other", unknown, Same("values of nothing"))


def _misspelt(path: bytes) -> Iterator[bytes]:
    """The path as a lenient router would also take it."""
    folder, _, last = path.rpartition(b"/")
    yield path + b"/"
    yield path + b"//"
    yield path + b"/."
    yield path + b"%20"
    yield path + b"%00"
    yield path + b"%0a"
    yield path + b";x=1"
    yield path + b".json"
    yield path + b"%3Fextra_filters=x"
    yield path.upper()
    yield path.title()
    yield b"/" + path
    yield folder + b"//" + last
    yield folder + b"/./" + last
    yield folder + b"/x/../" + last
    yield folder + b"%2f" + last
    yield folder + b"%2F" + last
    yield folder + b"\\" + last
    yield folder + b"/%%%02x%b" % (last[0], last[1:])
    yield b"/prometheus" + path
    yield b"/graphite" + path
    yield b"/v1/projects/" + PROJECT_B.encode() + b"/prometheus" + path
