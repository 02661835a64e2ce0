"""The law of columns: a body that is read in columns comes to the very same as one that is read record by record."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.attribution import Attribution, Holding
from ingest import columns
from ingest.admission import Admission
from ingest.allowance import Allowances, Limits
from ingest.draft import Bounds
from ingest.entry import Protocol
from ingest.owner import Owners
from ingest.recent import Recent
from tests.ingest.logs.agents import NOW, as_vector, odd, plain
from tests.ingest.logs.world import LABELS, SHOP, WEB, WORKER, of, record, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.draft import Draft

BOUNDS = Bounds(body_bytes=200)


class Source(Attribution):
    """A control store of one project with two services in two environments."""

    def __init__(self) -> None:
        pass

    def holding(self, project_id: str) -> Holding | None:
        tiers = {"production": "standard", "pr-7": "short"}
        return Holding("fra1", tiers, frozenset({WEB, WORKER})) if project_id == SHOP else None


def _admission(limits: Limits = Limits(), remembered: int = 10**6) -> Admission:  # noqa: B008 - a frozen value
    owners = Owners(Source(), "fra1", {"short": 1}, default_days=30, seconds=600)
    return Admission("fra1", owners, Allowances(limits, {}), Recent(remembered, NOW - 10**12), BOUNDS)


def _came_to(draft: Draft) -> dict[str, Any]:
    return {
        "outcomes": draft.outcomes,
        "records": draft.records.table().to_pylist() if len(draft.records) else [],
        "letters": draft.letters.table().to_pylist() if len(draft.letters) else [],
        "limited": [(one.owner.seed, *one[1:]) for one in draft.limited],
        "taken": sum((Counter({id(used): size}) for used, size, _ in draft.uses), Counter()).total(),
        "doubtful": draft.doubtful,
        "is_unreadable": draft.is_unreadable,
    }


def _both(bodies: Iterable[bytes], limits: Limits = Limits(), remembered: int = 10**6) -> int:  # noqa: B008 - the same
    """Take bodies both ways, one after the other; how many were read in columns."""
    one_by_one, in_columns = _admission(limits, remembered), _admission(limits, remembered)
    count = 0
    for body in bodies:
        read = columns.read(body)
        count += read is not None
        expected = one_by_one.draft("c1", Protocol.FLUENT_BIT, body, NOW)
        actual = in_columns.draft("c1", Protocol.FLUENT_BIT, body, NOW, read=read)

        assert _came_to(actual) == _came_to(expected)
    return count


def _array(records: list[Any]) -> bytes:
    return orjson.dumps(records)


def _lines(records: list[Any]) -> bytes:
    return b"\n".join(orjson.dumps(item) for item in records)


_FORMS = st.sampled_from([_array, _lines])
_LIMITS = st.sampled_from(
    [
        Limits(),
        Limits(records_per_second=0.3),
        Limits(bytes_per_second=6.0),
        Limits(records_per_second=1, window_seconds=1),
    ]
)


@pytest.mark.property
@given(st.lists(st.lists(plain(), min_size=1, max_size=12), min_size=1, max_size=3), _FORMS, _LIMITS)
def test_plain_records_come_to_the_same_in_columns(bodies: list[list[Any]], form: Any, limits: Limits) -> None:  # noqa: ANN401 - a function
    sent = [form(records) for records in bodies]
    # What was taken before is a duplicate, whichever way it comes.
    _both([*sent, *sent, form([item for records in bodies for item in records])], limits)


@pytest.mark.property
@given(st.lists(plain() | odd(), min_size=1, max_size=6), st.lists(odd(), max_size=3), _FORMS, _LIMITS)
def test_odd_records_come_to_the_same_in_columns(
    some: list[Any],
    more: list[Any],
    form: Any,  # noqa: ANN401 - a function
    limits: Limits,
) -> None:
    _both([form(some), form([*more, *some])], limits)


@pytest.mark.property
@given(st.lists(st.lists(plain(), min_size=1, max_size=6), min_size=2, max_size=6))
def test_what_is_given_up_to_remember_the_rest_is_the_same(bodies: list[list[Any]]) -> None:
    _both([_array(records) for records in bodies], remembered=10)


@pytest.mark.property
@given(st.lists(plain() | odd(), min_size=1, max_size=3), _FORMS, st.data())
@example([record("a"), record("b")], _array, None)
def test_a_body_with_changed_bytes_comes_to_the_same_in_columns(
    records: list[Any],
    form: Any,  # noqa: ANN401 - a function
    data: st.DataObject | None,
) -> None:
    body = form(records)
    if data is not None:
        place = data.draw(st.integers(0, len(body)))
        length = data.draw(st.integers(0, 3))
        put = data.draw(
            st.binary(max_size=3)
            | st.sampled_from(
                [b"\n", b"},{", b"}\n{", b"]", b"[", b'"', b"\\", b",", b"\r\n", b"\xed\xa0\x80", b"\\ud800", b" "]
            )
        )
        body = body[:place] + put + body[place + length :]
    _both([body])


def test_every_word_for_a_level_is_seen_in_columns() -> None:
    words = ["trace", "debug", "info", "notice", "warn", "warning", "err", "error", "crit", "severe", "fatal", "panic"]
    logs = [text.format(word) for word in (*words, *map(str.upper, words)) for text in ("{} x", "a{}a", "lvl={} x")]

    assert _both([_array([record(log, at=NOW) for log in logs])]) == 1


def test_the_first_of_several_times_counts_in_columns() -> None:
    sent = [record(f"{number}", at=NOW, timestamp=rfc3339(NOW - 10**9)) for number in range(3)]
    del sent[1]["time"]

    assert _both([_array(sent), _lines(sent)]) == 2


def test_the_sources_of_a_tenant_share_its_limit_in_columns() -> None:
    labels = [LABELS, {**LABELS, "starform.io/source": "build"}, of(SHOP, WORKER)]
    sent = [record(f"{number}", at=NOW, labels=labels[number % 3]) for number in range(40)]

    assert _both([_array(sent), _array(sent)], Limits(records_per_second=1.5)) == 2


@pytest.mark.parametrize("form", [_array, _lines])
@pytest.mark.parametrize("change", [lambda given: given, as_vector], ids=["fluent bit", "vector"])
def test_what_agents_send_is_read_in_columns(form: Any, change: Any) -> None:  # noqa: ANN401 - functions
    labels = [LABELS, of(SHOP, WEB, "pr-8"), {}]
    sent = [change(record(f"{number}\n", at=NOW, labels=labels[number % 3])) for number in range(60)]

    assert _both([form(sent), form(sent), form(sent) + b"\n" * (form is _lines)]) == 3
    # Fluent Bit without the container runtime's time.
    for one in sent:
        one.pop("time", None)
    assert columns.read(form(sent)) is not None


_OWN = b'{"labels":%b}' % orjson.dumps(LABELS)
_OTHER = b'{"labels":%b}' % orjson.dumps(of(SHOP, WORKER))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"log":"a",TIME,"x":{"y":1,"kubernetes":OTHER},"kubernetes":OWN}', id="in a field"),
        pytest.param(b'{"log":"a",TIME,"x":[{"y":1,"kubernetes":OTHER},{"log":"b"}],"kubernetes":OWN}', id="in a list"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":OWN,"x":{"y":1,"kubernetes":OTHER}}', id="behind its own"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":OTHER,"kubernetes":OWN}', id="twice"),
        pytest.param(b'{"log":"a",TIME,"x":{"y":1,"kubernetes":OTHER,"time":"b"}}', id="in a field, and a time behind"),
        pytest.param(b'{"log":"a","x":[{"kubernetes":OTHER,"log":"b"}],"kubernetes":OWN,TIME}', id="in a list before"),
        pytest.param(b'{"kubernetes":OWN,"log":"a",TIME,"x":{"y":1,"kubernetes":OTHER,"log":"b"}}', id="first"),
        pytest.param(b'{"log":"a",TIME,"x\\"kubernetes":OTHER,"message":"b"}', id="a key that ends as one begins"),
        pytest.param(b'{"log":"a,\\"kubernetes\\":{",TIME,"kubernetes":OWN}', id="a text that holds how one begins"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":OWN,"log":"b"}', id="a text before and behind"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":OWN,"log":null}', id="a text before and nothing behind"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":OWN,"message":"b"}', id="a message behind"),
        pytest.param(b'{"log":"a","kubernetes":OWN,"x":"{",TIME}', id="a time behind"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":OWN,"":1,",":2,"stream":"b"}', id="odd keys behind"),
        pytest.param(b'{,"kubernetes":OWN}', id="a comma after nothing"),
        pytest.param(b'{ ,"kubernetes":OWN}', id="a comma after a space"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":OWN', id="a record without its end"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":{}', id="the same with an empty one"),
        pytest.param(b'{"log":"a",TIME,"kubernetes":"OWN"}', id="one that is a text"),
        pytest.param(b'{"log":"a", "kubernetes": OWN, TIME}', id="with spaces"),
    ],
)
def test_no_record_is_of_a_place_that_only_looks_like_its_own(text: bytes) -> None:
    for name, value in ((b"TIME", b'"time":"%b"' % rfc3339(NOW).encode()), (b"OWN", _OWN), (b"OTHER", _OTHER)):
        text = text.replace(name, value)
    # Records that begin alike, of which the first tells where a place is looked for.
    usual = [record(f"{number}", at=NOW) for number in range(3)]
    for others in (
        [{"log": one["log"], **one} for one in usual],
        [as_vector(one) for one in usual],
        [{"log": one["log"], "kubernetes": one["kubernetes"], "time": one["time"]} for one in usual],
    ):
        lines = [orjson.dumps(one) for one in others]
        for sent in ([text], [*lines, text], [text, *lines], [*lines, text, text]):
            _both([b"[" + b",".join(sent) + b"]", b"\n".join(sent)])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'[{"log":"a"}],"x":[{"log":"b"}]', id="more than one array"),
        pytest.param(b'[{"log":"a"},{"log":"b"}]]', id="more than an array"),
        pytest.param(b'[{"log":"a"} {"log":"b"}]', id="no comma"),
        pytest.param(b'[{"log":"a"}{"log":"b"},{"log":"c"}]', id="a comma too few"),
        pytest.param(b'[{"log":"a"},,{"log":"b"}]', id="a comma too many"),
        pytest.param(b'[{"log":"a","x":[{"log":"b"},{"log":"c"}]}]', id="records within a record"),
        pytest.param(b'{"log":"a"}{"log":"b"}', id="two on a line"),
        pytest.param(b'{"log":"a"}{"log":"b"}\n{"log":"c","x":\n1}', id="as many lines as records"),
        pytest.param(b'{"log":"a"}\n\n{"log":"b"}', id="an empty line"),
        pytest.param(b'{"log":"a"},\n{"log":"b"}', id="commas between lines"),
        pytest.param(b'[{"log":"a","log":"b"}]', id="a field twice"),
        pytest.param(b'[{"log":"a"},{"l\\u006fg":"a","log":"b"}]', id="a field twice in two spellings"),
        pytest.param(b'\xef\xbb\xbf[{"log":"a"}]', id="a byte order mark"),
        pytest.param(b"[]", id="no record"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_not_plainly_one_record_after_the_other_is_not_read_in_columns(body: bytes) -> None:
    assert columns.read(body) is None
    _both([body])
