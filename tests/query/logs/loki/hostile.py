"""Hostile requests of A's to Loki's API: LogQL in every place, other languages in LogQL, other places than A's."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from query.logs.loki.token import LONGEST
from tests.query.logs.hostile import MARK, SQL
from tests.query.platform import PROJECT_B, SECRET, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT: Final = "loki/api/v1/"
_QUERIES: Final = (
    "query_range", "query", "labels", "label/pod/values", "series", "index/stats", "index/volume", "index/volume_range",
    "detected_labels", "detected_fields", "patterns",
)  # fmt: skip
# {} is a hostile text as LogQL quotes it; the last ones count.
_FORMS: Final = (
    "{{pod={}}}", "{{pod!={}}}", "{{container={}, environment={}}}", "{{pod=~{}}}", "{{level={}}}", "{{project_id={}}}",
    "{{service_id!={}}}", '{{pod="a"}} |= {}', "{{}} != {} or {}", "{{}} |~ {}", "{{}} | status = {}",
    "{{}} | json | a_b_c != {} or n > 1", "{{}} | trace_id = {}", "sum by (pod) (count_over_time({{}} |= {} [5s]))",
    "topk(3, sum by (status, level) (rate({{pod!={}}}[5s])))",
)  # fmt: skip
_HONEST: Final = (
    f'{{project_id="{PROJECT_B}"}}', f'{{project_id=~"{PROJECT_B}|.*"}}', f'{{project_id=~".+"}} |= "{SECRET}"',
    f'{{project_id!="{PROJECT_B}"}}', f'{{service_id="{SERVICE_B1}"}}', f'{{pod=~".*{SECRET}.*"}}', '{pod=~".+"}',
    f'{{}} |= "{SECRET}"', f'{{}} |~ "(?i){SECRET.lower()}"', f'{{}} | status{SECRET} != ""', f'{{}} != "{MARK}"',
    f"sum by (status{SECRET}) (count_over_time({{}}[60s]))", "sum by (project_id, pod) (count_over_time({}[60s]))",
    "count_over_time({}[60s])", "sum(bytes_over_time({}[366d]))",
)  # fmt: skip
# Pieces of the language, each as often as fits: {} is many digits.
_NUMBERS: Final = (
    "{}", "vector({})", "vector(-{})", "vector({}) % 2", "1.{}", "rate({{}}[{}s])", "rate({{}}[1.{}s])",
    "rate({{}}[1s{}m])", "topk({}, rate({{}}[1s]))", "{{}} | n > {}", "{{}} | n == {}.5", "rate({{}}[1s]) * {}e99",
    "sum(rate({{}}[1s]) / {}) % {}",
)  # fmt: skip
_REPEATED: Final = (
    ("1", "+1", ""), ("1", "%1", ""), ("rate({}[1s])", "*2", ""), ("rate({}[1s])", "/(1+1)", ""), ("", "(", ""),
    ("", "(1+", "1"), ("1", "*1e99", "% 2"), ("1", "*1e99", "-vector(1e99)*1e99*1e99*1e99*1e99"), ("", "sum(", ""),
    ("{", 'pod="a",', "}"), ("{}", ' |= "a"', ""), ("{}", "|json", ""), ('{} |= "a"', ' or "b"', ""),
    ("{} | a=1", " or a=1", ""), ("{} | ", "(", "a=1"), ("{} | a=1", " and a_b_c_d != 1", ""), ("rate({}[", "1s", "])"),
    ("{}", "#", "\n"), ("{} |~ `", "(a", "`"), ("{} |~ `a", "{9}", "`"), ('{pod="', "\\x41", '"}'),
    ("sum by (", "a,", ")"),
    ("{} | ", "a_", '="x"'), ('{} |= "', "a-", '"'), ("", "vector", ""), ("-", "-", "1"), ("", " ", "1"),
)  # fmt: skip
_SCALARS: Final = ("start", "end", "since", "step", "limit", "direction", "time", "targetLabels")
_FOREIGN: Final = ("project_id", "SQL_project", "param_project", "X-Scope-OrgID", "q", "database", "settings", "cursor")


def cases() -> Iterator[tuple[str, str]]:
    """Targets below A's project, as they go on the wire, with what each is about."""
    for form, text in product(_FORMS, SQL):
        written = json.dumps(text, ensure_ascii=False)
        yield "query", f"{_ROOT}query_range?query={quote(form.format(written, written))}&step=5"
    for page, text in product(_QUERIES, SQL[::3]):
        name = "match[]" if page == "series" else "query"
        yield f"{page} raw", f"{_ROOT}{page}?{name}={quote(text)}"
        yield f"{page} quoted", f"{_ROOT}{page}?{name}={quote('{pod=' + json.dumps(text, ensure_ascii=False) + '}')}"
    for page, text in product(_QUERIES, _HONEST):
        name = "match[]" if page == "series" else "query"
        yield f"{page} asks for the rival's", f"{_ROOT}{page}?{name}={quote(text)}&step=60"
    for name, text in product(_SCALARS, SQL):
        page = "query" if name == "time" else "index/volume_range" if name == "targetLabels" else "query_range"
        yield f"{page} {name}", f"{_ROOT}{page}?query=rate(%7B%7D[5s])&{name}={quote(text)}"
    for page, name in product(_QUERIES, _FOREIGN):
        yield f"{page} unknown argument", f"{_ROOT}{page}?query=%7B%7D&{name}={PROJECT_B}"
    yield from _forms()
    yield from _places()


