"""`starmeter billing run|backfill|status` as people and programs use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from billing.accounts.moment import now
from billing.hour import HOUR, Period, hour_of, iso
from billing.runs.commands import make_up_for
from billing.runs.lease import Lease
from starmeter import app
from tests.billing.pods import observe
from tests.billing.runs.scene import CLUSTER, H

if TYPE_CHECKING:
    import pytest
    from typer.testing import Result

    from tests.billing.runs.scene import Scene


def _billing(scene: Scene, *arguments: str, since: int = H) -> Result:
    command = ["billing", *arguments, "--config", str(scene.configuration(since))]
    return CliRunner().invoke(app, command, env={"NO_COLOR": "1"})


def _answer(result: Result) -> Any:  # noqa: ANN401 - whatever the JSON holds
    return json.loads(result.stdout)


def _range(first: int = H, hours: int = 1) -> tuple[str, ...]:
    return "--from", iso(first), "--to", iso(first + hours * HOUR), "--without-collecting"


def test_a_backfill_says_what_it_would_change_and_what_became_of_it(one_scene: Scene) -> None:
    one_scene.pod()
    dry = _billing(one_scene, "backfill", *_range(), "--dry-run")
    assert (dry.exit_code, one_scene.published()) == (0, [])
    made = _billing(one_scene, "backfill", *_range(), "--json")
    again = _billing(one_scene, "backfill", *_range(), "--cluster", CLUSTER, "--json")

    assert f"{one_scene.acme} cpu_mcore_s: 0 -> {500 * 3600}" in dry.stdout.splitlines()
    assert dry.stdout.splitlines()[-1] == "2 runs: 2 published; 2 rows"
    assert [(each["cluster"], each["state"]) for each in _answer(made)] == [("", "published"), (CLUSTER, "published")]
    assert [each["state"] for each in _answer(again)] == ["unchanged"]


def test_a_run_that_cannot_collect_leaves_its_hours_due_and_says_so(one_scene: Scene) -> None:
    # The hour before this one may not be closed yet, the one before it is.
    since = hour_of(now()) - 2 * HOUR

    result = _billing(one_scene, "run", since=since)
    status = _billing(one_scene, "status", since=since)

    assert result.exit_code == status.exit_code == 1
    assert result.stdout.splitlines()[-1] in {
        "2 runs: 1 failed, 1 published; 0 rows",
        "4 runs: 2 failed, 2 published; 0 rows",
    }
    assert f"fra cluster-1 {iso(since)} failed: region fra" in result.stdout
    assert f"published until {iso(since)}" in status.stdout
    assert f"fra cluster-1 {iso(since)} failed: region fra" in status.stdout


def test_the_status_tells_what_was_put_aside(one_scene: Scene) -> None:
    one_scene.see([observe([0, "G", 1, 5], "undead"), *(observe([at, "R", 1, 5], "undead") for at in (300, 600))])
    assert _billing(one_scene, "backfill", *_range()).exit_code == 0

    result = _billing(one_scene, "status", "--json", since=hour_of(now()))

    answer = _answer(result)
    assert (result.exit_code, answer["watermark"], answer["due"], answer["latest"]) == (0, None, 0, 2)
    assert (answer["quarantined"], answer["quarantined_builds"], answer["runs"]) == (1, 0, {"published": 2})
    assert [each["message"] for each in answer["notices"]] == ["evidence put aside: undead (lives_after_its_end)"]


def test_what_is_wrong_is_refused_with_the_fix(one_scene: Scene) -> None:
    future = hour_of(now()) + 24 * HOUR
    refused = {
        "to: the hours after": _range(future),
        "start: 2026-03-01T10:00:01Z is within an hour": ("--from", iso(H + 1), "--to", iso(H + HOUR)),
        "from: 'yesterday' is no UTC time": ("--from", "yesterday", "--to", iso(H)),
        "cluster: none of this name": (*_range(), "--cluster", "nowhere"),
    }

    for message, arguments in refused.items():
        result = _billing(one_scene, "backfill", *arguments)
        assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_another_runner_is_waited_for_and_then_told_of(one_scene: Scene) -> None:
    other = Lease(one_scene.engine, "bob", 3_600, now)
    assert other.acquire() is not None

    result = _billing(one_scene, "backfill", *_range(), "--wait", "0")

    assert (result.exit_code, "another runner holds it" in result.stderr) == (3, True)


def test_a_period_is_made_up_for_once_and_then_only_where_more_is_told(
    one_scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    one_scene.now = now()
    config, period = one_scene.configuration(), Period(H, H + 2 * HOUR)
    for start in (H, H + HOUR):
        one_scene.see([observe([start - H + at, "R", 1, 5], "nobodys") for at in (60, 120)], now() - 200)

    make_up_for(period, config, wait=60)
    assert capsys.readouterr().out.splitlines() == [
        "nobody's: 1 in 2 hours: nobodys",
        "4 runs: 4 published; 4 rows",
    ]
    make_up_for(period, config, wait=60)
    assert capsys.readouterr().out == "every hour is published with all that is known of it\n"
    one_scene.see([observe([at, "R", 1, 5], "nobodys") for at in (130, 140)], now() - 1, source="agent")
    make_up_for(period, config, wait=60)
    assert capsys.readouterr().out.splitlines()[-1] == "1 run: 1 published; 2 rows"


def test_what_is_stuck_for_one_reason_is_one_line(one_scene: Scene) -> None:
    result = _billing(one_scene, "backfill", "--from", iso(H), "--to", iso(H + 3 * HOUR))

    assert result.exit_code == 1
    stuck, sums = result.stdout.splitlines()
    assert stuck.startswith(f"fra cluster-1 {iso(H)} failed: region fra: the store does not answer")
    assert stuck.endswith(" (and 2 more hours for the same reason)")
    assert sums == "6 runs: 3 failed, 3 published; 0 rows"
