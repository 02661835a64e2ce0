"""Texts of an export as they are shown: valid UTF-8, whatever a tenant's program wrote."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa  # type: ignore[import-untyped]

# What `surrogateescape` makes of bytes that are no UTF-8; the store shows as many of them in a row as one.
_INVALID: Final = re.compile("[\udc80-\udcff]+")


def valid(column: pa.Array) -> pa.Array:
    """The same column, of texts or maps of them; bytes that are no UTF-8 become replacement characters.

    That is what a store does for a page; in whole columns it takes less time.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if isinstance(column, pa.MapArray):
            return pa.MapArray.from_arrays(column.offsets, valid(column.keys), valid(column.items))
        return pa.array([_INVALID.sub("\ufffd", one.decode(errors="surrogateescape")) for one in _raw(column)])
    return column


def _raw(column: pa.StringArray) -> list[bytes]:
    raw: list[bytes] = column.view(pa.binary()).to_pylist()
    return raw
