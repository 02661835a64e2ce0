"""What an answer says, apart from the order in which the store's workers happened to finish and the notices around."""

from __future__ import annotations

import json
from typing import Any


def data_of(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """The data of an envelope, its series in an order of our own; the lines of anything else, sorted."""
    try:
        data = json.loads(body)["data"]
    except (ValueError, KeyError, TypeError):
        return sorted(body.splitlines())
    if isinstance(data, dict) and isinstance(data.get("result"), list):
        data["result"].sort(key=json.dumps)
    return data


def is_same(body: bytes, honest: bytes) -> bool:
    """Byte for byte; only the lines of a text exposition come in whatever order."""
    if body == honest:
        return True
    return not honest.startswith(b"{") and sorted(body.splitlines()) == sorted(honest.splitlines())
