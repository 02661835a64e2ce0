"""Compressed bodies cost what they are allowed to, whatever they would grow to."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import struct
import subprocess
import sys
import threading
import zlib
from typing import TYPE_CHECKING, Final

import pytest
import zstandard
from fastapi import Request

from ingest import body as bodies
from ingest.body import CannotDecompress, TooLarge, decompressed
from tests.ingest.logs.world import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ingest.logs.serving import Running

_LIMIT: Final = 20 << 20
_ZSTD: Final = zstandard.ZstdCompressor().compress
# A frame of 4000 blocks that each repeat one byte 128 Ki times: 16 kB that grow to 500 MiB.
_BOMB: Final = (
    struct.pack("<I2B", zstandard.MAGIC_NUMBER, 0, 0x38)
    + ((128 * 1024 << 3 | 2).to_bytes(3, "little") + b"A") * 4_000
    + (1).to_bytes(3, "little")
)
_PEAK: Final = """
import resource, sys
from ingest.body import TooLarge, decompressed
bomb = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decompressed(bomb, sys.argv[1], 20 << 20)
except TooLarge:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        pytest.param("zstd", _BOMB, id="repeated bytes"),
        pytest.param("zstd", _ZSTD(b"x") + _BOMB, id="repeated bytes in a later frame"),
        pytest.param("gzip", gzip.compress(bytes(300 << 20), 1), id="zeros"),
    ],
)
def test_a_bomb_is_refused_with_no_more_memory_than_the_limit_allows(encoding: str, bomb: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, encoding], input=bomb, capture_output=True, check=True, timeout=60
    )

    # Kibibytes: the limit, the piece that goes over it, and the growing of a buffer.
    assert int(done.stdout) < 3 * _LIMIT >> 10


@pytest.mark.parametrize(("encoding", "compress"), [("zstd", _ZSTD), ("gzip", gzip.compress)])
def test_a_body_of_many_empty_frames_is_refused(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TooLarge, match="more than 1000 compressed frames; compress it as one"):
        decompressed(compress(b"") * 50_000, encoding, _LIMIT)


@pytest.mark.parametrize(
    ("encoding", "compress"), [("zstd", _ZSTD), ("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_what_several_frames_hold_is_joined_up_to_the_very_limit(
    encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    parts = [os.urandom(300_000), b"", b"a" * 700_000]
    body = b"".join(map(compress, parts))

    assert decompressed(body, encoding, 1_000_000) == b"".join(parts)
    with pytest.raises(TooLarge, match="more than 999999 bytes, decompressed"):
        decompressed(body, encoding, 999_999)
    for cut in (body[:-3], body + b"none"):
        with pytest.raises(CannotDecompress):
            decompressed(cut, encoding, 1_000_000)


@pytest.mark.parametrize(("size", "is_beside"), [(100, False), (100_000, True)])
def test_a_large_body_is_decompressed_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, *, size: int, is_beside: bool
) -> None:
    threads = []

    def noted(raw: bytes, encoding: str, limit: int) -> bytes:
        threads.append(threading.current_thread())
        return decompressed(raw, encoding, limit)

    monkeypatch.setattr(bodies, "decompressed", noted)
    sent = os.urandom(size)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": _ZSTD(sent), "more_body": False}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-encoding", b"zstd")]}

    assert asyncio.run(bodies.read(Request(scope, receive), _LIMIT)) == sent
    assert [one is not threading.current_thread() for one in threads] == [is_beside]


def test_an_alias_of_gzip_is_gzip_and_more_than_one_encoding_is_refused_by_name(running_ingest: Running) -> None:
    sent = gzip.compress(json.dumps([record(os.urandom(8_000).hex())]).encode())
    taken = running_ingest.post("/fluentbit", gzip.compress(b"[]"), Content_Encoding="X-Gzip")
    large = running_ingest.post("/fluentbit", sent, Content_Encoding="gzip")
    twice = running_ingest.post("/fluentbit", _ZSTD(sent), Content_Encoding="gzip, zstd")
    bomb = running_ingest.post("/fluentbit", _BOMB, Content_Encoding="zstd")

    assert [answer.status_code for answer in (taken, large, twice, bomb)] == [200, 200, 415, 413]
    assert twice.json()["detail"].startswith("Content-Encoding: a body is compressed once here")
