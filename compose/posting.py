"""How the simulated agents deliver: what is not taken is kept and sent again, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping


async def is_over(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str], outcomes: Counter[str]
) -> bool:
    """Post a body; whether it need not be sent again. `outcomes` counts the answers by status or failure."""
    try:
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            outcomes[str(answer.status)] += 1
            return answer.status < 500 and answer.status != 429  # noqa: PLR2004 - HTTP's own boundary
    except (aiohttp.ClientError, TimeoutError) as failure:
        outcomes[type(failure).__name__] += 1
        return False
