"""Pods whose labels come to name somebody else, and what is known while the control store does not answer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from core.attribution import Attribution
from core.control import connect
from core.errors import Unavailable
from ingest.owner import Owners
from ingest.usage import tables
from ingest.usage.registrar import Registrar
from ingest.usage.sight import Source
from ingest.usage.store import Evidence
from ingest.usage.tables import Place
from tests.ingest.logs.world import LAB, LAB_WEB, SHOP, WEB, of
from tests.ingest.usage.manifests import AT, pod, report

if TYPE_CHECKING:
    from tests.ingest.logs.world import Platform
    from tests.ingest.usage.ledger import Ledger
    from tests.ingest.usage.serving import Door

pytestmark = pytest.mark.anyio


async def test_of_two_tenants_in_one_report_the_first_holds(door: Door, store: Ledger) -> None:
    await door.pods(report(pod(labels=of(SHOP, WEB)), pod(labels=of(LAB, LAB_WEB)), at=AT + 25))
    await door.pods(report(pod("uid-2", labels=of(LAB, LAB_WEB)), pod("uid-2", labels=of(SHOP, WEB)), at=AT + 25))

    # As metering reads it: of two that were received at once it would be the lesser id.
    first = "uid, argMin(toString(project_id), (received_at, toString(project_id))), count()"
    assert store.rows(first, "pod_registrations GROUP BY uid") == [("uid-1", SHOP, 2), ("uid-2", LAB, 2)]


def test_a_pod_that_somebody_owns_needs_no_control_store(store: Ledger, platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    shutil.copy(Path(platform.url.removeprefix("sqlite:///")), path)
    engine, evidence = connect(f"sqlite:///{path}"), Evidence(SecretStr(store.url))
    registrar = Registrar("fra1", Owners(Attribution(engine), "fra1", {}, default_days=1, seconds=0), evidence)
    new = registrar.unsaid("fra1-c1", [("uid-1", of(SHOP, WEB))])
    evidence.write([tables.registrations(Place("fra1", "fra1-c1", AT * 1000), Source.AGENT, new)])
    registrar.remember("fra1-c1", new)
    engine.dispose()
    path.write_bytes(b"no database" * 1000)

    assert [(uid, tenant.project_id) for uid, tenant in new] == [("uid-1", SHOP)]
    assert registrar.unsaid("fra1-c1", [("uid-1", of(SHOP, WEB)), ("uid-1", of(LAB, LAB_WEB))]) == []
    with pytest.raises(Unavailable):
        registrar.unsaid("fra1-c1", [("uid-2", of(LAB, LAB_WEB))])
    engine.dispose()
    evidence.close()
