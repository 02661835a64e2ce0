"""A small platform to read from: two rival tenants with distinct canaries, look-alikes, and series of nobody."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from core.control import connect, upgrade
from core.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

# Rival B's every label value and metric name carries this: none of it may ever be in an answer to A.
SECRET: Final = "BBSECRET"
PROJECT_A: Final = "aaaaaaaa-0000-4000-8000-00000000000a"
PROJECT_B: Final = "bbbbbbbb-0000-4000-8000-00000000000b"
PROJECT_FAR: Final = "cccccccc-0000-4000-8000-00000000000c"
SERVICE_A1: Final = "aaaaaaaa-1111-4000-8000-00000000000a"
SERVICE_A2: Final = "aaaaaaaa-2222-4000-8000-00000000000a"
SERVICE_B1: Final = "bbbbbbbb-1111-4000-8000-00000000000b"
UNKNOWN: Final = "dddddddd-0000-4000-8000-00000000000d"

SAMPLES: Final = 60
INTERVAL: Final = 15


@dataclass(frozen=True, slots=True)
class Tokens:
    """API tokens by who holds them."""

    owner: str  # of the workspace that A and A's far project are in
    viewer: str  # of project A alone
    production: str  # of project A, narrowed to its production environment
    pair: str  # of project A, narrowed to production and pr-7
    billing: str
    member: str
    platform: str
    logs_only: str
    rival: str  # viewer of project B
    expired: str
    revoked: str


def series_of(project_id: str, environment: str, service_id: str, mark: str) -> list[str]:
    """Exposition heads of one service's series."""
    labels = f'project_id="{project_id}",environment="{environment}",service_id="{service_id}",mark="{mark}"'
    return [
        f"up{{{labels}}}",
        *(f'envoy_cluster_upstream_rq_xx{{{labels},envoy_response_code_class="{code}"}}' for code in (2, 5)),
        *(f'envoy_cluster_upstream_rq_time_bucket{{{labels},le="{le}"}}' for le in ("5", "50", "500", "+Inf")),
        f"{mark}_gauge{{{labels}}}",
    ]


def series_of_a() -> list[str]:
    """Everything of project A: two services in production, one in the preview-like `pr-7`."""
    return [
        *series_of(PROJECT_A, "production", SERVICE_A1, "amark"),
        *series_of(PROJECT_A, "production", SERVICE_A2, "amark"),
        *series_of(PROJECT_A, "pr-7", SERVICE_A1, "amark"),
    ]


def series_of_others() -> list[str]:
    """Everything that A must never see: the rival, ids that look like A's, and series without a tenant."""
    look_alikes = [PROJECT_A + "2", "x" + PROJECT_A, PROJECT_A.upper(), PROJECT_A.replace("-", "."), PROJECT_A[:-1]]
    return [
        *series_of(PROJECT_B, "production", SERVICE_B1, SECRET),
        *series_of(PROJECT_B, "pr-7", SERVICE_A1, SECRET),
        *(line for project in look_alikes for line in series_of(project, "production", SERVICE_A1, SECRET)),
        f'up{{job="{SECRET}"}}',
        f'container_cpu_usage_seconds_total{{namespace="{SECRET}"}}',
        f'kube_pod_labels{{label_starform_io_project_id="{PROJECT_A}",pod="{SECRET}"}}',
    ]


def load(store_url: str, heads: list[str], *, end: float) -> None:
    """Import `SAMPLES` samples for each series head, `INTERVAL` seconds apart, the last one at `end`."""
    samples = [
        [
            f"{head} {(index + 1) * (SAMPLES - back)} {int((end - back * INTERVAL) * 1000)}"
            for index, head in enumerate(heads)
        ]
        for back in range(SAMPLES)
    ]
    # The newest sample of each alone first: parallel parsers that meet a new series at once would index it twice.
    for lines in (samples[0], [line for older in samples[1:] for line in older]):
        request = urllib.request.Request(  # noqa: S310 - our own loopback URL
            f"{store_url}/api/v1/import/prometheus", data="\n".join(lines).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - our own loopback URL
            pass
        wait_until_visible(store_url, len(heads))


def wait_until_visible(store_url: str, count: int) -> None:
    """Wait until the store counts `count` series; new ones become visible a moment after the import."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{store_url}/api/v1/series/count", timeout=5) as answer:  # noqa: S310 - loopback
            if json.loads(answer.read())["data"][0] >= count:
                return
        time.sleep(0.05)
    raise AssertionError(f"{count} series did not appear")


def populate(store: str) -> Tokens:
    """Fill a fresh control store and issue every kind of token."""
    engine = connect(store)
    upgrade(engine)
    registry = Registry(engine)
    begun, now = datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC)
    workspace = registry.create_workspace("acme")
    rival = registry.create_workspace("rival")
    for project_id, owner, name, region in (
        (PROJECT_A, workspace, "shop", "near"),
        (PROJECT_FAR, workspace, "far", "far"),
        (PROJECT_B, rival, "rival", "near"),
    ):
        registry.create_project(owner, name, region, project_id=project_id, at=begun)
        registry.create_environment(project_id, "production")
        registry.create_environment(project_id, "pr-7", is_ephemeral=True)
    for project_id, service_id in (
        (PROJECT_A, SERVICE_A1),
        (PROJECT_A, SERVICE_A2),
        (PROJECT_B, SERVICE_B1),
    ):
        registry.create_service(project_id, service_id[:13], service_id=service_id)
    registry.set_workspace_role(workspace, "owner", "owner")
    registry.set_workspace_role(workspace, "billing", "billing")
    registry.set_workspace_role(workspace, "member", "member")
    registry.set_project_role(PROJECT_A, "viewer", "viewer")
    registry.set_project_role(PROJECT_B, "rival", "viewer")
    registry.set_platform_role("platform", "platform")

    def issue(subject: str, **narrowing: object) -> str:
        issued = registry.issue_token(subject, "test", now=now, **narrowing)  # type: ignore[arg-type]  # passed through
        return issued.text

    revoked = registry.issue_token("viewer", "revoked", now=now)
    registry.revoke_token(revoked.id, now)
    tokens = Tokens(
        owner=issue("owner"),
        viewer=issue("viewer"),
        production=issue("viewer", project_id=PROJECT_A, environments=["production"]),
        pair=issue("viewer", project_id=PROJECT_A, environments=["production", "pr-7"]),
        billing=issue("billing"),
        member=issue("member"),
        platform=issue("platform"),
        logs_only=issue("viewer", actions=["logs:read"]),
        rival=issue("rival"),
        expired=registry.issue_token("viewer", "old", now=begun, expires_at=datetime(2026, 2, 1, tzinfo=UTC)).text,
        revoked=revoked.text,
    )
    engine.dispose()
    return tokens


def settings_file(folder: Path, *, control_store: str, port: int, regions: dict[str, str], more: str = "") -> Path:
    """Write a front-door's configuration; `regions` maps names to store URLs."""
    path = folder / "query.toml"
    tables = "".join(f'\n[[regions]]\nname = "{name}"\nmetrics_url = "{url}"\n' for name, url in regions.items())
    common = f'listen = "127.0.0.1:{port}"\ncontrol_store = "{control_store}"\naudit_log = "{folder / "audit.log"}"\n'
    path.write_text(f"{common}{more}{tables}")
    return path
