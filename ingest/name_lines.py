"""A stream of cluster names, one a line, and the object that answers each line."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import orjson

from ingest.cluster_name import ClusterNameRefused, parse
from ingest.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

Answer = dict[str, object]

_CHUNK: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 20
_SHOWN_OF_LONGER: Final = 1 << 10
_JSON_WHITE_SPACE: Final = b" \t\r"


class Source(Protocol):
    """Bytes as they arrive: waits for some, then returns what is there; empty at the end."""

    def read1(self, size: int, /) -> bytes:
        """At most `size` bytes."""


def answers(source: Source, *, as_json: bool) -> Iterator[list[Answer]]:
    """Answer all lines of `source` in order, in batches: whatever has arrived is answered before more is waited for.

    An answer holds `name` and either all fields of the cluster name, ids hyphenated, `backend` None when the name has
    none; or a `reason`. With `as_json` a line is a JSON string, and one that is not gets its `line` number as well.
    Only a line feed ends a line; a carriage return, a form feed or a Unicode line separator belongs to the name.
    """
    first = 1
    for lines in _chunks(source):
        if as_json:
            yield [_answer_json(line, number) for number, line in enumerate(lines, first)]
        else:
            yield [_answer_text(line) for line in lines]
        first += len(lines)


def encoded(answer: Answer) -> bytes:
    """One line of JSON; a name keeps unpaired surrogates as the escapes they came in as."""
    try:
        return orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def _chunks(source: Source) -> Iterator[list[bytes]]:
    """The complete lines of each read; of a line beyond `_LONGEST_LINE` only so much that it is seen to be longer."""
    rest = b""
    while chunk := source.read1(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[: _LONGEST_LINE + 1]
        yield lines
    if rest:
        yield [rest]


def _answer_text(line: bytes) -> Answer:
    if len(line) > _LONGEST_LINE:
        return _refused(line, Reason.LINE_TOO_LONG)
    try:
        return _answer_name(line.decode())
    except UnicodeDecodeError:
        return _refused(line, Reason.NOT_UTF8)


def _answer_json(line: bytes, number: int) -> Answer:
    if len(line) > _LONGEST_LINE:
        return _refused(line, Reason.LINE_TOO_LONG)
    name = _json_string(line.strip(_JSON_WHITE_SPACE))
    if name is None:
        return {**_refused(line, Reason.NOT_A_JSON_STRING), "line": number}
    return _answer_name(name)


def _answer_name(name: str) -> Answer:
    try:
        cluster = parse(name)
    except ClusterNameRefused as refused:
        return {"name": name, "reason": refused.reason}
    return {
        "name": name,
        "project_id": cluster.project_id,
        "service_id": cluster.service_id,
        "environment": cluster.environment,
        "namespace": cluster.namespace,
        "route_kind": cluster.route_kind,
        "rule": cluster.rule,
        "backend": cluster.backend,
    }


def _refused(line: bytes, reason: Reason) -> Answer:
    """A line that is no name at all; shown as far as it can be."""
    shown = line if len(line) <= _LONGEST_LINE else line[:_SHOWN_OF_LONGER]
    return {"name": shown.decode(errors="replace"), "reason": reason}


def _json_string(line: bytes) -> str | None:
    """The string that `line` is; the second reader takes unpaired surrogates, which the quick one does not."""
    if not line.startswith(b'"'):
        return None
    try:
        return str(orjson.loads(line))
    except ValueError:
        with suppress(ValueError):
            # Decoded here: given bytes, it would take encoded surrogates for UTF-8.
            return str(json.loads(line.decode()))
        return None
