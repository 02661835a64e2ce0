"""What the pages say when the ledger is away or breaks off, and what `/openapi.json` says of them."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx
import pytest

from billing.surface import focus_page, invoice_pages, usage_page
from tests.billing.surface.serving import usage_door
from tests.query.openapi_structure import flaws, operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.billing.surface.conftest import Scene
    from tests.billing.surface.serving import UsageDoor

MARCH: Final = {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z", "grain": "hour"}
_PIECE: Final = 1 << 16
_COLUMN: Final = b"workspace_text"


class Wire:
    """A way to the ledger that can be cut: all of it, or in the middle of an answer with usage."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.refuses = False
        self.cuts = False
        self.cut = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """No more connections."""
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._place, 20) as store:
            while not self.refuses:
                ready, _, _ = select.select([client, store], [], [], 0.05)
                for side in ready:
                    piece = side.recv(_PIECE)
                    if not piece:
                        return
                    if self.cuts and side is store and _COLUMN in piece:
                        # The names of the columns have arrived, and something of what is in them.
                        client.sendall(piece[: piece.index(_COLUMN) + 2_000])
                        self.cut += 1
                        return
                    (store if side is client else client).sendall(piece)


@pytest.fixture
def cut(tmp_path_factory: pytest.TempPathFactory, stage: Scene) -> Iterator[tuple[UsageDoor, Wire]]:
    """A front-door of the test's own, and its way to the ledger."""
    parts = urlsplit(stage.server.reader_url)
    wire = Wire(parts.hostname or "", parts.port or 0)
    url = f"http://{parts.username}:{parts.password}@127.0.0.1:{wire.port}"
    folder = tmp_path_factory.mktemp("cut-door")
    with usage_door(folder, control_store=stage.control_store, ledger_url=url, tokens=stage.tokens) as door:
        yield door, wire
    wire.close()


def test_without_the_ledger_usage_is_refused_for_now_and_invoices_are_still_read(cut: tuple[UsageDoor, Wire]) -> None:
    door, wire = cut
    with door.client() as client:
        assert client.get("/usage", params=MARCH).status_code == 200
        wire.refuses = True
        for _ in range(2):
            answer = client.get("/usage", params=MARCH)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
            assert "127.0.0.1" not in answer.text
        assert client.get("/invoices/2026-0001.pdf").status_code == 200
        assert httpx.get(f"{door.url}/livez").status_code == 200
        assert httpx.get(f"{door.url}/readyz").json()["usage"]["the usage ledger"] != "ok"
        wire.refuses = False
        assert client.get("/usage", params=MARCH).status_code == 200
        assert httpx.get(f"{door.url}/readyz").json()["usage"]["the usage ledger"] == "ok"


@pytest.mark.parametrize("form", ["json", "csv", "ndjson", "parquet", "arrow"])
def test_an_answer_of_the_ledgers_that_breaks_off_is_never_passed_off_as_whole(
    cut: tuple[UsageDoor, Wire], form: str
) -> None:
    door, wire = cut
    with door.client() as client:
        arguments = {**MARCH, "format": form}
        assert client.get("/usage", params=arguments).status_code == 200
        wire.cuts = True
        answer = client.get("/usage", params=arguments)

    assert wire.cut
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_openapi_has_every_page_with_its_arguments(door: UsageDoor) -> None:
    document = httpx.get(f"{door.url}/openapi.json").json()
    prefix = "/v1/workspaces/{workspace}"
    pages = {path: page for path, page in document["paths"].items() if path.startswith(prefix)}
    arguments = {
        path.removeprefix(prefix): {each["name"] for each in page["get"]["parameters"] if each["in"] == "query"}
        for path, page in pages.items()
    }

    assert arguments == {
        "/usage": set(usage_page.NAMES),
        "/usage/focus": set(focus_page.NAMES),
        "/invoices": set(),
        "/invoices/{invoice}": set(invoice_pages.NAMES),
    }
    assert flaws(document) == []
    assert {path for path, *_ in operations(document)} >= set(pages)
    for page in pages.values():
        assert set(page) == {"get"}
        assert page["get"]["security"] == [{"token": []}]
        assert {"400", "401", "403", "404", "503"} <= set(page["get"]["responses"])
