"""The whole local stack, run by command: what it serves, what it survives, what it leaves behind."""

from __future__ import annotations

import os
import signal
import stat
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from compose import roster
from compose.home import Home
from tests.compose.running import Running, foreground, listening, starmeter, until

if TYPE_CHECKING:
    from pathlib import Path

# A machine busy with other tests takes its time.
pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

_CPU: Final = "tenant:container_cpu_usage_seconds:rate1m"
_REQUESTS: Final = "tenant:requests:rate1m"
_LOOPBACK: Final = "0100007F"
_PER_REGION: Final = ("clickhouse", "victoria-metrics", "vmauth", "vmagent", "vmalert", "envoy", "cluster")


def test_a_stack_comes_up_live_mends_itself_and_goes_without_a_trace(tmp_path: Path, subtests: pytest.Subtests) -> None:
    shown = starmeter("up", "--detach", "--home", tmp_path)
    try:
        assert (shown.returncode, "curl -sG 'http://127.0.0.1:" in shown.stdout) == (0, True), shown.stderr
        running = Running(tmp_path)
        checks = (
            _its_file,
            _its_processes,
            _its_readers,
            _its_previews,
            _its_paths,
            _its_rules,
            _its_own,
            _a_second_one,
        )
        for check in checks:
            with subtests.test(check.__name__):
                check(running)
        with subtests.test("_a_killed_child"):
            _a_killed_child(running)
        last = running.roster.values()
    finally:
        ended = starmeter("down", "--home", tmp_path)

    assert ended.returncode == 0
    assert [entry.name for entry in last if entry.runs] == []
    assert not running.home.stack_file.exists()
    assert not running.home.roster_file.exists()
    assert starmeter("down", "--home", tmp_path).stderr == f"nothing runs in {tmp_path}\n"


def _its_file(running: Running) -> None:
    """The file has the keys that others read, and nobody else may read it."""
    assert stat.S_IMODE(running.home.stack_file.stat().st_mode) == 0o600
    assert running.stack.keys() == {
        "query_url",
        "ingest_url",
        "billing_url",
        "ledger_url",
        "control_store",
        "regions",
        "workspaces",
        "tokens",
        "ingest_tokens",
    }
    assert running.stack["tokens"].keys() == {
        *("owner@acme", "billing@acme", "owner@globex", "billing@globex"),
        *("viewer@shop", "viewer@blog", "viewer@ledger", "viewer@portal"),
        "platform",
    }
    assert running.stack["ingest_tokens"].keys() == {"fra1-c1", "nyc1-c1"}


def _its_processes(running: Running) -> None:
    """All run, all listen on the loopback address alone."""
    names = {f"{name}-{region}" for name in _PER_REGION for region in ("fra1", "nyc1")}
    assert running.roster.keys() == {
        *names,
        "ledger",
        "application",
        "traffic",
        "query",
        "ingest",
        "logs",
        "agent",
        "billing",
        "supervisor",
    }
    for entry in running.roster.values():
        expected = set() if entry.name in {"traffic", "logs", "agent", "supervisor"} else {_LOOPBACK}
        assert listening(entry.pid) == expected, entry.name


def _its_readers(running: Running) -> None:
    """Viewers and owners read their own projects and do not find the others."""
    owners = {p["id"]: f"owner@{w['name']}" for w in running.stack["workspaces"] for p in w["projects"]}
    for project in running.projects:
        for other in running.projects:
            answers = [
                running.read(other, f"viewer@{project['name']}", f"count({_CPU})"),
                running.read(other, owners[project["id"]], "count(envoy_cluster_upstream_rq_xx)"),
            ]
            is_own = (other is project, owners[other["id"]] == owners[project["id"]])
            assert [answer.status_code for answer in answers] == [200 if own else 404 for own in is_own]
            assert all(answer.json()["data"]["result"] for answer in answers if answer.status_code == 200)


def _its_own(running: Running) -> None:
    """Each region has the front-door's and ingest's own series of itself, and none of another region's."""
    for region in ("fra1", "nyc1"):
        for name, process in (("query_region_ready", "query"), ("ingest_rejected_records_total", "ingest")):
            query = f"count by (region, process, job) ({name})"
            own = [{"region": region, "process": process, "job": "platform"}]
            until(partial(_is_stored, running, region, query, own))


def _is_stored(running: Running, region: str, query: str, expected: list[dict[str, str]]) -> bool:
    return running.stored(region, query) == expected


