from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.assembly import assemble
from billing.canonical import canonical
from billing.comparison import compare
from billing.correction import corrections
from billing.focus import focus_rows
from billing.invoice import Invoice
from billing.lifecycle import require_balance
from billing.price_book_file import read_price_book
from billing.rating import rate
from billing.rounding import Mode, money, rounded, shares_in_cents, total
from ingest.usage.effective_request import effective_request
from ingest.usage.pod_document import read_pod
from tests.billing.books import BUILD, SERVICES, book_of, credit_list, inputs, row
from tests.billing.month import BOOK
from tests.billing.oracle import Sold, worth

if TYPE_CHECKING:
    from billing.usage import UsageRow

pytestmark = pytest.mark.property
_CHANGE = "2026-03-01T07:00:00Z"
_CPU = {"id": "cpu", "meter": "cpu_mcore_s", "unit": "vCPU-Seconds", "unit_price": "0.000007716049"}
_FLAT = book_of(
    [
        BUILD,
        {**_CPU, "valid_to": _CHANGE},
        {**_CPU, "id": "cpu-later", "unit_price": "0.000008", "valid_from": _CHANGE},
        {"id": "memory", "meter": "mem_byte_s", "unit": "GiB-Seconds", "unit_price": "0.000003858025"},
        {"id": "memory-us", "meter": "mem_byte_s", "unit": "GiB-Seconds", "unit_price": "0.000005", "region": "us"},
        {"id": "memory-pro", "meter": "mem_byte_s", "unit": "GiB-Seconds", "unit_price": "0.000004", "plan": "pro"},
    ]
)
_STEPPED = read_price_book(BOOK)
_METERS = ["cpu_mcore_s", "mem_byte_s", "build_s"]
_amounts = st.decimals("-1000", "1000", allow_nan=False, allow_infinity=False, places=12)


@st.composite
def usage(draw: st.DrawFn) -> list[UsageRow]:
    """Rows of a few hours, services and meters, no two of one key."""
    keys = draw(
        st.sets(
            st.tuples(
                st.integers(0, 60), st.sampled_from(_METERS), st.sampled_from("abc"), st.sampled_from(["eu", "us"])
            ),
            max_size=15,
        )
    )
    return [
        row(hour, meter, draw(st.integers(0, 3600 * 2**33 if meter == "mem_byte_s" else 10**7)), service, region)
        for hour, meter, service, region in sorted(keys)
    ]


