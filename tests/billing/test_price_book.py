from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
import yaml

from billing.meter import Meter
from billing.price import Kind, Origin
from billing.price_book_diff import price_changes, remarks
from billing.price_book_file import normal_form, read_price_book
from core.errors import BadRequest
from tests.billing.books import BUILD, book_of, written
from tests.billing.golden_cases import cases


def _changed(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    prices = [{**BUILD, **case.get("price", {})}]
    if "second" in case:
        prices.append({**BUILD, **case["second"]})
    return json.dumps({**written(prices), **case.get("change", {})})


@pytest.mark.parametrize("case", cases("bad_price_books.yml"))
def test_a_wrong_price_book_is_refused_by_the_place_of_its_fault(case: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refusal:
        read_price_book(_changed(case))

    assert refusal.value.message.startswith("price book: ")
    assert case["refused"] in refusal.value.message


@pytest.mark.parametrize("name", ["standard", "sample"])
def test_the_shipped_books_hold_the_decided_prices(name: str) -> None:
    book = read_price_book(files("billing").joinpath(f"price_books/{name}.yml").read_bytes())
    decided = {
        (each.kind.value, each.meter, each.unit, str(each.steps[0].unit_price))
        for each in book.prices
        if each.origin is Origin.DECIDED
    }

    assert {
        ("sell", Meter.BUILD, "Minutes", "0.05"),
        ("cost", Meter.BUILD, "Minutes", "0.04"),
        ("cost", Meter.BUILD_CACHE, "GB-Months", "0.20"),
    } == decided


def test_the_standard_book_has_no_invented_price_and_the_sample_book_says_so_of_each() -> None:
    standard, sample = (
        read_price_book(files("billing").joinpath(f"price_books/{name}.yml").read_bytes())
        for name in ("standard", "sample")
    )

    assert remarks(standard) == ()
    assert {"cpu-sample-1", "memory-sample-1", "volume-sample-1", "egress-sample-1"} == {
        remark.split(":")[0] for remark in remarks(sample)
    }
    assert all("SAMPLE" in each.note for each in sample.prices if each.origin is Origin.SAMPLE)


def test_nobody_can_be_charged_for_the_build_cache() -> None:
    for name in ("standard", "sample"):
        book = read_price_book(files("billing").joinpath(f"price_books/{name}.yml").read_bytes())

        assert {Kind.COST} == {each.kind for each in book.prices if each.meter is Meter.BUILD_CACHE}


def test_the_digest_is_of_the_content_not_of_its_notation() -> None:
    second = {**BUILD, "id": "another", "region": "us"}
    document = written([BUILD, second])
    swapped = {**document, "prices": document["prices"][::-1]}

    assert read_price_book(json.dumps(document)) == read_price_book(yaml.safe_dump(swapped))
    assert read_price_book(json.dumps(document)).digest != book_of([BUILD]).digest


def test_escapes_mean_what_they_mean_in_json() -> None:
    document = written([{**BUILD, "note": "for the \U0001f680"}])
    read = read_price_book(json.dumps(document))

    assert read == read_price_book(json.dumps(document, ensure_ascii=False))
    assert "\U0001f680" in normal_form(json.dumps(document)).decode()
    with pytest.raises(BadRequest, match="half a character"):
        read_price_book(json.dumps(written([{**BUILD, "note": "\ud83d"}])))


def test_a_normal_form_reads_as_the_same_book() -> None:
    text = json.dumps(written())

    assert read_price_book(text) == read_price_book(normal_form(text))


def test_a_difference_names_every_price_that_is_new_gone_or_another() -> None:
    before = book_of([BUILD, {**BUILD, "id": "gone", "region": "us"}])
    after = book_of(
        [{**BUILD, "unit_price": "0.06"}, {**BUILD, "id": "new", "region": "ap"}], carry_forward_below="0.00"
    )
    changes = price_changes(before, after)

    assert [(change.price_id, change.change) for change in changes] == [
        ("book", "changed"),
        ("build", "changed"),
        ("gone", "gone"),
        ("new", "new"),
    ]
    assert changes[0].fields == (("carry_forward_below", "0.50", "0.00"),)
    assert changes[1].fields == (("steps", "0.05 up to any amount", "0.06 up to any amount"),)
    assert price_changes(before, before) == ()


def test_a_hole_in_time_and_a_sale_below_cost_are_remarked() -> None:
    found = remarks(
        book_of(
            [
                {**BUILD, "origin": "decided", "valid_to": "2026-05-01T00:00:00Z"},
                {**BUILD, "id": "cost", "kind": "cost", "unit_price": "0.06", "origin": "decided"},
            ]
        )
    )

    assert found == (
        "build: ends at 2026-05-01T00:00:00Z and no price follows",
        "build: sells at 0.05, below the cost of 0.06 (cost)",
    )


def test_a_price_that_another_follows_is_no_hole() -> None:
    ends = "2026-05-01T00:00:00Z"
    assert (
        remarks(
            book_of(
                [
                    {**BUILD, "origin": "decided", "valid_to": ends},
                    {**BUILD, "id": "next", "origin": "decided", "valid_from": ends},
                ]
            )
        )
        == ()
    )


@pytest.mark.parametrize("version", ["010", "1:30", "0x10", "1_000", "9" * 5000])
def test_an_integer_has_one_spelling(version: str) -> None:
    text = json.dumps(written([BUILD])).replace('"version": 1', f'"version": {version}')
    assert version in text

    with pytest.raises(BadRequest, match=r"^price book: version: "):
        read_price_book(text)


@pytest.mark.parametrize("text", ["[" * 100_000, "version: !!int x", "a: &a [*a]"])
def test_a_document_that_is_meant_to_break_the_reader_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^price book: "):
        read_price_book(text)
