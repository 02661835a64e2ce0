from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.assembly import assemble
from billing.errors import Unbalanced
from billing.explanation import explain
from billing.hour import HOUR
from billing.invoice import ItemKind
from billing.price_book_file import read_price_book
from billing.rounding import total
from core.errors import NotFound
from tests.billing.books import BUILD, MARCH, book_of, inputs, row
from tests.billing.month import BOOK, final, rows


def test_every_item_explains_itself_to_the_last_digit() -> None:
    content, book = final().content, read_price_book(BOOK)
    for item in content.items:
        explanation = explain(content, item.number, rows(), book)

        if item.meter is not None:
            assert item.amount == total(day.amount for day in explanation.days)
            assert item.quantity == total(day.quantity for day in explanation.days)
        assert str(item.amount.normalize()).split(".")[0] in explanation.formula


def test_an_explanation_has_formula_price_days_and_sources() -> None:
    used = [
        row(0, "build_s", 600, source="b-1"),
        row(1, "build_s", 900, source="b-2"),
        row(24, "build_s", 60, source="b-1"),
    ]
    used[1] = replace(used[1], interpolated_s=5, unbracketed_s=7, node="node-9")
    book = book_of()
    explanation = explain(assemble(used, book, inputs()), 1, used, book)

    assert explanation.formula == "26.00 Minutes × 0.05 USD = 1.30 USD, shown as 1.30"  # noqa: RUF001 - a product
    assert book.by_id("build") is explanation.price
    assert [Decimal(25), Decimal(1)] == [day.quantity for day in explanation.days]
    assert [
        (each.source_id, each.base_quantity, each.interpolated_s, each.unbracketed_s, each.node)
        for each in explanation.sources
    ] == [("b-2", 900, 5, 7, "node-9"), ("b-1", 660, 0, 0, "")]
    assert (explanation.sources[1].first_hour, explanation.sources[1].last_hour) == (MARCH, MARCH + 24 * HOUR)


def test_a_price_change_keeps_the_sources_of_both_prices_apart() -> None:
    end = "2026-03-01T05:00:00Z"
    book = book_of([{**BUILD, "valid_to": end}, {**BUILD, "id": "new", "unit_price": "0.06", "valid_from": end}])
    used = [row(4, "build_s", 60, source="early"), row(5, "build_s", 60, source="late")]
    content = assemble(used, book, inputs())

    assert [[each.source_id for each in explain(content, number, used, book).sources] for number in (1, 2)] == [
        ["early"],
        ["late"],
    ]


def test_rows_that_do_not_add_up_to_the_item_are_refused() -> None:
    used = [row(0, "build_s", 600)]
    content = assemble(used, book_of(), inputs())

    with pytest.raises(Unbalanced, match="its pods and builds do not add up"):
        explain(content, 1, [], book_of())
    with pytest.raises(Unbalanced, match="its days do not add up"):
        explain(replace(content, lines=()), 1, used, book_of())


def test_an_item_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="has items 1 to"):
        explain(final().content, 99, rows(), read_price_book(BOOK))


def test_a_correction_explains_what_it_corrects() -> None:
    content = final().content
    number = next(item.number for item in content.items if item.kind is ItemKind.CORRECTION)

    assert explain(content, number, rows(), read_price_book(BOOK)).formula.endswith("corrects inv-0")
