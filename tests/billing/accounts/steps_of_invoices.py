"""Steps of the story that is told in a terminal: invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from billing.commands import app
from tests.billing.accounts.office import TOTAL
from tests.billing.accounts.world import builds

if TYPE_CHECKING:
    from tests.billing.accounts.office import Office


def a_month_is_drafted_reviewed_and_approved_by_two(office: Office) -> None:
    office.run("credit", "give", "--workspace", "Globex", "--amount", "1.00", "--title", "Welcome", "--by", "ada")
    office.run("invoice", "draft", "--month", "2026-03")
    office.run("invoice", "submit", "--month", "2026-03", "--by", "ada")
    refused = office.run("invoice", "approve", "--month", "2026-03", "--by", "ada", exits=1).output
    office.run("invoice", "approve", "--month", "2026-03", "--by", "bob")
    listed = office.json("invoice", "list", "--month", "2026-03")

    assert refused.count("a second person approves") == 2
    assert [(each["state"], each["total"]) for each in listed] == [("final", TOTAL), ("final", "0.50")]
    assert sorted(each["number"][-5:] for each in listed) == ["-0001", "-0002"]
    assert "Acme" in office.run("invoice", "list", "--workspace", "Acme").stdout
    assert "2 in review or final" in office.run("invoice", "draft", "--month", "2026-03").output
    credits_left = office.json("credit", "list", "--workspace", "Globex")
    assert [each["remaining"] for each in credits_left] == ["0.00"]


def an_invoice_is_shown_and_every_item_explained_to_its_pods(office: Office) -> None:
    number = office.number()
    shown = office.json("invoice", "show", number)["content"]
    explained = [office.json("explain", number, str(item["number"])) for item in shown["items"]]

    assert f"USD {TOTAL}" in office.run("invoice", "show", number).stdout
    assert [each["sources"][0]["source_id"] for each in explained[:3]] == ["build-1-a", "pod-1", "pod-1"]
    for each in explained[:3]:
        assert sum(Decimal(day["amount"]) for day in each["days"]) == Decimal(each["item"]["amount"])
        assert sum(day["base_quantity"] for day in each["days"]) == sum(s["base_quantity"] for s in each["sources"])
    told = office.run("explain", number, "2").stdout
    assert "CPU: 1000.00 vCPU-Seconds × 0.000007716049 USD = 0.007716049 USD, shown as 0.01" in told  # noqa: RUF001 - a product
    assert "pod-1" in told
    assert "2026-03-01T00:00:00Z" in told
    hours = office.run("explain", number, "2", "--hours", "--most", "1").output
    assert "2026-03-01T" in hours
    assert {"hours", "sources"} <= office.json("explain", number, "2", "--hours").keys()
    office.run("explain", number, "99", exits=2)
    office.run("explain", number, "99", "--hours", exits=2)


def an_invoice_is_written_in_every_form_and_its_bundle_holds(office: Office) -> None:
    number = office.number()
    starts = {"pdf": b"%PDF", "html": b"<!", "csv": b"invoice,item", "json": b"{", "zip": b"PK"}
    for ending, start in starts.items():
        target = office.folder / f"invoice.{ending}"
        office.run("invoice", "write", number, str(target))
        assert target.read_bytes().startswith(start), ending
    office.run("invoice", "pdf", number, str(office.folder / "again.pdf"))
    office.run("invoice", "bundle", number, str(office.folder / "again.zip"))
    sha256 = office.json("invoice", "show", number)["content_sha256"]
    verified = CliRunner().invoke(app, ["verify", str(office.folder / "again.zip"), "--sha256", sha256])

    assert (office.folder / "again.pdf").read_bytes() == (office.folder / "invoice.pdf").read_bytes()
    assert (verified.exit_code, f"USD {TOTAL} from 3 usage rows holds" in verified.output) == (0, True)
    office.run("invoice", "write", number, str(office.folder / "invoice.doc"), exits=2)


def the_next_month_corrects_and_differs_and_the_journal_adds_up(office: Office) -> None:
    office.world.publish([builds(1, 110)])
    office.run("invoice", "draft", "--month", "2026-04", "--workspace", "Acme")
    april = office.number("2026-04")
    office.run("invoice", "submit", april, "--by", "ada")
    office.run("invoice", "withdraw", april)
    office.run("invoice", "draft", "--month", "2026-04", "--workspace", "Acme")
    office.run("invoice", "submit", april, "--by", "ada")
    office.run("invoice", "approve", april, "--by", "bob")
    corrections = [
        item["amount"] for item in office.json("invoice", "show", april)["content"]["items"] if item["corrects"]
    ]
    changes = office.json("diff", office.number(), april, exits=1)

    assert corrections == ["0.50"]
    assert [(each["kind"], each["quantity"], each["new"]) for each in changes if each["meter"] == "build_s"] == [
        ("correction", "0.00", "0.50"),
        ("usage", "1.50", "0.00"),
    ]
    assert "DIFFERENCE" in office.run("diff", office.number(), april, exits=1).stdout
    told = office.run("journal").output
    assert "every transaction adds up to zero" in told
    assert "revenue:build_s" in told
    assert office.json("journal")["findings"] == []
    office.run("journal", "--check")


def a_void_invoice_is_reissued(office: Office) -> None:
    april = office.number("2026-04")
    office.run("invoice", "void", april, "--by", "ada", "--reason", "wrong address")
    office.run("invoice", "reissue", april, "--tax", "VAT 19 %", exits=2)
    office.run("invoice", "reissue", april, "--tax", "VAT=1.00", "--no-tax", exits=2)
    office.run("invoice", "draft", "--month", "2026-04", "--tax", "VAT=1.00", exits=2)
    again = office.run("invoice", "reissue", april, "--tax", "VAT 19 %=1.23").stdout.strip()
    assert _taxes(office, again) == [("VAT 19 %", "1.23")]
    redrafting = ("invoice", "draft", "--month", "2026-04", "--workspace", "Acme")
    assert "has VAT 19 % 1.23; say" in office.run(*redrafting, exits=1).output
    office.run(*redrafting, "--no-tax")
    assert _taxes(office, again) == []

    assert (
        office.json("invoice", "show", again)["content"]["replaces"]
        == office.json("invoice", "show", april)["content"]["invoice_id"]
    )
    office.run("journal", "--check")


def _taxes(office: Office, number: str) -> list[tuple[str, str]]:
    items = office.json("invoice", "show", number)["content"]["items"]
    return [(item["title"], item["shown"]) for item in items if item["kind"] == "tax"]
