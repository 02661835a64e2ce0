"""Steps of the story that is told in a terminal: price books."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from tests.billing.accounts.office import TOTAL
from tests.billing.books import BUILD, WORKSPACE, written

if TYPE_CHECKING:
    from tests.billing.accounts.office import Office

SAMPLE: Final = str(files("billing").joinpath("price_books/sample.yml"))
STANDARD: Final = str(files("billing").joinpath("price_books/standard.yml"))


def sample_prices_are_not_put_in_force_by_accident(office: Office) -> None:
    told = office.run("price-book", "activate", SAMPLE, "--by", "ada", exits=1).output

    assert "cpu-sample-1: a sample price, not a decision" in told
    assert "not put in force: cpu-sample-1, egress-sample-1, memory-sample-1, volume-sample-1 are samples" in told
    assert office.json("price-book", "list") == []


def without_a_price_an_invoice_is_not_drawn_up_and_its_usage_named(office: Office) -> None:
    assert "no price book has been in force" in office.run("price-book", "activate", STANDARD, "--by", "ada").output
    told = office.run("invoice", "draft", "--month", "2026-03", exits=1).output

    assert f"{WORKSPACE}: price book standard version 1: no sell price of cpu_mcore_s" in told
    assert [each["total"] for each in office.json("invoice", "list")] == ["1.50"]


def a_price_book_is_shown_before_it_is_put_in_force(office: Office) -> None:
    words = "price-book", "activate", SAMPLE, "--by", "ada", "--with-samples"
    shown = office.run(*words, "--dry-run").output
    office.run(*words)
    listed = office.json("price-book", "list")

    assert "cpu-sample-1: new\n  kind: sell\n" in shown
    assert [(each["name"], each["active"]) for each in listed] == [("sample", True), ("standard", False)]
    assert json.loads(office.run("price-book", "show").stdout)["name"] == "sample"
    assert "sample" in office.run("price-book", "list").stdout


def another_price_book_is_tried_without_touching_anything(office: Office) -> None:
    other = office.folder / "other.yml"
    prices = [{**BUILD, "unit_price": "0.07"}, *_others()]
    other.write_text(json.dumps(written(prices, name="other")))
    before = office.json("invoice", "list")
    found = office.json("what-if", "--book", str(other), "--month", "2026-03", exits=1)

    assert [(each["before"], each["after"], each["difference"]) for each in found] == [
        (TOTAL, "7.01", "2.00"),
        ("1.50", "2.10", "0.60"),
    ]
    assert [each["price"] for each in found[0]["changes"] if each["meter"] == "build_s"] == ["2.00"]
    told = office.run("what-if", "--book", str(other), "--month", "2026-03", "--workspace", "Acme", exits=1)
    assert "1 of 1 workspaces would be charged otherwise" in told.output
    assert office.json("invoice", "list") == before
    assert [each["name"] for each in office.json("price-book", "list") if each["active"]] == ["sample"]


def _others() -> list[dict[str, Any]]:
    return [
        {"id": "cpu", "meter": "cpu_mcore_s", "unit": "vCPU-Seconds", "unit_price": "0.000007716049"},
        {"id": "memory", "meter": "mem_byte_s", "unit": "GiB-Seconds", "unit_price": "0.000003858025"},
    ]
