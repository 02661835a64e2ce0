"""A real ledger with two workspaces in it, and an S3 server to deliver to."""

from __future__ import annotations

from hashlib import blake2s
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import delete

from billing.delivery.settings import DeliverySettings
from billing.delivery.target import Target, Targets
from billing.ledger.store import Ledger
from billing.schema import deliveries
from core.clickhouse import Endpoint
from core.control import writing
from tests.billing.books import MARCH, WORKSPACE
from tests.billing.delivery.parcel import Delivery
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


@pytest.fixture
def targets(stage: Scene) -> Iterator[Targets]:
    """No delivery yet, nor any left."""
    yield Targets(stage.world.engine)
    with writing(stage.world.engine) as connection:
        connection.execute(delete(deliveries))


@pytest.fixture
def target(s3: str, request: pytest.FixtureRequest) -> Target:
    """Where the workspace's March goes: a bucket of the test's own."""
    return Target(
        id="",
        workspace_id=WORKSPACE,
        name="finops",
        endpoint=s3,
        bucket=f"b-{blake2s(request.node.nodeid.encode()).hexdigest()[:20]}",
        prefix="starmeter/usage",
        region="us-east-1",
        access_key_id="key",
        secret_key="acme",
        format="parquet",
        delivered_until=MARCH,
    )


@pytest.fixture
def parcel(stage: Scene, ledger: Ledger, settings: DeliverySettings, targets: Targets, target: Target) -> Delivery:
    """All of it."""
    store = boto3.resource(
        "s3",
        endpoint_url=target.endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    return Delivery(stage, ledger, settings, targets, target, store.create_bucket(Bucket=target.bucket))
