from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.bundle import write_bundle
from billing.canonical import canonical
from billing.verification import verify
from core.errors import BadRequest
from tests.billing.month import BOOK, final, rows
from tests.billing.month import given as month_inputs

pytestmark = pytest.mark.property
_PACKED = write_bundle(final(), rows(), BOOK, month_inputs(), "0.1.0+test")
with zipfile.ZipFile(io.BytesIO(_PACKED)) as _archive:
    _FILES = {name: _archive.read(name) for name in _archive.namelist()}

_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.sampled_from(["1e5", "NaN", "-1", "0.00", "9" * 400]),
    st.sampled_from(["\U00010000", "\ud800"]),  # two escapes that are one character, and half a one
)


def _verdict(files: dict[str, bytes]) -> bool:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return _holds(target.getvalue())


def _holds(packed: bytes) -> bool:
    """A bundle is either refused by the one error there is, or judged."""
    try:
        return verify(packed).holds
    except BadRequest:
        return False


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        found += [place for key, each in value.items() for place in _places(each, (*path, key))]
    if isinstance(value, list):
        found += [place for key, each in enumerate(value[:3]) for place in _places(each, (*path, key))]
    return found


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(["invoice.json", "inputs.json", "manifest.json", "price_book.json"]), _values)
def test_no_value_anywhere_makes_a_false_bundle_hold_or_the_verifier_fall(
    data: st.DataObject, name: str, value: object
) -> None:
    document = json.loads(_FILES[name])
    path = data.draw(st.sampled_from(_places(document)[1:]))
    target = document
    for key in path[:-1]:
        target = target[key]
    was, target[path[-1]] = target[path[-1]], value
    holds = _verdict({**_FILES, name: json.dumps(document).encode()})

    # The one thing that a bundle only tells, and cannot prove, is who signed it off.
    assert not holds or value == was or path[0] in {"code_version", "format"}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(range(len(rows()))), st.sampled_from(sorted(json.loads(canonical(rows()[0])))), _values)
def test_no_value_in_a_row_is_overlooked(number: int, field: str, value: object) -> None:
    lines = _FILES["usage.jsonl"].splitlines()
    row = json.loads(lines[number])
    was, row[field] = row[field], value
    lines[number] = json.dumps(row, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(
        "utf-8", "replace"
    )
    holds = _verdict({**_FILES, "usage.jsonl": b"".join(line + b"\n" for line in lines)})

    assert holds == (value == was and type(value) is type(was))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(_PACKED) - 1), st.integers(0, 255))
def test_no_broken_byte_makes_the_verifier_fall(position: int, byte: int) -> None:
    _holds(_PACKED[:position] + bytes([byte]) + _PACKED[position + 1 :])
    _holds(_PACKED[:position])
