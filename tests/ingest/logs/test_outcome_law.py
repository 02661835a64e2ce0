"""The law of outcomes: whatever arrives, each record has exactly one of four ends, and is found where it says."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.attribution import Attribution, Holding
from ingest import fluent
from ingest.admission import Admission
from ingest.allowance import Allowances, Limits
from ingest.draft import Bounds, Outcome
from ingest.entry import Entry, Protocol
from ingest.owner import Owners
from ingest.recent import Recent
from ingest.segment import Kind, block, parse
from tests.ingest.logs.test_formats import otlp
from tests.ingest.logs.world import LABELS, SHOP, WEB, of, record

if TYPE_CHECKING:
    from ingest.draft import Draft

pytestmark = pytest.mark.property

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_LABELS = st.sampled_from([LABELS, {}, None, of(SHOP, WEB, "pr-8"), {**LABELS, "starform.io/project-id": "x"}])
_NOW = time.time_ns()
_RECORDS = st.one_of(
    st.builds(
        record,
        st.text() | _ANY,
        at=st.integers(_NOW - 10**15, _NOW) | st.integers(_NOW - 10**18, _NOW + 10**14),
        labels=st.just(LABELS) | _LABELS | _ANY,
        stream=st.sampled_from(["stdout", "stderr", ""]) | _ANY,
    ),
    st.dictionaries(st.sampled_from(["log", "message", "time", "date", "kubernetes", "stream"]), _ANY),
    _ANY,
)
# What is always taken, so that no law holds for want of records.
_GOOD = st.builds(record, st.text(), at=st.integers(_NOW - 10**15, _NOW))


class _Source(Attribution):
    def __init__(self) -> None:
        pass

    def holding(self, project_id: str) -> Holding | None:
        return Holding("fra1", {"production": "standard"}, frozenset({WEB})) if project_id == SHOP else None


def _admission(limits: Limits) -> Admission:
    owners = Owners(_Source(), "fra1", {}, default_days=30, seconds=60)
    return Admission("fra1", owners, Allowances(limits, {}), Recent(10**6, _NOW), Bounds())


def _found(drafts: list[Draft]) -> Counter[Outcome]:
    """What is in fact on its way to the store; both go through the spool's own format."""
    found: Counter[Outcome] = Counter()
    for draft in drafts:
        for kind, columns, outcome in (
            (Kind.RECORDS, draft.records, Outcome.ACCEPTED),
            (Kind.LETTERS, draft.letters, Outcome.REJECTED),
        ):
            if len(columns):
                table = parse(block(kind, columns.table())).table(kind)
                assert table is not None
                found[outcome] += table.num_rows
        found[Outcome.LIMITED] += len(draft.limited)
    return found


@given(st.lists(st.lists(_RECORDS | _GOOD, max_size=6), max_size=5), st.sampled_from([0.2, 1e9]), st.booleans())
def test_each_record_has_one_outcome_and_is_where_it_says(
    bodies: list[list[Any]],
    rate: float,
    as_lines: bool,
) -> None:
    admission = _admission(Limits(records_per_second=rate, window_seconds=10))
    drafts = []
    sent = 0
    for body in bodies:
        # A line that is an array is the other form.
        dumped = [orjson.dumps(item) for item in body if _is_json(item) and not (as_lines and type(item) is list)]
        text = b"\n".join(dumped) if as_lines else b"[" + b",".join(dumped) + b"]"
        sent += len(dumped)
        drafts.append(admission.draft("c1", Protocol.FLUENT_BIT, text, _NOW))

    outcomes: Counter[Outcome] = sum((draft.outcomes for draft in drafts), Counter())
    assert outcomes.total() == sent
    assert outcomes - Counter({Outcome.DUPLICATE: outcomes[Outcome.DUPLICATE]}) == +_found(drafts)


def _is_json(item: object) -> bool:
    try:
        orjson.dumps(item)
    except TypeError:
        return False
    return True


@given(st.lists(_GOOD | _RECORDS.filter(_is_json), max_size=8))
def test_what_is_delivered_again_is_a_duplicate_and_nothing_else(body: list[Any]) -> None:
    admission = _admission(Limits())
    text = orjson.dumps(body)
    first = admission.draft("c1", Protocol.FLUENT_BIT, text, _NOW)
    second = admission.draft("c1", Protocol.FLUENT_BIT, text, _NOW)

    assert second.outcomes == Counter({Outcome.DUPLICATE: len(body)}) - Counter({Outcome.DUPLICATE: 0})
    # What could not be kept is as if it had never come.
    admission.withdraw(first)
    assert admission.draft("c1", Protocol.FLUENT_BIT, text, _NOW).outcomes == first.outcomes


@given(st.binary(max_size=300))
def test_any_bytes_are_decided_about_in_every_format(body: bytes) -> None:
    admission = _admission(Limits())
    for protocol in Protocol:
        draft = admission.draft("c1", protocol, body, _NOW)
        assert draft.outcomes - Counter({Outcome.DUPLICATE: draft.outcomes[Outcome.DUPLICATE]}) == +_found([draft])


@given(st.data())
def test_a_changed_byte_of_an_otlp_request_is_decided_about(data: st.DataObject) -> None:
    body = bytearray(otlp(["one", "two"]).SerializeToString())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    draft = _admission(Limits()).draft("c1", Protocol.OTLP, bytes(body), _NOW)

    assert draft.outcomes.total() == sum(_found([draft]).values()) + draft.outcomes[Outcome.DUPLICATE]


@given(st.text(), st.integers(0, 2**62), _LABELS)
def test_a_record_s_payload_alone_is_that_record_again(body: str, at: int, labels: object) -> None:
    (first,) = fluent.read(orjson.dumps([record(body, at=at, labels=labels)]))
    assert isinstance(first, Entry)
    (again,) = fluent.read(first.payload())

    assert isinstance(again, Entry)
    assert again[:5] == first[:5]
