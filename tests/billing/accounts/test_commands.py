"""Accounting in a terminal, over a real ledger: a month and its follow-up, told in order."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from billing.commands import app
from billing.hour import month
from core import control
from tests.billing.accounts.ledgers import running_ledger
from tests.billing.accounts.world import World, builds, neighbours
from tests.billing.books import BUILD, MARCH, WORKSPACE, row, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

SAMPLE = str(files("billing").joinpath("price_books/sample.yml"))
STANDARD = str(files("billing").joinpath("price_books/standard.yml"))
APRIL = month(2026, 4)
# 100 minutes of builds, 1,000 vCPU-seconds and 1,000 GiB-seconds: 5.00 + 0.007716049 + 0.003858025.
TOTAL = "5.01"


@dataclass(frozen=True, slots=True)
class Office:
    """A world with a configuration file, and the command line on it."""

    world: World
    config: Path
    folder: Path

    def run(self, *words: str, exits: int = 0) -> Result:
        """Run a command and look at its exit code."""
        outcome = CliRunner().invoke(app, [*words, "--config", str(self.config)])
        assert outcome.exit_code == exits, (outcome.output, outcome.exception)
        return outcome

    def json(self, *words: str, exits: int = 0) -> Any:  # noqa: ANN401 - what a command prints
        """What a command prints for programs."""
        return json.loads(self.run(*words, "--json", exits=exits).stdout)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, sqlite_store: Path) -> Iterator[Office]:
    """Two months of two workspaces in stores of their own, no price in force."""
    folder = tmp_path_factory.mktemp("office")
    store = folder / "control.db"
    shutil.copyfile(sqlite_store, store)
    engine = control.connect(f"sqlite:///{store}")
    with running_ledger(folder / "ledger") as real:
        (folder / "ledger_url").write_text(real.url)
        config = folder / "billing.toml"
        config.write_text(
            f'control_store = "sqlite:///{store}"\nledger_url_file = "ledger_url"\n'
            '[[regions]]\nname = "eu"\nmetrics_url = "http://127.0.0.1:1"\n'
            '[suppliers]\ndepot_monthly_threshold = "500.00"\n'
        )
        world = World(engine, MARCH, real.ledger).build()
        pods = [row(0, "cpu_mcore_s", 1_000_000, source="pod-1"), row(0, "mem_byte_s", 1_000 << 30, source="pod-1")]
        world.publish([builds(1, 100), *pods, neighbours(builds(2, 30))], month(2026, 3))
        world.publish([builds(35, 130)], APRIL)
        yield Office(world, config, folder)
    engine.dispose()


def _sample_prices_are_not_put_in_force_by_accident(office: Office) -> None:
    told = office.run("price-book", "activate", SAMPLE, "--by", "ada", exits=1).output

    assert "cpu-sample-1: a sample price, not a decision" in told
    assert "not put in force: cpu-sample-1, egress-sample-1, memory-sample-1, volume-sample-1 are samples" in told
    assert office.json("price-book", "list") == []


def _without_a_price_an_invoice_is_not_drawn_up_and_its_usage_named(office: Office) -> None:
    assert "no price book has been in force" in office.run("price-book", "activate", STANDARD, "--by", "ada").output
    told = office.run("invoice", "draft", "--month", "2026-03", exits=1).output

    assert f"{WORKSPACE}: price book standard version 1: no sell price of cpu_mcore_s" in told
    assert [each["total"] for each in office.json("invoice", "list")] == ["1.50"]


def _a_price_book_is_shown_before_it_is_put_in_force(office: Office) -> None:
    words = "price-book", "activate", SAMPLE, "--by", "ada", "--with-samples"
    shown = office.run(*words, "--dry-run").output
    office.run(*words)
    listed = office.json("price-book", "list")

    assert "cpu-sample-1: new\n  kind: sell\n" in shown
    assert [(each["name"], each["active"]) for each in listed] == [("sample", True), ("standard", False)]
    assert json.loads(office.run("price-book", "show").stdout)["name"] == "sample"
    assert "sample" in office.run("price-book", "list").stdout


def _a_month_is_drafted_reviewed_and_approved_by_two(office: Office) -> None:
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


def _number(office: Office, period: str = "2026-03", workspace: str = "Acme") -> str:
    (found,) = office.json("invoice", "list", "--month", period, "--workspace", workspace)
    return str(found["number"] or found["id"])


def _an_invoice_is_shown_and_every_item_explained_to_its_pods(office: Office) -> None:
    number = _number(office)
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
    office.run("explain", number, "99", exits=2)


def _an_invoice_is_written_in_every_form_and_its_bundle_holds(office: Office) -> None:
    number = _number(office)
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


def _another_price_book_is_tried_without_touching_anything(office: Office) -> None:
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


def _the_next_month_corrects_and_differs_and_the_journal_adds_up(office: Office) -> None:
    office.world.publish([builds(1, 110)])
    office.run("invoice", "draft", "--month", "2026-04", "--workspace", "Acme")
    april = _number(office, "2026-04")
    office.run("invoice", "submit", april, "--by", "ada")
    office.run("invoice", "withdraw", april)
    office.run("invoice", "draft", "--month", "2026-04", "--workspace", "Acme")
    office.run("invoice", "submit", april, "--by", "ada")
    office.run("invoice", "approve", april, "--by", "bob")
    corrections = [
        item["amount"] for item in office.json("invoice", "show", april)["content"]["items"] if item["corrects"]
    ]
    changes = office.json("diff", _number(office), april, exits=1)

    assert corrections == ["0.50"]
    assert [(each["kind"], each["quantity"], each["new"]) for each in changes if each["meter"] == "build_s"] == [
        ("correction", "0.00", "0.50"),
        ("usage", "1.50", "0.00"),
    ]
    assert "DIFFERENCE" in office.run("diff", _number(office), april, exits=1).stdout
    told = office.run("journal").output
    assert "every transaction adds up to zero" in told
    assert "revenue:build_s" in told
    assert office.json("journal")["findings"] == []
    office.run("journal", "--check")


def _a_suppliers_bill_is_reconciled_and_the_margin_told(office: Office) -> None:
    """In March 110 and 30 minutes, 140 all in all; Depot says 141, which is 0.71 % more, and 50 GB-months of cache."""
    bill = office.folder / "depot.csv"
    lines = [
        "month,meter,quantity,unit,amount,currency",
        "2026-03,build_s,141,Minutes,5.64,USD",
        "2026-03,cache_byte_s,50,GB-Months,10.00,USD",
    ]
    bill.write_text("\n".join(lines))
    office.world.publish([replace(builds(1, 5), region="us")], kind="estimate")  # not published, so nobody's cost yet
    office.run("supplier", "reconcile", "--month", "2026-03", exits=2)
    office.run("supplier", "import", str(bill), "--by", "ada")
    assert "was there already" in office.run("supplier", "import", str(bill), "--by", "ada").output
    found = office.json("supplier", "reconcile", "--month", "2026-03", exits=1)
    report = office.json("margin", "--month", "2026-03")

    minutes, cache = found["comparisons"]
    assert tuple(minutes[n] for n in ("ours", "theirs", "percent", "worth")) == ("140.00", "141.00", "-0.71", "-0.04")
    assert tuple(cache[n] for n in ("ours", "theirs", "percent")) == ("0.00", "50.00", "-100.00")
    assert found["findings"][0].startswith(
        "cache_byte_s: we measured 0.00 GB-Months, the bill has 50.00: 100.00 % apart"
    )
    acme, globex = report["rows"]
    whole = report["total"]
    # 110 minutes sell for 5.50 with the correction, and cost 4.40; 110/140 of the cache are 7.86.
    assert (
        acme["earned"]["revenue"]["build_s"],
        acme["earned"]["build_cost"],
        acme["overhead"],
    ) == ("5.50", "4.40", "7.86")
    assert (
        globex["revenue"],
        globex["earned"]["build_cost"],
        globex["gross"],
        globex["gross_percent"],
        globex["overhead"],
    ) == ("1.50", "1.20", "0.30", "20.00", "2.14")
    assert (acme["earned"]["credits"], globex["earned"]["credits"]) == ("0.00", "1.00")
    assert (whole["overhead"], whole["earned"]["is_booked"], whole["build_percent"]) == ("10.00", True, "20.00")
    assert "NET %" in office.run("margin", "--month", "2026-03").stdout
    assert "OURS" in office.run("supplier", "reconcile", "--month", "2026-03", exits=1).stdout


def _a_supplier_that_costs_as_much_as_a_move_is_a_finding(office: Office) -> None:
    bill = office.folder / "large.csv"
    bill.write_text("month,meter,quantity,unit,amount,currency\n2026-04,build_s,130,Minutes,500.00,USD\n")
    office.run("supplier", "import", str(bill), "--by", "ada")
    told = office.run("supplier", "reconcile", "--month", "2026-04", exits=1).output

    assert "spend: 500.00 a month reaches 500.00, at which to move builds elsewhere" in told


def _plans_and_budgets_are_set_and_shown(office: Office) -> None:
    office.run("plan", "give", "--workspace", "Acme", "--plan", "pro", "--month", "2026-07")
    office.run("plan", "give", "--workspace", "Acme", "--plan", "pro", "--month", "2026-04", exits=2)
    plans = [
        office.run("plan", "show", "--workspace", "Acme", "--month", each).stdout for each in ("2026-06", "2026-07")
    ]
    words = "budget", "set", "--workspace", "Acme", "--name", "all", "--amount", "50.00"
    secret = office.run(*words, "--threshold", "80", "--webhook", "https://hooks.example/").stdout
    listed = office.json("budget", "list")

    assert plans == ["standard\n", "pro\n"]
    assert secret.startswith("whsec_")
    assert [(each["name"], each["thresholds"]) for each in listed] == [("all", [80])]
    assert "80 %" in office.run("budget", "list", "--workspace", "Acme").stdout
    assert office.json("budget", "check") == {"delivered": 0, "failed": 0, "fired": 0, "unrated": []}
    assert office.json("budget", "alerts") == []
    office.run("budget", "remove", "--workspace", "Acme", "--name", "all")
    office.run("budget", "remove", "--workspace", "Acme", "--name", "all", exits=2)


def _a_void_invoice_is_reissued(office: Office) -> None:
    april = _number(office, "2026-04")
    office.run("invoice", "void", april, "--by", "ada", "--reason", "wrong address")
    again = office.run("invoice", "reissue", april).stdout.strip()

    assert (
        office.json("invoice", "show", again)["content"]["replaces"]
        == office.json("invoice", "show", april)["content"]["invoice_id"]
    )
    office.run("journal", "--check")


def _a_store_that_fails_exits_3_and_wrong_words_exit_2(office: Office) -> None:
    broken = office.folder / "broken.toml"
    broken.write_text(office.config.read_text().replace("control.db", "empty.db"))
    outcome = CliRunner().invoke(app, ["invoice", "list", "--config", str(broken)])

    assert (outcome.exit_code, "migration(s) are pending" in outcome.output) == (3, True)
    office.run("invoice", "draft", "--month", "March", exits=2)
    office.run("invoice", "draft", "--month", "2026-03", "--workspace", "Nobody", exits=2)
    office.run("invoice", "submit", "--by", "ada", exits=2)
    office.run("invoice", "show", "2026-9999", exits=2)


# Each step builds on those before it, so they are one test: apart, they could run in several processes.
_STEPS = (
    _sample_prices_are_not_put_in_force_by_accident,
    _without_a_price_an_invoice_is_not_drawn_up_and_its_usage_named,
    _a_price_book_is_shown_before_it_is_put_in_force,
    _a_month_is_drafted_reviewed_and_approved_by_two,
    _an_invoice_is_shown_and_every_item_explained_to_its_pods,
    _an_invoice_is_written_in_every_form_and_its_bundle_holds,
    _another_price_book_is_tried_without_touching_anything,
    _the_next_month_corrects_and_differs_and_the_journal_adds_up,
    _a_suppliers_bill_is_reconciled_and_the_margin_told,
    _a_supplier_that_costs_as_much_as_a_move_is_a_finding,
    _plans_and_budgets_are_set_and_shown,
    _a_void_invoice_is_reissued,
    _a_store_that_fails_exits_3_and_wrong_words_exit_2,
)


@pytest.mark.timeout(600)
def test_accounting_is_done_in_a_terminal_from_the_first_price_to_a_reissued_invoice(office: Office) -> None:
    for step in _STEPS:
        step(office)