def stretched() -> Iterator[str]:
    """Queries of one thing again and again, up to and beyond what is read at all."""
    for form in _NUMBERS:
        for digits in (18, 41, 308, 309, 400, 5_000):
            yield form.format("9" * digits, "9" * digits)
    for head, piece, tail in _REPEATED:
        room = LONGEST - len(head) - len(tail)
        for amount in (5, 40, 64, 65, 200, 1_000, room // len(piece), LONGEST):
            yield head + piece * min(amount, room) + tail


def _forms() -> Iterator[tuple[str, str]]:
    """Arguments that two parsers could read in two ways, and numbers at their ends."""
    for page in _QUERIES:
        yield f"{page} given twice", f"{_ROOT}{page}?query=%7B%7D&query=%7Bpod=%22{SECRET}%22%7D&start=1&start=2"
        yield f"{page} NUL", f"{_ROOT}{page}?query=%7B%7D%00{SECRET}&match[]=%00"
        yield f"{page} overlong", f"{_ROOT}{page}?query=%c0%af{MARK}"
        yield f"{page} huge range", f"{_ROOT}{page}?query=%7B%7D&start=0&end=9223372036854775807"
        yield f"{page} overflow", f"{_ROOT}{page}?query=%7B%7D&end=9223372036854775808"
    yield "last moment", f"{_ROOT}query?query=count_over_time(%7B%7D[1s])&time=9223372036854775807"
    yield (
        "last range",
        (f"{_ROOT}query_range?query=count_over_time(%7B%7D[1s])&start=9223372036854775807&end=9223372036854775807"),
    )
    yield "first moment", f"{_ROOT}query?query=count_over_time(%7B%7D[366d])&time=0"
    yield "no step", f"{_ROOT}query_range?query=rate(%7B%7D[1s])&step=0"
    yield "tiny step", f"{_ROOT}query_range?query=rate(%7B%7D[1ns])&step=0.001"
    for text in stretched():
        yield "stretched", f"{_ROOT}query?query={quote(text)}"
    for name in ("step", "since", "time", "limit", "start"):
        for text in ("9" * 400, "9" * 5_000, "9" * 400 + "s", "9" * 5_000 + "s", "1." + "9" * 5_000, "1e" + "9" * 400):
            yield f"stretched {name}", f"{_ROOT}query_range?query=rate(%7B%7D[1s])&{name}={text}"
    spelled = quote("{} | " + "a_" * 40 + '= "x"')
    yield "many spellings", f"{_ROOT}query_range?query={spelled}"


def _places() -> Iterator[tuple[str, str]]:
    """Labels and paths that name something else."""
    for name in (SECRET, "project_id", "l.project_id", "body", f"{MARK}'", "*", "..", "%2e%2e", quote(SQL[0])):
        yield "label", f"{_ROOT}label/{name}/values"
    for path in (
        "loki/api/v1/rules", "loki/api/v1/delete", "loki/api/v1/push", "loki/api/prom/query", "loki/ready", "loki/",
        "loki/api/v1/", "loki/api/v1//query", "loki/api/v1/query/", "loki/api/v1/Query", "loki/config",
        f"../{PROJECT_B}/loki/api/v1/query_range", f"environments/production/services/{SERVICE_B1}/loki/api/v1/labels",
        f"environments/{quote(SQL[0])}/loki/api/v1/labels", "loki/api/v1/tail?query=%7B%7D",
    ):  # fmt: skip
        yield "path", path