@settings(max_examples=150, deadline=None)
@given(usage(), st.sampled_from(["pro", "free"]))
def test_the_product_and_the_oracle_agree_on_every_line(rows: list[UsageRow], plan: str) -> None:
    lines: defaultdict[tuple[str, ...], Sold] = defaultdict(lambda: Sold(Fraction(0), Fraction(0)))
    expected: defaultdict[tuple[str, ...], Sold] = defaultdict(lambda: Sold(Fraction(0), Fraction(0)))
    for region in ("eu", "us"):
        # The oracle does not tell regions apart, so each is asked for by itself.
        own = [each for each in rows if each.region == region]
        for line in rate(own, _FLAT, plan):
            key: tuple[str, ...] = (region, str(line.day // 86400), line.service_id, line.meter.value, line.price_id)
            lines[key] = Sold(Fraction(line.quantity), Fraction(line.amount))
        for place, sold in worth(own, _FLAT, plan).items():
            expected[region, *place] = sold

    assert dict(expected) == dict(lines)


@settings(max_examples=100, deadline=None)
@given(usage().flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_order_of_rows_and_running_twice_change_no_byte(pair: tuple[list[UsageRow], list[UsageRow]]) -> None:
    rows, shuffled = pair
    first = canonical(assemble(rows, _STEPPED, inputs()))

    assert first == canonical(assemble(shuffled, _STEPPED, inputs()))
    assert first == canonical(assemble(iter(rows), _STEPPED, inputs()))


@settings(max_examples=100, deadline=None)
@given(usage(), st.integers(0, 10_000))
def test_an_invoice_always_balances_and_its_focus_rows_add_up(rows: list[UsageRow], cents: int) -> None:
    credit = credit_list([{"id": "c1", "remaining": f"{Decimal(cents).scaleb(-2):f}"}])
    content = assemble(rows, _STEPPED, inputs(credits=credit))
    require_balance(content)

    assert content.total >= 0
    assert content.total == total(Decimal(str(each["BilledCost"])) for each in focus_rows(Invoice(content), {}))
    assert sum(each.quantity for each in rows) == sum(line.base_quantity for line in content.lines)


@settings(max_examples=100, deadline=None)
@given(usage(), usage())
def test_reversal_and_entry_are_exactly_the_difference(before: list[UsageRow], after: list[UsageRow]) -> None:
    old, new = (rate(rows, _STEPPED, "pro") for rows in (before, after))
    lines = corrections(old, new, "inv-0")

    assert total(line.amount for line in lines) == total([*(n.amount for n in new), *(-o.amount for o in old)])
    assert corrections([*old, *lines], new, "inv-0") == ()
    require_balance(assemble([], _STEPPED, inputs(corrections=lines)))


@settings(max_examples=100, deadline=None)
@given(usage(), usage())
def test_effects_add_up_to_the_difference_of_two_invoices(before: list[UsageRow], after: list[UsageRow]) -> None:
    first, second = (assemble(rows, _STEPPED, inputs()) for rows in (before, after))
    changes = compare(first, second)

    assert second.total - first.total == total(change.difference for change in changes)


@settings(max_examples=100, deadline=None)
@given(usage(), st.data())
def test_splitting_a_row_changes_no_line(rows: list[UsageRow], data: st.DataObject) -> None:
    parts = []
    for each in rows:
        first = data.draw(st.integers(0, each.quantity))
        parts += [replace(each, quantity=first), replace(each, source_id="other", quantity=each.quantity - first)]

    assert rate(rows, _STEPPED, "pro") == rate(parts, _STEPPED, "pro")


@settings(max_examples=100, deadline=None)
@given(usage())
def test_another_book_over_the_same_usage_touches_nothing(rows: list[UsageRow]) -> None:
    before = copy.deepcopy(rows)
    dearer = book_of(
        [
            {**BUILD, "unit_price": "0.10"},
            *(
                {**price, "unit_price": "1"}
                for price in (_CPU, {"id": "m", "meter": "mem_byte_s", "unit": "GiB-Seconds"})
            ),
        ]
    )
    first = assemble(rows, _FLAT, inputs())
    what_if = assemble(rows, dearer, inputs())

    assert before == rows
    assert first == assemble(rows, _FLAT, inputs())
    assert total(i.amount for i in first.items if i.meter) <= total(i.amount for i in what_if.items if i.meter)


@settings(max_examples=300, deadline=None)
@given(st.lists(_amounts, max_size=12))
def test_shares_are_less_than_a_cent_off_and_add_up(amounts: list[Decimal]) -> None:
    shares = shares_in_cents(amounts, money(total(amounts)))

    assert total(shares) == money(total(amounts))
    assert all(abs(share - amount) < Decimal("0.01") for share, amount in zip(shares, amounts, strict=True))


@settings(max_examples=300, deadline=None)
@given(st.integers(-(10**30), 10**30), st.integers(1, 10**12), st.integers(0, 12))
def test_rounding_is_pythons_own_of_fractions(numerator: int, denominator: int, places: int) -> None:
    exact = Fraction(numerator, denominator)

    assert Fraction(rounded(numerator, denominator, places, Mode.HALF_EVEN)) == round(exact, places)
    assert abs(Fraction(rounded(numerator, denominator, places, Mode.HALF_UP)) - exact) * 2 * 10**places <= 1


@given(st.integers(-(10**20), 10**20))
def test_a_tie_goes_to_the_even_neighbour_or_away_from_zero(half: int) -> None:
    even, up = (rounded(2 * half + 1, 2, 0, mode) for mode in (Mode.HALF_EVEN, Mode.HALF_UP))

    assert even % 2 == 0
    assert abs(up) == (abs(2 * half + 1) + 1) // 2


_LABELS = st.dictionaries(st.text(min_size=1, max_size=10), st.text(max_size=10), max_size=5)
_SPEC: dict[str, Any] = {"containers": [{"name": "a", "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}}}]}


@settings(max_examples=100, deadline=None)
@given(_LABELS, _LABELS)
def test_labels_never_enter_the_arithmetic(labels: dict[str, str], annotations: dict[str, str]) -> None:
    labelled = {
        "metadata": {"labels": {**labels, "tier": "pro"}, "annotations": annotations, "name": next(iter(labels), "a")},
        "spec": {**_SPEC, "nodeSelector": labels},
    }

    assert effective_request(read_pod({"spec": _SPEC})) == effective_request(read_pod(labelled))


def test_every_service_of_the_tests_has_an_id_of_its_own() -> None:
    assert len(set(SERVICES.values())) == len(SERVICES)
