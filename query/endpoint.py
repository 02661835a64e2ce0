"""The table of everything that the Prometheus surface answers. What is not in it is 404, whatever the store offers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from query import arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from query.form import Form
    from query.read import Bounds, Read
    from query.settings import Limits

_JSON: Final = b"application/json"
_TEXT: Final = b"text/plain; version=0.0.4; charset=utf-8"
_GET: Final = ("GET",)
_GET_POST: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: its methods, and either how its arguments are read for the store or that it is answered here."""

    name: str
    summary: str
    methods: tuple[str, ...]
    read: Callable[[Form, Limits, Bounds], Read] | None = None
    empty: bytes = b""  # the `data` of an answer without any data, for ranges outside the retention
    content_type: bytes = _JSON

    @property
    def is_json(self) -> bool:
        """Whether the answer is in the envelope."""
        return self.content_type is _JSON


_NO_MATRIX: Final = b'{"resultType":"matrix","result":[]}'

ENDPOINTS: Final = {
    "/api/v1/query": Endpoint("query", "Instant query", _GET_POST, arguments.query),
    "/api/v1/query_range": Endpoint("query_range", "Range query", _GET_POST, arguments.query_range, _NO_MATRIX),
    "/api/v1/series": Endpoint("series", "Series by selector", _GET_POST, arguments.series, b"[]"),
    "/api/v1/labels": Endpoint("labels", "Label names", _GET_POST, arguments.labels, b"[]"),
    "/api/v1/status/tsdb": Endpoint("status_tsdb", "Cardinality of the scope", _GET, arguments.tsdb_status),
    "/federate": Endpoint("federate", "Last samples in text exposition", _GET, arguments.federate, content_type=_TEXT),
    "/api/v1/status/buildinfo": Endpoint("buildinfo", "Version that clients probe", _GET),
    "/api/v1/metadata": Endpoint("metadata", "Type, help and unit of the contract's metrics", _GET),
    "/api/v1/query_exemplars": Endpoint("query_exemplars", "Exemplars: none are kept", _GET_POST),
    "/api/v1/rules": Endpoint("rules", "Rules with alerts of the scope", _GET),
    "/api/v1/alerts": Endpoint("alerts", "Alerts of the scope", _GET),
}
LABEL_VALUES: Final = Endpoint("label_values", "Values of one label", _GET, arguments.labels, b"[]")

_LABEL_VALUES_PATH: Final = re.compile(r"/api/v1/label/[A-Za-z_][A-Za-z0-9_]{0,127}/values", re.ASCII)


def find(path: str) -> Endpoint | None:
    """The endpoint at a path, compared as it came over the wire: nothing is decoded, cleaned or folded."""
    return ENDPOINTS.get(path) or (LABEL_VALUES if _LABEL_VALUES_PATH.fullmatch(path) else None)
