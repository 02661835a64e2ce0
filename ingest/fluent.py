"""Records as Fluent Bit's `http` output and Vector's `http` sink send them: a JSON array, or one object a line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ingest import timestamp
from ingest.entry import Entry, LetterReason, Unreadable
from ingest.json_value import loaded, written
from ingest.structure import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The container runtime's own time, which has nanoseconds, before what the agent made of it.
_TIMES: Final = ("time", "timestamp", "@timestamp", "date")
_NOT_JSON: Final = "not JSON; send an array of objects, or one object a line"
_NOT_AN_OBJECT: Final = "not a JSON object; send one object a record"


class Place(NamedTuple):
    """Where a record was written: its pod's labels (`None`: not known) and the names of its pod and container."""

    labels: Mapping[str, object] | None
    pod: str
    container: str


NOWHERE: Final = Place(None, "", "")


def read(body: bytes) -> Iterator[Entry | Unreadable]:
    """The records of a body, whichever of the two forms it has."""
    start = body.lstrip()[:1]
    if start == b"[":
        array = loaded(body)
        if isinstance(array, list):
            for item in array:
                yield entry(item, body, is_alone=False)
        else:
            yield Unreadable(LetterReason.UNPARSABLE, _NOT_JSON, body)
        return
    lines = body.split(b"\n")
    # One record over several lines is legal JSON, too.
    if len(lines) > 1 and start == b"{" and loaded(lines[0]) is None and type(whole := loaded(body)) is dict:
        yield entry(whole, body)
        return
    for line in lines:
        if line and not line.isspace():
            yield entry(loaded(line), line)


def entry(record: Any, source: bytes, *, is_alone: bool = True) -> Entry | Unreadable:  # noqa: ANN401 - whatever JSON holds
    """A JSON value as an entry; `source` is what it came in, `is_alone` whether that is nothing else."""
    if type(record) is not dict:
        said = _NOT_JSON if record is None else _NOT_AN_OBJECT
        return Unreadable(LetterReason.UNPARSABLE, said, source if is_alone else written(record))
    body = record.get("log")
    if body is None:
        body = record.get("message")
    if type(body) is not str:
        if body is None:
            return Unreadable(LetterReason.NO_BODY, "it has neither `log` nor `message`", written(record))
        body = text_of(body)
        if not body:
            return Unreadable(LetterReason.UNPARSABLE, "its body is nested too deeply", written(record))
    labels, pod, container = place(record.get("kubernetes"))
    moment = None
    for name in _TIMES:
        if name in record:
            moment = timestamp.nanoseconds(record[name])
            if moment is not None:
                break
    return Entry(
        labels,
        moment,
        body.removesuffix("\n"),
        pod,
        container,
        partial(written, record),
        _text(record.get("stream")),
    )


def place(kubernetes: object) -> Place:
    """The place that a field `kubernetes` says."""
    if type(kubernetes) is not dict:
        return NOWHERE
    labels = kubernetes.get("labels") or kubernetes.get("pod_labels")
    return Place(
        labels if type(labels) is dict else None,
        _text(kubernetes.get("pod_name")),
        _text(kubernetes.get("container_name")),
    )


def _text(value: object) -> str:
    return value if type(value) is str else ""
