"""Raw samples of a region's metrics store, series by series as they come: of an answer, one line is held at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import orjson

from billing.evidence.series import Series
from core.errors import Unavailable
from core.victoria import BrokenConnectionError, StoreClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from core.region import Region
    from core.victoria import Answer

_OK: Final = 200
_BAD: Final = 400
_FAILS: Final = 500
_CONNECT_SECONDS: Final = 5.0
# A series of a day at a sample a second.
_LONGEST_LINE: Final = 8 << 20


# A store that refuses with one of these refuses everything, or will answer later.
_OF_THE_STORE: Final = frozenset({401, 403, 407, 408, 429})


class Refused(Unavailable):
    """A region's metrics store answers, and does not give what it was asked for; it may well give another hour."""

    code = "refused"


class Export:
    """Reads one region's store, across all tenants: nothing of a person's question is ever in a selector."""

    def __init__(self, region: Region, *, seconds: float) -> None:
        self._name = f"region {region.name}: the metrics store"
        self._seconds = seconds
        self._client = StoreClient(
            f"region {region.name}",
            region.metrics_url,
            token=region.metrics_token,
            connect_seconds=_CONNECT_SECONDS,
        )

    async def close(self) -> None:
        """End the connections."""
        await self._client.close()

    async def series(self, selectors: Sequence[str], start: int, end: int) -> AsyncIterator[Series]:
        """The series that match any of the selectors, with their samples in [start, end) (UTC seconds).

        Raises:
            Refused: the store does not give these samples; its status is in the message.
            Unavailable: the store does not answer, or breaks off; what came before is not all.
        """
        form = [
            *(("match[]", selector) for selector in selectors),
            ("start", f"{start}"),
            ("end", f"{end - 0.001:.3f}"),
        ]
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._client.post("/api/v1/export?nocache=1", urlencode(form).encode())
                try:
                    if answer.status != _OK:
                        is_ours = _BAD <= answer.status < _FAILS and answer.status not in _OF_THE_STORE
                        refusal = Refused if is_ours else Unavailable
                        raise refusal(f"{self._name} refuses an export (status {answer.status})")
                    async for line in self._lines(answer):
                        yield self._read(line)
                finally:
                    answer.release()
        except TimeoutError:
            raise Unavailable(f"{self._name} did not finish an export in {self._seconds:g} s") from None
        except BrokenConnectionError as failure:
            raise Unavailable(f"{self._name} broke off an export") from failure

    async def _lines(self, answer: Answer) -> AsyncIterator[bytes]:
        rest = b""
        while piece := await answer.read():
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                raise Unavailable(f"{self._name} answers with a line of more than {_LONGEST_LINE} bytes")
            for line in lines:
                if line:
                    yield line
        if rest:
            # Each line ends in a line feed; what is left was cut.
            raise Unavailable(f"{self._name} broke off an export")

    def _read(self, line: bytes) -> Series:
        try:
            told: dict[str, Any] = orjson.loads(line)
            labels, timestamps, values = told["metric"], told["timestamps"], told["values"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise Unavailable(f"{self._name} answers an export with something else than series") from None
        try:
            sum(values)
        except TypeError:
            # Some are no numbers, such as the mark of a series that ended.
            kept = [pair for pair in zip(timestamps, values, strict=True) if type(pair[1]) in {int, float}]
            timestamps, values = [at for at, _ in kept], [value for _, value in kept]
        return Series(labels, timestamps, values)
