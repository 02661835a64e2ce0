"""Times, levels, structured bodies, memory and the spool's files, each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from ingest import level, structure
from ingest.recent import Recent
from ingest.segment import Kind, block, parse
from ingest.spool import Limits, Spool
from ingest.timestamp import nanoseconds

if TYPE_CHECKING:
    from pathlib import Path

_T = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-01T00:00:00.123456789Z", _T + 123_456_789),
        ("2026-01-01T00:00:00Z", _T),
        ("2026-01-01T01:30:00.5+01:30", _T + 500_000_000),
        ("2025-12-31T19:00:00,25-0500", _T + 250_000_000),
        ("2026-01-01 00:00:00", _T),
        ("2026-01-01T00:00:00.1234567899999Z", _T + 123_456_789),
        (1_767_225_600, _T),
        (1_767_225_600_001, _T + 10**6),
        (1_767_225_600_000_002, _T + 2_000),
        (_T + 3, _T + 3),
        (str(_T), _T),
        (1_767_225_600.25, _T + 250_000_000),
        ("2026-02-30T00:00:00.000000000Z", None),
        ("2026-01-01T00:00:00.12345678_Z", None),
        ("2026-01-01X00:00:00.123456789Z", None),
        ("2026-01-01T25:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9" * 5_000, None),
        ("", None),
        (True, None),
        (-1, None),
        (0, None),
        (float("inf"), None),
        (10**30, None),
        ([], None),
        (None, None),
    ],
)
def test_times_are_read_to_the_nanosecond_or_not_at_all(value: object, expected: int | None) -> None:
    assert nanoseconds(value) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-01-01 ERROR no", level.ERROR),
        ("\x1b[31mERROR\x1b[0m no", level.ERROR),
        ("[WARNING] x", level.WARN),
        ("time=1 level=warn msg=x", level.WARN),
        ('severity: "CRITICAL" x', level.FATAL),
        ("TERROR MYERROR_CODE and no more", level.INFO),
        ("INFORMATION", level.INFO),
        ("0 errors, all fine", level.INFO),
        ("level=banana ERROR", level.ERROR),
        (f"{'x' * 300} ERROR", level.INFO),
        ("", level.INFO),
    ],
)
def test_levels_are_told_by_how_programs_write_them(line: str, expected: int) -> None:
    assert level.of_line(line, "stdout") == expected


def test_a_line_without_a_level_is_an_error_by_standard_error_alone() -> None:
    assert (level.of_line("x", "stderr"), level.of_line("INFO x", "stderr")) == (level.ERROR, level.INFO)
    assert [level.of_value(one) for one in ("Warn ", 50, 7, True, None)] == [level.WARN, level.ERROR, 0, 0, 0]


def test_a_structured_body_says_its_attributes_level_and_trace() -> None:
    body = (
        '{"level":50,"a":{"b":{"c":1.5}},"list":[1,"x"],"no":null,"yes":true,'
        '"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708"}'
    )
    found = structure.read(body)

    assert found.severity == level.ERROR
    assert (found.trace_id, found.span_id) == (bytes(range(1, 17)), bytes(range(1, 9)))
    assert dict(found.attributes) | {"traceId": "", "spanId": ""} == {
        "level": "50",
        "a.b.c": "1.5",
        "list": '[1,"x"]',
        "yes": "true",
        "traceId": "",
        "spanId": "",
    }
    for text in ("[1]", "{", '{"a"', "x", "", '{"trace_id":"00"}', '{"trace_id":"' + "0" * 32 + '"}'):
        assert structure.read(text).trace_id == b""


def test_a_memory_knows_at_least_half_its_capacity_and_says_since_when() -> None:
    recent = Recent(10, 100)
    for number in range(12):
        recent.add(number, 200 + number)

    assert [number for number in range(12) if number in recent] == list(range(5, 12))
    assert recent.horizon == 205
    recent.forget([11])
    assert 11 not in recent


def _block(*numbers: int) -> bytes:
    return block(Kind.RECORDS, pa.table({"n": list(numbers)}))


def _numbers(data: bytes) -> list[int]:
    table = parse(data).table(Kind.RECORDS)
    return [] if table is None else list(table["n"].to_pylist())


def test_a_file_cut_at_any_byte_keeps_all_blocks_before() -> None:
    blocks = [_block(1, 2), _block(3), _block(4, 5)]
    whole = b"".join(blocks)
    ends = [len(blocks[0]), len(blocks[0]) + len(blocks[1]), len(whole)]
    for end in range(len(whole) + 1):
        expected = [[1, 2], [3], [4, 5]][: sum(end >= one for one in ends)]
        content = parse(whole[:end])
        assert _numbers(whole[:end]) == [number for numbers in expected for number in numbers]
        assert not content.is_damaged
    assert parse(whole).digest == parse(whole + b"SM").digest != parse(blocks[0]).digest


def test_a_changed_byte_is_noticed_and_what_follows_it_is_kept_for_somebody_to_look_at(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(1 << 20, 1000, 1 << 20, 60))
    spool.append([_block(1), _block(2), _block(3)], 3, 0.0)
    spool.seal()
    path = spool.wait(0)
    assert path is not None
    data = bytearray(path.read_bytes())
    data[len(_block(1)) + 20] ^= 1
    path.write_bytes(data)
    content = spool.read(path)

    assert (content.is_damaged, content.end) == (True, len(_block(1)))
    assert path.with_suffix(".damaged").read_bytes() == data
    spool.close()


def test_what_the_store_refuses_is_set_aside_counted_and_tried_again_by_the_next_process(tmp_path: Path) -> None:
    limits = Limits(1 << 20, 1, 1 << 20, 60)
    spool = Spool(tmp_path, limits)
    for number in (1, 2):
        spool.append([_block(number)], 1, 0.0)
    first = spool.wait(0)
    assert first is not None
    spool.set_aside(first)
    second = spool.wait(0)
    assert second is not None
    spool.done(second)
    assert (spool.waiting, spool.size) == (0, len(_block(1)))
    spool.close()

    again = Spool(tmp_path, limits)
    assert again.wait(0) == first
    again.append([_block(3)], 1, 0.0)
    assert again.waiting == 2
    again.close()
