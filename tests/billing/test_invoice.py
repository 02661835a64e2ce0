from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.assembly import assemble
from billing.correction import corrections
from billing.errors import Immutable, Unbalanced
from billing.hour import month
from billing.invoice import Content, Invoice, ItemKind, State
from billing.lifecycle import (
    finalise,
    reissue,
    require_balance,
    require_intact,
    revise,
    submit,
    void,
    withdraw,
)
from billing.rating import rate
from core.errors import BadRequest
from tests.billing.books import BUILD, MARCH, book_of, credit_list, entries, inputs, row
from tests.billing.golden_cases import cases


@pytest.mark.parametrize("case", cases("invoice.yml"))
def test_an_invoice_is_made_of_rows_that_add_up(case: dict[str, Any]) -> None:
    content = assemble(
        [row(hour, "build_s", seconds) for hour, seconds in case["builds"].items()],
        book_of(case.get("prices", (BUILD,)), **case.get("book", {})),
        inputs(
            credits=credit_list(case.get("credits", ())),
            **{name: entries(case.get(name, ())) for name in ("taxes", "carried_in", "adjustments")},
        ),
    )
    require_balance(content)

    assert [(kind, Decimal(amount), shown) for kind, amount, shown in case["items"]] == [
        (item.kind.value, item.amount, str(item.shown)) for item in content.items
    ]
    assert case["total"] == str(content.total)
    assert list(range(1, len(content.items) + 1)) == [item.number for item in content.items]


def _content(seconds: int = 6000, **given: object) -> Content:
    return assemble([row(0, "build_s", seconds)], book_of(), inputs(**given))


@pytest.mark.parametrize(
    "stray",
    [
        pytest.param(replace(row(1, "build_s", 1), workspace_id="another"), id="of another workspace"),
        pytest.param(row(-1, "build_s", 1), id="of the month before"),
        pytest.param(row(744, "build_s", 1), id="of the month after"),
        pytest.param(row(0, "build_s", 77), id="of an hour that has one"),
        pytest.param(row(1, "build_s", -1), id="of a negative quantity"),
        pytest.param(row(1, "build_s", 2**63), id="of more than the ledger holds"),
    ],
)
def test_a_row_that_does_not_belong_is_refused(stray: Any) -> None:  # noqa: ANN401
    with pytest.raises(BadRequest, match=r"^rows: "):
        assemble([row(0, "build_s", 1), stray], book_of(), inputs())


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"taxes": entries([{"title": "VAT", "amount": "0.005"}])}, id="a tax"),
        pytest.param({"carried_in": entries([{"title": "Carried", "amount": "0.005"}])}, id="a carried amount"),
        pytest.param({"credits": credit_list([{"id": "c1", "remaining": "0.005"}])}, id="a credit"),
    ],
)
def test_an_amount_that_is_not_in_cents_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=r"^inputs: 0\.005 is not in whole cents"):
        _content(**given)


def test_included_units_are_taken_of_their_own_meter_alone() -> None:
    """The CPU seconds come first, on an earlier day and with their own price."""
    cpu = {"id": "cpu", "meter": "cpu_mcore_s", "unit": "vCPU-Seconds", "unit_price": "1"}
    included = [{"plan": "pro", "meter": "build_s", "unit": "Minutes", "quantity": 10}]
    used = [row(0, "cpu_mcore_s", 5_000), row(24, "build_s", 1_200)]
    content = assemble(used, book_of([cpu, BUILD], included_usage=included), inputs())

    assert [Decimal("-0.5")] == [item.amount for item in content.items if item.kind is ItemKind.INCLUDED]


def test_names_and_corrections_in_whatever_order_give_the_same_content() -> None:
    late = [row(hour, "build_s", 600) for hour in (-48, -24)]
    lines = corrections([], rate(late, book_of(), "pro"), "inv-0")
    first, other = (
        _content(corrections=lines[::step], names=inputs().names[::step], credits=credit_list([])) for step in (1, -1)
    )

    assert len(lines) == 2
    assert first.sha256 == other.sha256


@pytest.mark.parametrize(
    ("submitted", "approved"),
    [
        pytest.param("ada", "ada", id="the same"),
        pytest.param("ada", "ADA", id="in capitals"),
        pytest.param("Jos\u00e9", "JOSE\u0301", id="the accent apart"),
        pytest.param("ada", "\uff41\uff44\uff41", id="in wide letters"),
        pytest.param("strasse", "Stra\u00dfe", id="in another spelling of the same letter"),
    ],
)
def test_nobody_approves_their_own_invoice_however_they_write_themselves(submitted: str, approved: str) -> None:
    reviewed = submit(Invoice(_content()), submitted)

    with pytest.raises(BadRequest, match="a second person approves"):
        finalise(reviewed, "2026-0001", MARCH, approved)