def _its_previews(running: Running) -> None:
    """A preview has pods and no routes; what is only named like one has both."""
    by_environment = 'count by (environment) ({__name__=~"envoy_cluster_.*"})'
    routes = {labels["environment"] for labels in running.stored("fra1", by_environment)}
    pods = {labels["environment"] for labels in running.stored("fra1", f"count by (environment) ({_CPU})")}

    assert routes == {"production", "staging", "pr-7"}
    assert pods == {"production", "staging", "pr-7", "pr-12"}


def _its_paths(running: Running) -> None:
    """Routes and pods are attributed by the same label keys and the same values, previews aside."""
    for region in ("fra1", "nyc1"):
        # A route is there with its first request, a pod with its first scrape: on a busy machine that is not at once.
        pods = _labels(running, region, f'{_CPU}{{environment!="pr-12"}}')
        until(partial(_same, running, region, pods))
        assert {key for labels in pods for key, _ in labels} == {"project_id", "environment", "service_id"}


def _same(running: Running, region: str, pods: set[frozenset[tuple[str, str]]]) -> bool:
    return _labels(running, region, _REQUESTS) == pods


def _labels(running: Running, region: str, name: str) -> set[frozenset[tuple[str, str]]]:
    return {frozenset((k, v) for k, v in labels.items() if k != "__name__") for labels in running.stored(region, name)}


def _its_rules(running: Running) -> None:
    """Every rule evaluates, and of the exporters' pages only what is meant to be is kept."""
    for region in running.stack["regions"]:
        groups = httpx.get(f"{region['vmalert_url']}/api/v1/rules").json()["data"]["groups"]
        assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
        names = {labels["__name__"] for labels in running.stored(region["name"], 'count by (__name__) ({job!=""})')}
        assert {"envoy_cluster_upstream_rq_xx", "kube_pod_labels", "container_cpu_usage_seconds_total"} < names
        foreign = ("cadvisor_version_info", "container_start_time_seconds", "envoy_server_uptime")
        assert not names & set(foreign)


def _a_second_one(running: Running) -> None:
    """It is refused, in the foreground and detached, and changes nothing."""
    for options in ((), ("--detach",)):
        refused = starmeter("up", "--home", running.home.path, *options)
        supervisor = running.roster["supervisor"].pid
        assert refused.returncode == 2
        assert refused.stderr == (
            f"starmeter: home: a stack runs in {running.home.path} already (process {supervisor}); "
            "end it with `starmeter down`\n"
        )
    assert running.home.stack_file.exists()


def _a_killed_child(running: Running) -> None:
    """It comes back on its port, and the supervisor says so."""
    gate, url = running.roster["vmauth-fra1"], running.stack["regions"][0]["vmauth_url"]
    os.kill(gate.pid, signal.SIGKILL)
    until(lambda: running.roster.get("vmauth-fra1", gate).pid != gate.pid)
    until(lambda: _answers(f"{url}/health"))

    assert "vmauth-fra1 ended (signal 9); starting again in 0.5 s" in running.home.supervisor_log.read_text()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def test_a_killed_supervisor_takes_everything_along_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with foreground(tmp_path) as first:
        until(home.stack_file.exists)
        before = Running(tmp_path)
        started = before.roster.values()
        first.kill()
        until(lambda: not any(entry.runs for entry in started))
    assert home.stack_file.exists()

    with foreground(tmp_path) as second:
        until(lambda: home.holder() == second.pid and home.stack_file.exists())
        after = Running(tmp_path)
        own = after.projects[0]
        assert after.read(own, "viewer@shop", "1").status_code == 200
        # Each start has tokens of its own; those of the clusters stay.
        after.stack["tokens"] = before.stack["tokens"]
        assert after.read(own, "viewer@shop", "1").status_code == 401
        assert after.stack["ingest_tokens"] == before.stack["ingest_tokens"]
        started = after.roster.values()
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 0
    assert not any(entry.runs for entry in started)
    assert not home.stack_file.exists()


def test_a_stack_that_is_ended_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with foreground(tmp_path) as process:
        assert process.stderr is not None
        until(lambda: len(roster.read(home.roster_file)) > 5)
        started = roster.read(home.roster_file)
        process.terminate()
        assert process.wait(60) == 0
        assert process.stderr.read().endswith("ending\n")

    assert not any(entry.runs for entry in started)
    assert not home.stack_file.exists()


def test_an_interrupted_wait_for_a_detached_stack_ends_the_stack(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with foreground(tmp_path, "--detach") as waiting:
        until(lambda: len(roster.read(home.roster_file)) > 5)
        started = roster.read(home.roster_file)
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(60) != 0

    until(lambda: not any(entry.runs for entry in started))


def test_a_folder_that_cannot_be_used_is_the_caller_s_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = starmeter("up", "--home", tmp_path / "file")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"starmeter: home: {tmp_path}/file cannot be used: File exists\n"
