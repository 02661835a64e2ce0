"""What the platform's pages send to a store: counts by fixed questions, in which a caller's text is quoted values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import pytest

from tests.query.hostile.counting import PAGES, STAFF
from tests.query.hostile.request import Request
from tests.query.platform import PROJECT_A, PROJECT_B

if TYPE_CHECKING:
    from tests.query.hostile.target import Target

pytestmark = pytest.mark.stack

# A string holds no bare quote; outside of strings there are only these words.
_STRING: Final = r'"(?:[^"\\\n]|\\[\\"n])*"'
_LABEL: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_SELECTOR: Final = rf"\{{(?:{_LABEL}(?:=|!=|=~|!~){_STRING},?)+\}}"
_COUNT: Final = rf"count by \((?:{_LABEL},?)+\) "
_SEEN: Final = rf"{_COUNT}\(last_over_time\({_SELECTOR}\[[0-9]+h\](?: offset 1h)?\)\)"
_QUESTION: Final = re.compile(
    rf"sum\(scrape_samples_post_metric_relabeling\)|{_COUNT}\({_SELECTOR}(?: offset [0-9]+h)?\)"
    rf"|limitk\([0-9]+, {_SEEN} unless on \((?:{_LABEL},?)+\) {_SEEN}\)",
    re.ASCII,
)
_FORMS: Final = {
    "/api/v1/status/tsdb": {"topN", "focusLabel", "date", "match[]"},
    "/api/v1/query": {"query", "timeout"},
    "/api/v1/query_range": {"query", "timeout", "start", "end", "step", "nocache"},
}
_ARGUMENTS: Final = (
    b"",
    b"region=near&limit=100",
    b"project=" + PROJECT_A.encode(),
    b"metric=envoy_cluster_upstream_rq_xx",
    b"metric=%61mark_gauge&project=" + PROJECT_B.encode(),
)


@pytest.mark.parametrize("page", PAGES, ids=bytes.decode)
def test_a_store_is_asked_fixed_questions_alone(target: Target, page: bytes) -> None:
    seen = len(target.recorder.requests)
    more = (b"label=mark", b"label=__name__") if not page.endswith(b"growth") else (b"hours=24",)
    for arguments in (*_ARGUMENTS, *more):
        (answer,) = target.send(Request(page, arguments, credential=STAFF, scope=None))
        assert answer.status == 200, answer.body

    sent = target.recorder.requests[seen:]
    assert len(sent) > len(_ARGUMENTS)
    for one in sent:
        form = dict(parse_qsl(one.body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
        assert one.method == "POST"
        assert form.keys() <= _FORMS[one.target]
        assert one.body.count(b"&") == len(form) - 1
        if "query" in form:
            assert _QUESTION.fullmatch(form["query"]), form["query"]
        if "match[]" in form:
            assert re.fullmatch(_SELECTOR, form["match[]"]), form["match[]"]
