"""Exports as lines, NDJSON and CSV: the store writes each of them, of the pieces between values given here."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import orjson
import pyarrow as pa  # type: ignore[import-untyped]

from query.logs import level
from query.logs.format import COLUMNS, NO_TRACE
from query.logs.text import valid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from query.logs.condition import Value
    from query.logs.format import Manifest

# A cell that begins so is a formula to a spreadsheet, also behind space.
_FORMULA: Final = r"^[\s\x00]*[=+\-@]|^[\t\r]"
# Columns whose values need no quotes of ours: the store writes them as JSON, or they are marked apart.
_UNQUOTED: Final = frozenset({"pod", "container", "trace_id", "body", "attributes"})
# What a line is made with.
_OF_LINES: Final[dict[str, Value]] = {
    "gap": " ",
    "tee": "T",
    "zero": "0",
    "levels": list(level.SCALE),
    "none": NO_TRACE,
    "quote": '"',
    "colon": ":",
    "comma": ",",
}


def _json_pieces() -> list[str]:
    """What stands before each value of a JSON line, and after the last one."""
    pieces, close = [], ""
    for place, name in enumerate(COLUMNS):
        mark = "" if name in _UNQUOTED else '"'
        pieces.append(f'{close}{"," if place else "{"}"{name}":{mark}')
        close = mark if place else f"Z{mark}"
    return [*pieces[:-1], pieces[-1] + "{", "}}\n"]


def _csv_pieces() -> list[str]:
    """The same of a line of CSV; texts of the tenant's own are always in quotes."""
    pieces, close = [], ""
    for place, name in enumerate(COLUMNS):
        mark = '"' if name in _UNQUOTED - {"trace_id"} else ""
        pieces.append(f"{close}{',' if place else ''}{mark}")
        close = mark if place else "Z"
    return [*pieces[:-1], pieces[-1] + "{", "}" + close + "\n"]


class Ndjson:
    """A JSON object a line; the last one is `{"manifest": …}`."""

    statement: ClassVar = "export_ndjson"
    parameters: ClassVar[Mapping[str, Value]] = _OF_LINES | {"pieces": _json_pieces(), "absent": "null"}
    media_type: ClassVar = "application/x-ndjson"
    suffix: ClassVar = "ndjson"
    is_costly: ClassVar = False

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Lines."""
        return _joined(valid(batch["line"]))

    def end(self, manifest: Manifest) -> bytes:
        """The last line."""
        return orjson.dumps({"manifest": manifest}) + b"\n"


class Csv:
    """RFC 4180 with a head; the last line is `#manifest,` and a quoted JSON object.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """

    statement: ClassVar = "export_csv"
    parameters: ClassVar[Mapping[str, Value]] = _OF_LINES | {
        "pieces": _csv_pieces(),
        "absent": "",
        "formula": _FORMULA,
        "mark": "'",
        "quotes": '""',
    }
    media_type: ClassVar = "text/csv; charset=utf-8; header=present"
    suffix: ClassVar = "csv"
    is_costly: ClassVar = False

    def __init__(self) -> None:
        self._head = ",".join(f'"{name}"' for name in COLUMNS).encode() + b"\n"

    def records(self, batch: pa.RecordBatch) -> bytes:
        """Lines, after the head."""
        lines = _joined(valid(batch["line"]))
        if not self._head:
            return lines
        head, self._head = self._head, b""
        return head + lines

    def end(self, manifest: Manifest) -> bytes:
        """The last line."""
        text = orjson.dumps(manifest).decode().replace('"', '""')
        return self._head + f'#manifest,"{text}"\n'.encode()


def _joined(lines: pa.StringArray) -> bytes:
    """Texts that stand one behind the other in memory already."""
    _, places, texts = lines.buffers()
    edges = pa.Array.from_buffers(pa.int32(), len(lines) + 1, [None, places], offset=lines.offset)
    begin, end = edges[0].as_py(), edges[-1].as_py()
    return bytes(texts.slice(begin, end - begin))
