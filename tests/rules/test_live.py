"""The live checks on real programs: every defect is found by its id, a healthy region has none."""

from __future__ import annotations

from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

import pytest

from core.errors import Unavailable
from rules.live import Place, Report, inspect
from rules.live_finding import LiveCheck
from rules.live_http import MOST_QUESTIONS, Asker
from tests.rules.live_cases import STRANGER, healthy_region, sick_region
from tests.rules.live_region import API, BLOG, REGION, SHOP, Running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with healthy_region(tmp_path_factory.mktemp("healthy")) as running:
        yield running


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sick_region(tmp_path_factory.mktemp("sick")) as running:
        yield running


@pytest.fixture(scope="module")
def report(sick: Running) -> Report:
    return inspect(sick.place)


def found(report: Report, check: LiveCheck) -> list[tuple[str, str]]:
    return sorted((one.subject, one.detail) for one in report.findings if one.check is check)


def test_a_healthy_region_has_no_finding_and_every_check_ran(healthy: Running) -> None:
    report = inspect(healthy.place)

    assert report.findings == []
    assert sorted(report.ran) == sorted(LiveCheck)
    assert (report.skipped, report.unanswered) == ({}, {})


def test_a_region_is_checked_by_a_dozen_questions(healthy: Running, report: Report) -> None:
    assert inspect(healthy.place).asked == 10
    assert report.asked == 10


def test_a_preview_s_series_are_found_by_the_flag_and_not_by_the_name(report: Report) -> None:
    assert found(report, LiveCheck.PREVIEW_AUDIT) == [(f"{SHOP}/pr-12", "3 series")]


def test_a_label_that_was_renamed_is_found(report: Report) -> None:
    ((subject, _),) = found(report, LiveCheck.LABEL_CONFLICT)

    assert subject == "kube_pod_labels, label_starform_io_project_id_conflict1"


def test_a_project_is_held_against_the_budget_of_its_plan(report: Report) -> None:
    ((subject, detail),) = found(report, LiveCheck.PROJECT_BUDGET)

    assert subject == SHOP
    assert detail.endswith("% of 2,000")


def test_without_a_control_store_a_project_has_the_default_plan_and_previews_are_skipped(sick: Running) -> None:
    report = inspect(replace(sick.place, directory=None))

    assert found(report, LiveCheck.PROJECT_BUDGET) == []
    assert list(report.skipped) == [LiveCheck.PREVIEW_AUDIT]


def test_the_region_s_active_series_are_held_against_its_budget(report: Report) -> None:
    assert found(report, LiveCheck.REGION_BUDGET) == [
        ("fra1, active series", "225,000 series, 75% of 300,000"),
    ]


def test_an_envoy_without_its_inclusion_list_has_drifted(report: Report) -> None:
    ((_, detail),) = found(report, LiveCheck.CONFIG_DRIFT)

    assert detail == "statistics are not limited to an inclusion list"


def test_drift_names_each_pattern_and_every_bound(healthy: Running) -> None:
    wanted = {
        "stats_config": {
            "stats_matcher": {"inclusion_list": {"patterns": [{"prefix": "server."}, {"prefix": "http."}]}},
            "histogram_bucket_settings": [{"match": {"suffix": ".upstream_rq_time"}, "buckets": [5, 10]}],
        }
    }
    details = [detail for _, detail in found(inspect(replace(healthy.place, rendered=wanted)), LiveCheck.CONFIG_DRIFT)]

    assert "missing prefix http." in details
    assert "besides prefix cluster_manager." in details
    assert "bounds of upstream_rq_time are 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, not 5, 10" in details
    assert not any("prefix server." in detail for detail in details)


def test_traffic_of_a_stranger_is_found_and_the_gateway_s_own_is_not(report: Report) -> None:
    ((subject, detail),) = found(report, LiveCheck.UNPARSED_TRAFFIC)

    assert subject == STRANGER
    assert detail.startswith("1 requests; merged_backends: ")


def test_a_service_without_a_ready_pod_and_without_requests_is_a_blind_outage(report: Report) -> None:
    assert [subject for subject, _ in found(report, LiveCheck.BLIND_OUTAGE)] == [f"{SHOP}/production/{API}"]


def test_a_route_in_another_project_s_namespace_is_found(report: Report) -> None:
    assert found(report, LiveCheck.WRONG_PROJECT) == [
        ("c1/prj-shop", f"routes of project {BLOG}, in the namespace of {SHOP}"),
    ]


def test_a_rule_that_fails_is_found_by_its_name(report: Report) -> None:
    ((subject, detail),) = found(report, LiveCheck.RULE_FAILS)

    assert subject == "joins, broken"
    assert detail


def test_a_program_that_does_not_answer_leaves_its_checks_unanswered_and_the_others_run(healthy: Running) -> None:
    report = inspect(replace(healthy.place, envoy_urls=["http://127.0.0.1:1"], alerts_url=healthy.place.envoy_urls[0]))

    assert list(report.unanswered) == [LiveCheck.CONFIG_DRIFT, LiveCheck.UNPARSED_TRAFFIC, LiveCheck.RULE_FAILS]
    assert report.unanswered[LiveCheck.CONFIG_DRIFT] == "http://127.0.0.1:1/config_dump: does not answer"
    assert len(report.ran) == len(LiveCheck) - 3


def test_no_more_than_a_bounded_number_of_questions_is_ever_sent(healthy: Running) -> None:
    asker = Asker()
    for _ in range(MOST_QUESTIONS):
        asker.get(f"{healthy.place.alerts_url}/api/v1/rules")

    with pytest.raises(Unavailable, match="questions were sent already"):
        asker.get(f"{healthy.place.alerts_url}/api/v1/rules")


class _Nosy(BaseHTTPRequestHandler):
    """Answers nothing useful, and remembers which credentials came to which path."""

    seen: ClassVar[dict[str, str | None]] = {}

    def do_GET(self) -> None:
        self.seen[self.path.partition("?")[0]] = self.headers["Authorization"]
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_store_s_token_goes_to_the_store_alone_and_strange_answers_are_no_crash() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Nosy) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        report = inspect(
            Place(REGION, metrics_url=url, metrics_token="secret", envoy_urls=[url], alerts_url=f"{url}/vmalert")
        )
        server.shutdown()
        thread.join()

    with_token = {path for path, credential in _Nosy.seen.items() if credential is not None}
    assert with_token == {"/api/v1/query", "/api/v1/labels", "/api/v1/status/tsdb"}
    assert {"/config_dump", "/clusters", "/vmalert/api/v1/rules"} <= _Nosy.seen.keys()
    assert (report.ran, len(report.unanswered)) == ([], len(LiveCheck) - 1)
