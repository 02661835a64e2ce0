"""Two workspaces with two months of usage in a real ledger, published, estimated, invoiced and corrected late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from billing.hour import DAY, HOUR, Period, month
from billing.ledger.store import Ledger
from core import migration
from core.clickhouse import Endpoint
from core.registry import Registry
from sql.topology import Topology
from tests.billing.accounts.world import MARCH_2026, NEIGHBOUR, World, neighbours
from tests.billing.books import MARCH, PROJECT, SERVICES, WORKSPACE, row
from tests.billing.month import BOOK, rows

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from billing.usage import UsageRow

APRIL: Final = month(2026, 4)
# What the neighbour uses of everything: an amount that no answer to anybody else may show, nor a multiple of it.
CANARY: Final = 737_373_737
SECRET: Final = "nbsecret"
# The neighbour's services, and those that it has in common with nobody.
ITS_SERVICES: Final = {letter: f"dddddddd-0000-4000-8000-00000000000{letter}" for letter in "ab"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """API tokens by who holds them."""

    owner: str
    admin: str
    billing: str
    member: str
    viewer: str  # of the project alone
    narrowed: str  # the owner's, narrowed to the project
    elsewhere: str  # the owner's of both, narrowed to the neighbour's workspace
    usage_only: str
    invoices_only: str
    metrics_only: str
    finance: str
    platform: str
    rival: str  # the neighbour's owner


def april() -> list[UsageRow]:
    """Two days of April, the second of which is an estimate so far."""
    first = (APRIL.start - MARCH) // HOUR
    used = [row(first + hour, "cpu_mcore_s", 3_600_000 + hour, "a") for hour in range(48)]
    return [*used, *(row(first + hour, "mem_byte_s", 2**30 * 3600, "b") for hour in range(0, 48, 6))]


def of_neighbour(used: list[UsageRow]) -> list[UsageRow]:
    """The neighbour's usage beside somebody's: the same hours, meters and clusters, and amounts of its own."""
    found = []
    for each in used:
        letter = "a" if each.service_id == SERVICES["a"] else "b"
        its = replace(
            neighbours(each),
            service_id=ITS_SERVICES[letter],
            environment=f"{SECRET}-{each.environment}",
            quantity=CANARY,
        )
        found.append(replace(its, source_id=f"{each.source_id}-{SECRET}", node=SECRET))
    # And rows that differ from somebody's in the workspace alone.
    return [*found, *(replace(each, workspace_id=NEIGHBOUR) for each in used[::7])]


def build(engine: Engine) -> World:
    """The control store's side; the rows lie on the world's shelf."""
    world = World(engine).build()
    registry = Registry(engine)
    for letter, service in ITS_SERVICES.items():
        registry.create_service(_its_project(), f"{SECRET}-{letter}", service_id=service)
    registry.create_environment(PROJECT, "production")
    world.activate(BOOK.decode())
    return world


def _its_project() -> str:
    return neighbours(row(0, "build_s", 1)).project_id


def publish(world: World, *, crowded: bool = True) -> None:
    """March, its final invoices, a late pod of March, April's first day, a draft, April's second as an estimate."""

    def beside(used: list[UsageRow]) -> list[UsageRow]:
        return [*used, *of_neighbour(used)] if crowded else used

    world.publish(beside(rows()), MARCH_2026)
    world.final(MARCH_2026)
    if crowded:
        world.final(MARCH_2026, NEIGHBOUR)
    late = [each for each in rows() if each.hour == MARCH]
    world.publish(beside([*late, row(0, "cpu_mcore_s", 1_800_000, "b", source="late-pod")]))
    used = april()
    second = APRIL.start + DAY
    world.publish(beside([each for each in used if each.hour < second]), Period(APRIL.start, second))
    world.invoices.draft(WORKSPACE, APRIL, world.evidence)
    world.publish(beside([each for each in used if each.hour >= second]), kind="estimate")


def fill(world: World, url: str) -> None:
    """Write what was published into the ledger, and the copy of the publications."""
    endpoint = Endpoint.of("the ledger", url)
    migration.upgrade(endpoint, migration.LEDGER, Topology.SINGLE)
    ledger = Ledger(endpoint)
    try:
        for run, used in world.shelf.runs.items():
            ledger.write(used, run)
        ledger.mirror(world.log.after(0, 100_000))
    finally:
        ledger.close()


def issue(world: World) -> Tokens:
    """Roles and tokens."""
    from datetime import UTC, datetime  # noqa: PLC0415 - of the real clock, by which tokens are judged

    registry, now = Registry(world.engine), datetime.now(UTC)
    for role in ("owner", "admin", "billing", "member"):
        registry.set_workspace_role(WORKSPACE, role, role)
    registry.set_project_role(PROJECT, "viewer", "viewer")
    registry.set_workspace_role(NEIGHBOUR, "rival", "owner")
    registry.set_workspace_role(NEIGHBOUR, "owner", "owner")
    registry.set_platform_role("finance", "finance")
    registry.set_platform_role("platform", "platform")

    def token(subject: str, **narrowing: object) -> str:
        return registry.issue_token(subject, "test", now=now, **narrowing).text  # type: ignore[arg-type]  # passed on

    return Tokens(
        owner=token("owner", workspace_id=WORKSPACE),
        admin=token("admin"),
        billing=token("billing"),
        member=token("member"),
        viewer=token("viewer"),
        narrowed=token("owner", project_id=PROJECT),
        elsewhere=token("owner", workspace_id=NEIGHBOUR),
        usage_only=token("owner", actions=["usage:read"]),
        invoices_only=token("owner", actions=["invoices:read"]),
        metrics_only=token("owner", actions=["metrics:read"]),
        finance=token("finance"),
        platform=token("platform"),
        rival=token("rival"),
    )
