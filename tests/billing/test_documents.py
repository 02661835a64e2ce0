from __future__ import annotations

import csv
import io
import json
import zlib
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from billing.canonical import canonical, decimal_text
from billing.documents import as_csv, as_html, as_json, as_pdf, cell, file_name
from billing.invoice import Invoice, State
from billing.lifecycle import void
from billing.presentation import page
from tests.billing.books import MARCH, PROJECT, inputs
from tests.billing.month import final


@pytest.fixture(scope="module")
def invoice() -> Invoice:
    return final()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0.00"),
        ("-0", "0.00"),
        ("-0.00", "0.00"),
        ("1E+2", "100.00"),
        ("1.5", "1.50"),
        ("0.000463", "0.000463"),
        ("10.1000", "10.10"),
        ("-1.005", "-1.005"),
    ],
)
def test_a_decimal_has_one_spelling(value: str, text: str) -> None:
    assert text == decimal_text(Decimal(value))


def test_canonical_json_sorts_keys_and_refuses_floats() -> None:
    assert canonical({"b": "é", "a": [Decimal("1.5"), None, True]}) == b'{"a":["1.50",null,true],"b":"\xc3\xa9"}'
    with pytest.raises(TypeError, match="float has no canonical form"):
        canonical({"amount": 0.1})


def test_every_text_and_whole_number_is_written_as_the_standard_library_writes_it() -> None:
    every = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
    value = {"text": every, "é\n": [True, None, -(2**63), 2**64 - 1], "quote": '"', "Z": "", "a": {"c": 1, "b": ()}}
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    assert canonical(value) == written
    # More than 64 bits make another writer write it, which shows in nothing.
    assert canonical(value | {"large": 10**40}) == written.replace(b',"quote"', b',"large":1' + b"0" * 40 + b',"quote"')
    with pytest.raises(UnicodeEncodeError):
        canonical("\ud800")


def test_json_says_what_the_invoice_says(invoice: Invoice) -> None:
    read = json.loads(as_json(invoice))

    assert (read["state"], read["content"]["number"]) == ("final", "2026-0003")
    assert str(invoice.content.total) == read["content"]["total"]
    assert invoice.content.total == sum(Decimal(item["shown"]) for item in read["content"]["items"])


def test_csv_has_one_row_per_item_and_its_numbers_add_up(invoice: Invoice) -> None:
    read = list(csv.DictReader(io.StringIO(as_csv(invoice).decode())))

    assert len(invoice.content.items) == len(read)
    assert invoice.content.total == sum(Decimal(each["shown"]) for each in read)
    assert invoice.content.total == sum(Decimal(each["amount"]) for each in read)
    assert {"Shop", ""} == {each["project"] for each in read}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_name_that_is_a_formula_is_only_a_text_to_a_spreadsheet(invoice: Invoice, text: str) -> None:
    named = replace(invoice, content=replace(invoice.content, names=((PROJECT, text),)))
    read = list(csv.DictReader(io.StringIO(as_csv(named).decode(), newline="")))

    assert f"'{text}" == read[0]["project"]
    assert cell("plain") == "plain"


def test_a_negative_number_stays_a_number(invoice: Invoice) -> None:
    read = list(csv.DictReader(io.StringIO(as_csv(invoice).decode())))

    assert "-5.00" in {each["shown"] for each in read}


def test_excel_is_told_that_it_is_utf_8(invoice: Invoice) -> None:
    assert b"\xef\xbb\xbf" + as_csv(invoice) == as_csv(invoice, for_excel=True)


def test_a_page_shows_every_item_once_and_the_total(invoice: Invoice) -> None:
    shown = page(invoice)
    rows = [row for group in shown.groups for row in group.rows]

    assert len(invoice.content.items) == len(rows) + len(shown.others)
    assert [group.heading for group in shown.groups] == ["Shop · production", "Shop · staging"]
    assert f"{invoice.content.total:,.2f}" == shown.total
    assert shown.period == "1 March 2026 to 31 March 2026"
    assert any("correction of inv-0" in row.what for row in shown.others)


def test_html_escapes_names_and_loads_nothing(invoice: Invoice) -> None:
    hostile = replace(invoice, content=replace(invoice.content, workspace_name="<script>alert(1)</script>"))
    text = as_html(hostile).decode()

    assert "&lt;script&gt;alert(1)" in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert invoice.content.sha256 in as_html(invoice).decode()


def test_a_void_invoice_says_that_it_is_void_and_why(invoice: Invoice) -> None:
    text = as_html(void(invoice, MARCH, "bob", "wrong workspace")).decode()

    assert "Void invoice 2026-0003" in text
    assert "wrong workspace" in text


def test_an_empty_draft_is_a_page_and_a_pdf() -> None:
    from billing.assembly import assemble  # noqa: PLC0415 - only here
    from tests.billing.books import book_of  # noqa: PLC0415 - only here

    draft = Invoice(assemble([], book_of(), inputs()))

    assert "No usage in this period." in as_html(draft).decode()
    assert as_pdf(draft).startswith(b"%PDF-")
    assert State.DRAFT is draft.state


def test_pdf_is_the_same_bytes_for_the_same_invoice_and_others_for_another(invoice: Invoice) -> None:
    first = as_pdf(invoice)

    assert first == as_pdf(final())
    assert first != as_pdf(replace(invoice, content=replace(invoice.content, workspace_name="Other")))
    assert first.startswith(b"%PDF-")


def test_a_name_is_text_to_typst_and_never_markup(invoice: Invoice) -> None:
    hostile = replace(invoice, content=replace(invoice.content, workspace_name='#panic("x") $ ] " \\ *'))

    assert as_pdf(hostile).startswith(b"%PDF-")


def test_a_long_invoice_has_several_pages(invoice: Invoice) -> None:
    content = invoice.content
    few = content.items[:3]
    many = tuple(replace(item, environment=f"env-{number}") for number in range(40) for item in few)
    short, long = (as_pdf(replace(invoice, content=replace(content, items=items))) for items in (few, many))

    assert _pages(short) == 1
    assert _pages(long) > 2


def _pages(pdf: bytes) -> int:
    """How many page objects a PDF has, plainly or in compressed object streams."""
    found = 0
    for part in (pdf, *_streams(pdf)):
        found += part.replace(b"/Type/Pages", b"").replace(b"/Type /Pages", b"").count(b"/Type /Page")
        found += part.replace(b"/Type/Pages", b"").count(b"/Type/Page")
    return found


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    ends = [part.find(b"endstream") for part in pdf.split(b"stream\n")[1:]]
    for part, end in zip(pdf.split(b"stream\n")[1:], ends, strict=True):
        try:
            found.append(zlib.decompress(part[:end]))
        except zlib.error:
            continue
    return found


def test_files_are_named_by_number_and_period(invoice: Invoice) -> None:
    assert file_name(invoice, "pdf") == "invoice-2026-0003-2026-03-01.pdf"


def test_items_are_numbered_in_the_order_of_computation(invoice: Invoice) -> None:
    order = ["usage", "included", "correction", "credit", "tax", "rounding"]
    kinds = [item.kind.value for item in invoice.content.items]

    assert all(order.index(first) <= order.index(second) for first, second in pairwise(kinds))
    assert set(order) == set(kinds)
