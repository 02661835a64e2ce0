"""`/invoices`: the list, each invoice in every form, and a bundle that computes again offline."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Final

import pytest

from billing.canonical import canonical, decimal_text
from billing.documents import as_csv, as_html, as_json, as_pdf
from billing.verification import verify
from tests.billing.accounts.world import NEIGHBOUR
from tests.billing.surface import expected

if TYPE_CHECKING:
    import httpx

    from billing.invoice import Invoice
    from tests.billing.surface.conftest import Scene
    from tests.billing.surface.serving import UsageDoor

OURS: Final = {"submitted_by", "approved_by", "voided_by"}


def _issued_json(invoice: Invoice) -> bytes:
    """What a customer sees of it."""
    return canonical({name: value for name, value in json.loads(as_json(invoice)).items() if name not in OURS})


FORMS: Final = {
    "json": ("application/json", _issued_json),
    "html": ("text/html", as_html),
    "pdf": ("application/pdf", as_pdf),
    "csv": ("text/csv", as_csv),
}


def test_the_list_has_what_was_issued(stage: Scene, acme: httpx.Client) -> None:
    answer = acme.get("/invoices")
    (told,) = answer.json()["invoices"]
    known = expected.invoice(stage.world)

    assert told == {
        "id": known.content.invoice_id,
        "number": known.content.number,
        "start": "2026-03-01T00:00:00Z",
        "end": "2026-04-01T00:00:00Z",
        "state": "final",
        "total": decimal_text(known.content.total),
        "currency": "USD",
        "issued_at": "2026-04-02T00:00:00Z",
        "content_sha256": known.content_sha256,
        "replaces": None,
    }
    tag = answer.headers["etag"]
    assert acme.get("/invoices", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("form", FORMS)
def test_an_invoice_is_the_same_document_by_ending_accept_and_format(
    stage: Scene, acme: httpx.Client, form: str
) -> None:
    invoice = expected.invoice(stage.world)
    known = invoice.content
    kind, write = FORMS[form]
    document = write(invoice)
    answers = [
        acme.get(f"/invoices/{known.number}.{form}"),
        acme.get(f"/invoices/{known.invoice_id}", headers={"Accept": f"text/x-unknown, {kind}"}),
        acme.get(f"/invoices/{known.number}", params={"format": form}),
    ]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert f"{known.number}-2026-03-01.{form}" in answer.headers["content-disposition"]
        assert answer.content == document
    tag = answers[0].headers["etag"]
    again = acme.get(f"/invoices/{known.number}.{form}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_page_of_an_invoice_runs_nothing_and_is_framed_nowhere(acme: httpx.Client) -> None:
    policy = acme.get("/invoices/2026-0001.html").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy


def test_a_bundle_computes_again_offline(stage: Scene, acme: httpx.Client) -> None:
    known = expected.invoice(stage.world).content
    bundle = acme.get(f"/invoices/{known.number}.zip")
    verdict = verify(bundle.content, known.sha256)

    assert bundle.headers["content-type"] == "application/zip"
    assert verdict.findings == ()
    assert verdict.holds
    assert verdict.invoice == known.number


def test_who_made_an_invoice_is_told_to_finance_alone(stage: Scene, door: UsageDoor) -> None:
    invoice = expected.invoice(stage.world)
    makers = {"submitted_by": "ada", "approved_by": "bob", "voided_by": ""}
    assert makers.items() <= json.loads(as_json(invoice)).items()
    with door.client("finance") as finance, door.client("owner") as owner:
        known = finance.get("/invoices/2026-0001.json").content
        told = owner.get("/invoices/2026-0001.json").json()
        with zipfile.ZipFile(io.BytesIO(owner.get("/invoices/2026-0001.zip").content)) as bundle:
            bundled = json.loads(bundle.read("invoice.json"))

    assert known == as_json(invoice)
    assert not OURS & set(told)
    assert told["content"] == json.loads(known)["content"]
    assert {bundled[name] for name in OURS} == {""}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        pytest.param("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", id="a browser"),
        pytest.param("application/pdf;q=0.2, text/csv;q=0.7", "text/csv", id="the one that is wanted more"),
        pytest.param("application/pdf;q=0, text/csv;q=0", "application/json", id="what is refused is not sent"),
    ],
)
def test_an_invoice_is_sent_in_the_form_that_is_wanted_most(acme: httpx.Client, accept: str, kind: str) -> None:
    answer = acme.get("/invoices/2026-0001", headers={"Accept": accept})

    assert answer.headers["content-type"].startswith(kind)


def test_a_foreign_invoice_looks_like_an_unknown_one(stage: Scene, door: UsageDoor) -> None:
    foreign = expected.invoice(stage.world, NEIGHBOUR).content
    with door.client() as acme, door.client("rival", NEIGHBOUR) as rival:
        for name in (foreign.number, foreign.invoice_id):
            for ending in ("", ".json", ".pdf", ".zip"):
                there, elsewhere = rival.get(f"/invoices/{name}{ending}"), acme.get(f"/invoices/{name}{ending}")
                unknown = acme.get(f"/invoices/2026-9999{ending}")
                assert there.status_code == 200
                assert (elsewhere.status_code, elsewhere.content) == (404, unknown.content)


def test_a_draft_is_shown_to_finance_alone(stage: Scene, door: UsageDoor) -> None:
    draft = expected.invoice(stage.world, state="draft").content
    with door.client("finance") as finance, door.client("owner") as owner:
        listed = {each["state"] for each in finance.get("/invoices").json()["invoices"]}
        for ending in ("", ".pdf", ".zip"):
            assert finance.get(f"/invoices/{draft.invoice_id}{ending}").status_code == 200
            assert owner.get(f"/invoices/{draft.invoice_id}{ending}").status_code == 404

    assert listed == {"final", "draft"}
