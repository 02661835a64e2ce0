"""Steps of the story that is told in a terminal: suppliers, margin, plans, budgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.billing.accounts.world import builds

if TYPE_CHECKING:
    from tests.billing.accounts.office import Office


def a_suppliers_bill_is_reconciled_and_the_margin_told(office: Office) -> None:
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
    found = office.json("supplier", "reconcile", "--month", "2026-03")
    report = office.json("margin", "--month", "2026-03")

    minutes, cache = found["comparisons"]
    assert tuple(minutes[n] for n in ("ours", "theirs", "percent", "worth")) == ("140.00", "141.00", "-0.71", "-0.04")
    assert tuple(cache[n] for n in ("ours", "theirs", "expected")) == ("0.00", "50.00", "10.00")
    assert (found["findings"], found["threshold"]) == ([], "500.00")
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
    told = office.run("margin", "--month", "2026-03").stdout
    assert "NET %" in told
    assert "depot billed 15.64 USD; builds should move elsewhere from 500.00 on" in told
    assert "not measured" in office.run("supplier", "reconcile", "--month", "2026-03").stdout


def a_supplier_that_costs_as_much_as_a_move_is_a_finding(office: Office) -> None:
    bill = office.folder / "large.csv"
    bill.write_text("month,meter,quantity,unit,amount,currency\n2026-04,build_s,130,Minutes,500.00,USD\n")
    office.run("supplier", "import", str(bill), "--by", "ada")
    told = office.run("supplier", "reconcile", "--month", "2026-04", exits=1).output

    assert "spend: 500.00 a month reaches 500.00, at which to move builds elsewhere" in told


def plans_and_budgets_are_set_and_shown(office: Office) -> None:
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
