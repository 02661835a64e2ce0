"""The live checks on real programs: every defect is found by its id, a healthy region has none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.errors import Unavailable
from rules.check.finding import Finding, Severity
from rules.live import Report, inspect
from rules.live_finding import CHECKS, LiveCheck
from rules.live_http import MOST_QUESTIONS, Asker
from tests.rules.live_cases import STRANGER, STRIPPED, healthy_region, sick_region
from tests.rules.live_region import API, BLOG, SHOP, Running

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


def test_a_region_is_checked_by_some_dozen_questions(healthy: Running, report: Report) -> None:
    assert inspect(replace(healthy.place, platform_url=None)).asked == 17
    # Of what has left, one more for every twenty labels and every 150 pods; the sick one's labels are told apart.
    assert inspect(healthy.place).asked == 22
    assert report.asked <= MOST_QUESTIONS


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


def test_a_customers_series_with_a_label_more_or_an_id_in_another_form_is_found(report: Report) -> None:
    extra = "2 series have the label pod besides the contract's: tenant:container_memory_working_set_bytes:sum"
    form = "1 series have none, or one of another form than the contract's: envoy_cluster_upstream_rq_xx"

    assert found(report, LiveCheck.TENANT_CONTRACT) == [("project_id", form), ("tenant pods", extra)]


def test_a_customer_in_the_platform_s_own_store_is_found_and_not_named(report: Report) -> None:
    told = found(report, LiveCheck.IDENTIFIER_LEFT)

    assert told == [
        ("the label __name__", "1 series with a customer's id in its value"),
        ("the label deployment", "1 series with a customer's id in its value"),
        ("the label exported_namespace", "must not leave the region"),
        ("the label namespace", "1 series of 1 namespaces that are customers'"),
        ("the label pod", "1 pods that are customers'"),
        ("the label project_id", "must not leave the region"),
    ]
    assert not any(word in repr(told) for word in (SHOP, STRIPPED, "prj-", "web-1"))


def test_what_has_left_is_not_looked_at_unless_it_is_said_where(healthy: Running) -> None:
    report = inspect(replace(healthy.place, platform_url=None))

    assert list(report.skipped) == [LiveCheck.IDENTIFIER_LEFT]


def test_a_scrape_near_its_limit_is_found(report: Report) -> None:
    assert found(report, LiveCheck.LIMIT_NEAR) == [
        ("c1/envoy-gateway", "75% of sample_limit are used; it must be 1.5 times what is scraped"),
    ]


def test_findings_are_said_as_the_static_checks_say_theirs(report: Report, healthy: Running) -> None:
    told = report.as_findings()

    assert Finding("live:fra1", 1, "SL009", f"joins, broken: {found(report, LiveCheck.RULE_FAILS)[0][1]}") in told
    assert list(told) == sorted(told)
    assert len(told) == len(report.findings)
    assert inspect(healthy.place).as_findings() == ()


def test_every_live_check_is_described_as_the_static_ones_are() -> None:
    assert [check.id for check in CHECKS] == sorted(map(str, LiveCheck))
    for check in CHECKS:
        assert check.link == f"docs/runbook.md#{check.id.lower()}"
        assert (check.kinds, check.severity) == ((), Severity.ERROR)
        assert check.why.endswith(".")
        assert check.fix.endswith(".")


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
