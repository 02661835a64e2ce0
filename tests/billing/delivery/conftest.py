"""A real ledger with two workspaces in it, and an S3 server to deliver to."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from billing.delivery.settings import DeliverySettings
from billing.ledger.store import Ledger
from core.clickhouse import Endpoint
from tests.billing.surface.conftest import Scene, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["stage"]


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The URL of an S3 server."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def settings() -> DeliverySettings:
    """Deliveries may go to this machine."""
    return DeliverySettings(
        allowed_networks=(IPv4Network("127.0.0.0/8"),), secrets={"acme": "secret"}, timeout_seconds=20
    )


@pytest.fixture
def ledger(stage: Scene) -> Iterator[Ledger]:
    """The scene's ledger, as the billing process reads it."""
    opened = Ledger(Endpoint.of("the ledger", stage.server.writer_url))
    yield opened
    opened.close()
