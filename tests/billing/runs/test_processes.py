"""Runners that are real processes: killed at every step of a run, and two at a time."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from billing.canonical import canonical, sha256
from billing.hour import HOUR
from billing.ledger.publication import PublicationKind
from billing.ledger.slice import Slice
from billing.runs.step import Step
from tests.billing.runs.scene import CLUSTER, EVERYTHING, NOW, REGION, H

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.billing.runs.scene import Scene


@contextmanager
def _runners(scene: Scene) -> Iterator[Callable[[str], str]]:
    """Asks for processes by a line, and tells how they ended."""
    arguments = [sys.executable, "-m", "tests.billing.runs.runners", str(scene.configuration())]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        given, told = process.stdin, process.stdout

        def ask(line: str) -> str:
            given.write(f"{line}\n")
            given.flush()
            return told.readline().strip()

        yield ask
        given.close()


def _evidence(scene: Scene) -> None:
    scene.pod("uid-1")
    scene.pod("uid-2", cpu_m=100, seconds=1800)
    scene.deposit.build(
        REGION, scene.tenant, build_id="b1", started_at=H, finished_at=H + 77, received_at=H + 100, delivery_id="d1"
    )


def _documents(scene: Scene) -> tuple[list[tuple[str, int, str]], str]:
    """What counts: the hashes of rows by slice, and of everything the tenant is billed for."""
    return sorted(scene.hashes()), sha256(canonical(scene.ledger.rows(scene.acme, EVERYTHING)))


@pytest.mark.timeout(300)
def test_a_runner_killed_at_any_step_is_succeeded_by_one_that_ends_with_the_same_documents(scene: Scene) -> None:
    _evidence(scene)
    # The first hour is run alone, the others together.
    start = NOW + 3 * HOUR
    every = {Slice(H + n * HOUR, REGION, cluster): 1 for n in range(4) for cluster in ("", CLUSTER)}
    with _runners(scene) as ask:
        assert ask(f"{start} -") == "0"
        expected = _documents(scene)
        assert len(expected[0]) == len(every)
        scene.forget()
        for step in Step:
            now = start
            assert ask(f"{now} {step}") == "-9", step
            # The one that follows dies among the hours that it runs together.
            now += scene.schedule.lease_s
            assert ask(f"{now} {step}/2") == "-9", step
            now += scene.schedule.lease_s
            assert ask(f"{now} -") == "0", step

            assert _documents(scene) == expected, step
            assert Counter(one for one, _ in scene.published()) == every, step
            assert scene.states().get("running") is None, step
            assert scene.ledger.latest() == scene.publications.latest(), step
            scene.forget()


@pytest.mark.timeout(300)
def test_two_runners_at_once_publish_each_hour_once(scene: Scene) -> None:
    _evidence(scene)
    hours = [H + number * HOUR for number in range(4)]
    now = NOW + 3 * HOUR
    with _runners(scene) as ask:
        assert ask(f"both {now}") == "0 0"

    expected = {Slice(hour, REGION, cluster) for hour in hours for cluster in ("", CLUSTER)}
    assert Counter(scene.published()) == {(each, PublicationKind.PUBLISHED.value): 1 for each in expected}
    assert scene.states() == {"published": 8}
    # Two pods and a build in the first hour; of the second one the scrape after the first pod's last sight is listed.
    assert len(scene.ledger.rows(scene.acme, EVERYTHING)) == scene.count() == 5 + 2
