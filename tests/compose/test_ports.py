from __future__ import annotations

import socket

from compose.ports import reserved


def test_a_server_can_listen_on_a_reserved_port() -> None:
    with reserved(1) as (port,), socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname()[1] == port


def test_nobody_who_asks_for_any_port_is_given_a_reserved_one() -> None:
    with reserved(500) as ours, reserved(500) as theirs:
        assert len({*ours, *theirs}) == 1000
