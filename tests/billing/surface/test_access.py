"""Who may see a workspace's usage and invoices, and what everybody else is told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from tests.billing.accounts.world import NEIGHBOUR
from tests.billing.books import WORKSPACE

if TYPE_CHECKING:
    from tests.billing.surface.serving import UsageDoor

UNKNOWN: Final = "ffffffff-0000-4000-8000-00000000000f"
PAGES: Final = ("/usage", "/usage/focus", "/invoices", "/invoices/2026-0001")
SEES: Final = ("owner", "admin", "billing", "finance")


@pytest.mark.parametrize(
    ("holder", "workspace", "status"),
    [
        *(pytest.param(holder, WORKSPACE, 200, id=f"{holder} sees it") for holder in SEES),
        pytest.param("member", WORKSPACE, 403, id="a plain member lacks the role"),
        pytest.param("platform", WORKSPACE, 403, id="the platform's other staff is not finance"),
        pytest.param("metrics_only", WORKSPACE, 403, id="the token lacks the action"),
        pytest.param("viewer", WORKSPACE, 404, id="a project's viewer does not relate to the workspace"),
        pytest.param("narrowed", WORKSPACE, 404, id="a project's token does not reach the workspace"),
        pytest.param("elsewhere", WORKSPACE, 404, id="a token of another workspace"),
        pytest.param("rival", WORKSPACE, 404, id="another workspace's owner"),
        pytest.param("billing", NEIGHBOUR, 404, id="a foreign workspace"),
        pytest.param("finance", UNKNOWN, 404, id="unknown to finance"),
        pytest.param("billing", UNKNOWN, 404, id="unknown to others"),
        pytest.param("billing", WORKSPACE.upper(), 404, id="an id that is not canonical"),
        pytest.param("finance", NEIGHBOUR, 200, id="finance sees all"),
    ],
)
def test_everybody_is_told_the_same_on_every_page(door: UsageDoor, holder: str, workspace: str, status: int) -> None:
    with door.client(holder, workspace) as client:
        for page in PAGES[: 3 if workspace == NEIGHBOUR else 4]:
            answer = client.get(page)
            assert answer.status_code == status, (page, answer.text)
            if status != 200:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["status"] == status
            if status == 404:
                assert answer.json()["detail"] == "no such workspace or invoice"


def test_without_a_valid_credential_nobody_is_let_in(door: UsageDoor) -> None:
    base = f"{door.url}/v1/workspaces/{WORKSPACE}"
    token = f"Bearer {door.tokens.billing}"
    for headers in (
        [],
        [("Authorization", "Bearer sm_nonsense")],
        [("Authorization", token), ("Authorization", token)],
        [("Authorization", f"Basic {door.tokens.billing}")],
    ):
        for page in PAGES:
            answer = httpx.get(f"{base}{page}", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_for_usage_alone_sees_no_invoice_under_any_name(door: UsageDoor) -> None:
    with door.client("usage_only") as client:
        assert client.get("/usage").status_code == 200
        assert client.get("/invoices").status_code == 403
        assert client.get("/usage", params={"source": "invoice"}).status_code == 403
        # Credits, amounts carried over and corrections are of invoices, drawn up or not.
        for source in ("published", "estimate", "invoice"):
            assert client.get("/usage/focus", params={"source": source}).status_code == 403


def test_a_token_for_invoices_alone_sees_no_usage_among_charges(door: UsageDoor) -> None:
    with door.client("invoices_only") as client:
        assert client.get("/invoices").status_code == 200
        assert client.get("/usage").status_code == 403
        assert client.get("/usage/focus").status_code == 403


def test_drafts_are_the_platforms_own(door: UsageDoor) -> None:
    with door.client("billing") as client:
        states = {each["state"] for each in client.get("/invoices").json()["invoices"]}

    assert states == {"final"}


def test_every_read_has_its_audit_line(door: UsageDoor) -> None:
    with door.client("member") as client:
        client.get("/usage", params={"grain": "hour"})
    with door.client("billing") as client:
        client.get("/usage", params={"grain": "hour", "format": "csv"})
    deadline = time.monotonic() + 20
    found: dict[str, dict[str, object]] = {}
    while not {"billing", "refused"} <= set(found) and time.monotonic() < deadline:
        lines = [json.loads(line) for line in (door.folder / "audit.log").read_text().splitlines()]
        found = {
            str(line["subject"]): line
            for line in lines
            if line["endpoint"] == "usage" and line.get("query") == "grain=hour&format=csv"
        }
        refused = [line for line in lines if line["endpoint"] == "usage" and line["status"] == 403]
        found |= {"refused": refused[-1]} if refused else {}
        time.sleep(0.02)

    told = found["billing"]
    assert (told["workspace_id"], told["status"], told["method"]) == (WORKSPACE, 200, "GET")
    assert found["refused"]["path"] == [WORKSPACE]
    assert found["refused"]["reason"] == "forbidden"
