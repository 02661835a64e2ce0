"""`starmeter billing waive`: hours that somebody decides to bill as they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from billing.hour import HOUR, Period, iso
from billing.runs.override import Overrides
from core.errors import BadRequest
from starmeter import app
from tests.billing.runs.scene import CLUSTER, REGION, H

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.billing.runs.scene import Scene

WHY = ("--reason", "the region was cut off", "--by", "ada")


def _billing(scene: Scene, *arguments: str, exits: int = 0) -> Result:
    result = CliRunner().invoke(app, ["billing", *arguments, "--config", str(scene.configuration(H))])
    assert result.exit_code == exits, (result.output, result.exception)
    return result


def test_an_incomplete_hour_stops_invoices_until_somebody_waives_it(one_scene: Scene) -> None:
    one_scene.pod()
    until = iso(H + HOUR)
    _billing(one_scene, "backfill", "--from", iso(H), "--to", until, "--without-collecting")
    period = Period(H, H + HOUR)
    with pytest.raises(BadRequest, match=rf"{CLUSTER} {iso(H)}; backfill or waive them"):
        one_scene.publications.completeness(period).require()

    _billing(one_scene, "waive", "hour", CLUSTER, iso(H), *WHY)

    one_scene.publications.completeness(period).require()
    (decided,) = one_scene.publications.waivers(period)
    assert (decided.cluster, decided.hour, decided.reason, decided.by) == (CLUSTER, H, "the region was cut off", "ada")


def test_what_needs_no_decision_is_not_decided(one_scene: Scene) -> None:
    one_scene.pod()
    one_scene.hear()
    _billing(one_scene, "backfill", "--from", iso(H), "--to", iso(H + HOUR), "--without-collecting")

    for cluster, hour in ((CLUSTER, H), ("nobody", H), (f"{REGION}/builds", H), (CLUSTER, H - HOUR)):
        assert (
            "is complete, waived, or not"
            in _billing(one_scene, "waive", "hour", cluster, iso(hour), *WHY, exits=2).output
        )
    assert "is no UTC time" in _billing(one_scene, "waive", "hour", CLUSTER, "yesterday", *WHY, exits=2).output
    assert (
        "reason: is empty"
        in _billing(one_scene, "waive", "law", CLUSTER, iso(H), "--reason", " ", "--by", "ada", exits=2).output
    )


def test_the_list_has_what_waits_and_what_was_decided(one_scene: Scene) -> None:
    one_scene.pod()
    _billing(one_scene, "backfill", "--from", iso(H), "--to", iso(H + HOUR), "--without-collecting")
    _billing(one_scene, "waive", "hour", CLUSTER, iso(H), *WHY)
    month = iso(H)[:7]

    told = _billing(one_scene, "waive", "list", "--month", month).stdout
    listed = json.loads(_billing(one_scene, "waive", "list", "--month", month, "--json").stdout)

    # Nothing of the hours after the first is published yet.
    assert [(each["cluster"], each["hour"], each["by"]) for each in listed["waived"]] == [(CLUSTER, H, "ada")]
    assert (CLUSTER, H + HOUR) in {(each["cluster"], each["hour"]) for each in listed["incomplete"]}
    assert (CLUSTER, H) not in {(each["cluster"], each["hour"]) for each in listed["incomplete"]}
    (line,) = [each for each in told.splitlines() if "the region was cut off" in each]
    assert line.split()[:2] == [CLUSTER, iso(H)]
    assert "0 of 120" in line


def test_a_law_is_set_aside_by_name_and_reason(one_scene: Scene) -> None:
    _billing(one_scene, "waive", "law", CLUSTER, iso(H), *WHY)

    found = Overrides(one_scene.engine).of(CLUSTER, H)
    assert found is not None
    assert (found.by, found.reason) == ("ada", "the region was cut off")
    assert "decided already" in _billing(one_scene, "waive", "law", CLUSTER, iso(H), *WHY, exits=2).output
