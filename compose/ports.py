"""Loopback ports that stay ours: bound, so that nobody is given them, yet never listened on except by our processes."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def reserved(count: int) -> Iterator[list[int]]:
    """Different free TCP ports of 127.0.0.1, kept for the length of the block.

    A program that sets SO_REUSEADDR, as servers do, can listen on such a port; whoever asks the kernel for any free
    port, another stack for one, is not given it. Thus a program that died finds its port free when it comes back.
    """
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", 0))
        yield [probe.getsockname()[1] for probe in probes]
