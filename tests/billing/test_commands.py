from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from billing.bundle import write_bundle
from billing.commands import app
from tests.billing.books import BUILD, written
from tests.billing.month import BOOK, final, given, rows

if TYPE_CHECKING:
    from pathlib import Path

_CLI = CliRunner()
_BOOKS = files("billing").joinpath("price_books")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(write_bundle(final(), rows(), BOOK, given(), "0.1.0+test"))
    return path


def test_a_bundle_that_holds_exits_0(bundle: Path) -> None:
    outcome = _CLI.invoke(app, ["verify", str(bundle)])

    assert outcome.exit_code == 0
    assert f"invoice 2026-0003: USD {final().content.total} from {len(rows())} usage rows holds" in outcome.output


def test_a_bundle_that_does_not_hold_exits_1_and_says_where(bundle: Path) -> None:
    outcome = _CLI.invoke(app, ["verify", str(bundle), "--sha256", "0" * 64])

    assert outcome.exit_code == 1
    assert "the hash to compare with: names the content" in outcome.output
    assert "DOES NOT HOLD, 1 finding(s)" in outcome.output


def test_what_is_no_bundle_exits_2(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    outcome = _CLI.invoke(app, ["verify", str(tmp_path / "text.zip")])

    assert outcome.exit_code == 2
    assert "error: bundle: no readable zip" in outcome.output


def test_a_verdict_is_json_for_programs(bundle: Path) -> None:
    verdict = json.loads(_CLI.invoke(app, ["verify", str(bundle), "--json"]).stdout)

    assert (True, [], len(rows())) == (verdict["holds"], verdict["findings"], verdict["rows"])


@pytest.mark.parametrize(("name", "remarks"), [("standard", 0), ("sample", 4)])
def test_the_shipped_books_are_sound(name: str, remarks: int) -> None:
    outcome = _CLI.invoke(app, ["price-book", "check", str(_BOOKS / f"{name}.yml"), "--json"])

    assert outcome.exit_code == 0
    assert remarks == len(json.loads(outcome.stdout)["remarks"])


def test_a_check_prints_remarks_for_people() -> None:
    outcome = _CLI.invoke(app, ["price-book", "check", str(_BOOKS / "sample.yml")])

    assert "cpu-sample-1: a sample price, not a decision" in outcome.output
    assert "sample version 1: 7 prices, SHA-256 " in outcome.output


def test_a_book_that_cannot_be_used_exits_2_and_names_file_and_fault(tmp_path: Path) -> None:
    path = tmp_path / "book.yml"
    path.write_text(json.dumps(written([{**BUILD, "unit_price": "-1"}])))
    outcome = _CLI.invoke(app, ["price-book", "check", str(path)])

    assert outcome.exit_code == 2
    assert f"error: {path}: price book: prices.0.unit_price: " in outcome.output


def test_a_difference_of_books_exits_1_and_no_difference_0() -> None:
    standard, sample = str(_BOOKS / "standard.yml"), str(_BOOKS / "sample.yml")
    outcome = _CLI.invoke(app, ["price-book", "diff", standard, sample])

    assert outcome.exit_code == 1
    assert "cpu-sample-1: new\n" in outcome.output
    assert _CLI.invoke(app, ["price-book", "diff", sample, sample]).exit_code == 0
    assert len(json.loads(_CLI.invoke(app, ["price-book", "diff", standard, sample, "--json"]).stdout)) == 4


def test_a_changed_price_is_shown_with_both_values(tmp_path: Path) -> None:
    for name, price in (("old", "0.05"), ("new", "0.06")):
        (tmp_path / name).write_text(json.dumps(written([{**BUILD, "unit_price": price}])))
    outcome = _CLI.invoke(app, ["price-book", "diff", str(tmp_path / "old"), str(tmp_path / "new")])

    assert "build: changed\n  steps: 0.05 up to any amount -> 0.06 up to any amount\n" in outcome.output