def test_an_invoice_goes_from_draft_to_final_by_two_persons() -> None:
    reviewed = submit(revise(Invoice(_content()), _content(60_000)), "ada")
    final = finalise(reviewed, "2026-0001", MARCH, "bob")
    require_intact(final)

    assert (final.state, final.content.number, final.content.issued_at) == (State.FINAL, "2026-0001", MARCH)
    assert final.content.sha256 == final.content_sha256
    assert State.DRAFT is withdraw(reviewed).state
    with pytest.raises(BadRequest, match=r"^approved_by: "):
        finalise(reviewed, "2026-0001", MARCH, "ada")
    with pytest.raises(BadRequest, match=r"^number: "):
        finalise(reviewed, "", MARCH, "bob")


def test_no_step_is_taken_out_of_turn() -> None:
    draft = Invoice(_content())
    reviewed = submit(draft, "ada")
    final = finalise(reviewed, "1", MARCH, "bob")
    voided = void(final, MARCH, "bob", "wrong workspace")

    for invoice in (reviewed, final, voided):
        with pytest.raises(Immutable, match="only a draft one can be made anew"):
            revise(invoice, _content())
        with pytest.raises(Immutable):
            submit(invoice, "ada")
    for invoice in (draft, final, voided):
        with pytest.raises(Immutable):
            finalise(invoice, "2", MARCH, "bob")
        with pytest.raises(Immutable):
            withdraw(invoice)
    for invoice in (draft, reviewed, voided):
        with pytest.raises(Immutable):
            void(invoice, MARCH, "bob", "why")
    for invoice in (draft, reviewed, final):
        with pytest.raises(Immutable):
            reissue(invoice, _content())


def test_a_void_invoice_says_what_it_said_and_its_successor_names_it() -> None:
    final = finalise(submit(Invoice(_content()), "ada"), "1", MARCH, "bob")
    voided = void(final, MARCH, "bob", "wrong workspace")
    require_intact(voided)
    successor = reissue(voided, _content(invoice_id="inv-2"))

    assert final.content == voided.content
    assert (successor.content.replaces, successor.state) == ("inv-1", State.DRAFT)
    with pytest.raises(BadRequest, match=r"^invoice_id: "):
        reissue(voided, _content())
    with pytest.raises(BadRequest, match=r"^workspace_id: "):
        reissue(voided, replace(_content(invoice_id="inv-2"), period=month(2026, 4)))
    with pytest.raises(BadRequest, match=r"^workspace_id: "):
        reissue(voided, replace(_content(invoice_id="inv-2"), workspace_id="another"))
    with pytest.raises(BadRequest, match=r"^reason: "):
        void(final, MARCH, "bob", " ")


def test_a_draft_is_revised_only_with_its_own_content() -> None:
    with pytest.raises(BadRequest, match=r"^invoice_id: "):
        revise(Invoice(_content()), _content(invoice_id="inv-2"))


def test_a_changed_final_invoice_is_noticed() -> None:
    final = finalise(submit(Invoice(_content()), "ada"), "1", MARCH, "bob")

    with pytest.raises(Unbalanced, match="is not what was made final"):
        require_intact(replace(final, content=replace(final.content, workspace_name="Other")))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"total": Decimal("5.01")}, "do not add up to its total", id="total"),
        pytest.param({"lines": ()}, "not the sum of its lines", id="a line lost"),
    ],
)
def test_an_invoice_that_does_not_add_up_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(Unbalanced, match=told):
        submit(Invoice(replace(_content(), **change)), "ada")


def test_a_line_that_is_not_its_product_and_a_shown_cent_too_much_are_refused() -> None:
    content = _content()
    line = replace(content.lines[0], unit_price=Decimal("0.06"))
    item = replace(content.items[0], shown=Decimal("5.01"))

    with pytest.raises(Unbalanced, match="is not quantity times price"):
        require_balance(replace(content, lines=(line,)))
    with pytest.raises(Unbalanced, match="what is shown"):
        require_balance(replace(content, items=(item,)))


def test_an_invoice_of_a_fraction_of_a_cent_is_refused_although_it_adds_up() -> None:
    fraction = Decimal("5.005")
    content = _content(6_006)
    items = (replace(content.items[0], shown=fraction),)

    assert content.items[0].amount == fraction
    with pytest.raises(Unbalanced, match="what is shown"):
        require_balance(replace(content, items=items, total=fraction))
