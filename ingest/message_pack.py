"""Fluent Bit's MessagePack (`format msgpack` of its `http` output) as the JSON lines that it could have sent instead.

A body is one event after the other: an array of a time and a record, where the time may stand in an array of its own
with what Fluent Bit keeps about the event. Whatever else stands there becomes a line that is no record: its bytes as
base64, so that they can be looked at.
"""

from __future__ import annotations

import base64
from typing import Final

import msgpack  # type: ignore[import-untyped]
import orjson

from ingest import json_value
from ingest.body import TooLarge

_NANO: Final = 1_000_000_000
# The extension by which Fluent Bit writes a time: seconds and nanoseconds, four bytes each.
_EVENT_TIME: Final = 0
_EVENT_TIME_BYTES: Final = 8


def lines(body: bytes, limit: int) -> bytes:
    """A line for each event, at most `limit` bytes of them.

    Raises:
        TooLarge: they have more.
    """
    unpacker = msgpack.Unpacker(
        raw=False, unicode_errors="replace", strict_map_key=False, ext_hook=_extension, max_buffer_size=len(body) + 1
    )
    unpacker.feed(body)
    written: list[bytes] = []
    position = size = 0
    try:
        for event in unpacker:
            end = unpacker.tell()
            line = _line(event) or _kept(body[position:end])
            position = end
            size += len(line) + 1
            if size > limit:
                raise TooLarge(f"the body has more than {limit} bytes as JSON; send it in parts")
            written.append(line)
    except ValueError:  # what is no MessagePack, or nested too deeply
        pass
    if position < len(body):
        written.append(_kept(body[position:]))
    return b"\n".join(written)


def _line(event: object) -> bytes | None:
    match event:
        case [[moment, *_], dict() as record] | [moment, dict() as record]:
            # A number of nanoseconds is told from one of seconds by its size.
            whole = {"date": moment, **record}
        case _:
            return None
    try:
        return orjson.dumps(whole)
    except TypeError:  # what JSON has not: bytes, keys that are no texts, more depth than is written
        return orjson.dumps(_plain(whole, json_value.DEEPEST))


def _kept(piece: bytes) -> bytes:
    return orjson.dumps(base64.b64encode(piece).decode())


def _extension(code: int, data: bytes) -> object:
    if code == _EVENT_TIME and len(data) == _EVENT_TIME_BYTES:
        return int.from_bytes(data[:4], "big") * _NANO + int.from_bytes(data[4:], "big")
    return data


def _plain(value: object, left: int) -> object:
    match value:
        case bytes():
            return value.decode("utf-8", "replace")
        case dict() | list() if not left:
            return {}
        case dict():
            return {str(_plain(key, 0)): _plain(item, left - 1) for key, item in value.items()}
        case list():
            return [_plain(item, left - 1) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
