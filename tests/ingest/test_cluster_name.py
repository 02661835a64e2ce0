from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from core.errors import BadRequest, CallerError
from core.tenant import Tenant
from ingest.cluster_name import GRAMMAR, ClusterName, ClusterNameRefused, Reason, parse
from ingest.cluster_name import format as format_name
from tests.ingest.reference import Attribution, Example, examples

IDS = "0b6f8e0c4d1a4c5e9f2b3a4c5d6e7f807d3c1b2a9e8f4a6bb0c1d2e3f4a5b6c7"
LEGAL = f"httproute/prj-a/{IDS}-production/rule/0"
TENANT = Tenant("0b6f8e0c-4d1a-4c5e-9f2b-3a4c5d6e7f80", "production", "7d3c1b2a-9e8f-4a6b-b0c1-d2e3f4a5b6c7")
OF_A_LINE = {Reason.NOT_UTF8, Reason.LINE_TOO_LONG, Reason.NOT_A_JSON_STRING}


def attributed(name: str) -> Attribution:
    return Attribution(**parse(name)._asdict())


def refusal(name: str) -> ClusterNameRefused:
    with pytest.raises(ClusterNameRefused) as caught:
        parse(name)
    return caught.value


@pytest.mark.parametrize(
    "example", [pytest.param(e, id=f"{n} {e.why}") for n, e in enumerate(examples()) if e.attribution is not None]
)
def test_a_legal_name_is_attributed_to_the_tenant_written_beside_it(example: Example) -> None:
    assert attributed(example.name) == example.attribution
    assert format_name(parse(example.name)) == example.name


@pytest.mark.parametrize(
    "example", [pytest.param(e, id=f"{n} {e.why}") for n, e in enumerate(examples()) if e.attribution is None]
)
def test_any_other_name_is_refused_for_the_reason_written_beside_it(example: Example) -> None:
    assert refusal(example.name).reason == example.reason


def test_the_names_are_many_and_show_every_reason() -> None:
    reasons = Counter(e.reason for e in examples())

    assert reasons.total() >= 200
    assert set(reasons) - {None} == set(Reason) - OF_A_LINE


def test_a_parsed_value_equals_the_one_that_is_constructed() -> None:
    expected = ClusterName.of(TENANT, "prj-a", route_kind="grpcroute", rule=3, backend=7)

    parsed = parse(f"grpcroute/prj-a/{IDS}-production/rule/3/backend/7")

    assert (parsed, hash(parsed), repr(parsed)) == (expected, hash(expected), repr(expected))
    assert parsed.name == f"grpcroute/prj-a/{TENANT.route_name}/rule/3/backend/7"
    assert parsed.tenant == TENANT


def test_a_tenants_route_is_an_http_route_of_one_rule_that_is_not_split_unless_told() -> None:
    assert ClusterName.of(TENANT, "prj-a") == parse(LEGAL) == ClusterName(*parse(LEGAL))


def test_the_longest_legal_name_has_188_characters() -> None:
    tenant = Tenant(TENANT.project_id, "e" * 30, TENANT.service_id)
    longest = ClusterName.of(tenant, "n" * 63, rule=9999, backend=9999)

    assert len(longest.name) == 10 + 63 + 1 + 95 + len("/rule/9999") + len("/backend/9999")
    assert parse(longest.name) == longest


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"namespace": ""}, "namespace"),
        ({"namespace": "n" * 64}, "namespace"),
        ({"namespace": "prj-a\n"}, "namespace"),
        ({"namespace": "prj/a"}, "namespace"),
        ({"route_kind": "tcproute"}, "route_kind"),
        ({"rule": -1}, "rule"),
        ({"rule": 10000}, "rule"),
        ({"backend": -1}, "backend"),
        ({"backend": 10000}, "backend"),
    ],
)
def test_a_value_that_has_no_name_cannot_be_constructed(parts: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest, match=f"^{field}: "):
        ClusterName.of(**{"tenant": TENANT, "namespace": "prj-a", **parts})


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        pytest.param({"project_id": IDS[:32]}, "its text would be another's", id="an id without hyphens"),
        pytest.param(
            {"project_id": IDS[:40], "service_id": IDS[40:]}, "its text would be another's", id="ids of other lengths"
        ),
        pytest.param({"project_id": TENANT.project_id.upper()}, "the ids' hex digits", id="an id in upper case"),
        pytest.param({"service_id": ""}, "fewer than 64 hex digits", id="an id that is missing"),
        pytest.param({"environment": "e" * 31}, "the environment has more than 30", id="a long environment"),
        pytest.param({"environment": "pr-1/rule/2"}, "something else than", id="an environment that goes on"),
        pytest.param({"environment": "pr\n"}, "control, invisible", id="a line feed in the middle"),
        pytest.param({"namespace": ""}, "the namespace is empty", id="no namespace"),
        pytest.param({"namespace": "prj.a"}, "it holds a dot", id="a namespace with a dot"),
        pytest.param({"route_kind": "tcproute"}, "a TCP, TLS or UDP route", id="a route of another layer"),
        pytest.param({"rule": -1}, "the rule's number is negative", id="a negative rule"),
        pytest.param({"rule": 10000}, "the rule's number has more", id="a large rule"),
        pytest.param({"rule": True}, "the rule is no number", id="a rule that is true"),
        pytest.param({"rule": "0"}, "its text would be another's", id="a rule that is text"),
        pytest.param({"rule": "0\n"}, "it ends in a newline", id="a rule that ends a line"),
        pytest.param({"backend": 10000}, "the backend's number has more", id="a large backend"),
    ],
)
def test_a_value_made_by_hand_of_other_parts_has_no_text(parts: dict[str, Any], why: str) -> None:
    made = parse(LEGAL)._replace(**parts)

    with pytest.raises(BadRequest, match=f"^cluster name: .*{why}"):
        format_name(made)
    with pytest.raises(BadRequest, match=r"^cluster name: "):
        _ = made.name


@pytest.mark.parametrize("parts", [{"project_id": IDS[:32]}, {"service_id": ""}, {"environment": "Production"}])
def test_a_value_made_by_hand_of_other_ids_has_no_tenant(parts: dict[str, str]) -> None:
    made = parse(LEGAL)._replace(**parts)  # type: ignore[arg-type]

    with pytest.raises(BadRequest, match=f"^{next(iter(parts))}: "):
        _ = made.tenant


def test_a_refusal_is_the_callers_error_and_does_not_repeat_the_name() -> None:
    refused = refusal(f"{LEGAL}-mirror-0")

    assert isinstance(refused, CallerError)
    assert refused.message == "cluster name: mirrored traffic would count every request twice"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("0" * 60_000, Reason.NOT_A_ROUTE, id="60 kB of hex"),
        pytest.param(f"httproute/prj-a/{'0' * 60_000}-x/rule/0", Reason.IDS_TOO_LONG, id="60 kB of ids"),
        pytest.param("httproute/" * 6_000, Reason.FOREIGN_ROUTE, id="60 kB of a repeated prefix"),
        pytest.param(f"httproute/prj-a/{IDS}-{'a-' * 30_000}", Reason.ENVIRONMENT_TOO_LONG, id="60 kB of hyphens"),
        pytest.param(f"httproute/{'a-' * 30_000}", Reason.NAMESPACE_TOO_LONG, id="60 kB of a namespace"),
        pytest.param(f"{LEGAL[:-1]}{'1' * 60_000}", Reason.RULE_TOO_LARGE, id="60 kB of digits"),
        pytest.param(f"{LEGAL}/backend/{'1' * 60_000}", Reason.BACKEND_TOO_LARGE, id="60 kB of a backend"),
        pytest.param("/" * 60_000, Reason.NOT_A_ROUTE, id="60 kB of slashes"),
        pytest.param(f"{LEGAL}{'/' * 60_000}", Reason.TRAILING_TEXT, id="60 kB of slashes at the end"),
        pytest.param("a_" * 30_000, Reason.NOT_A_ROUTE, id="60 kB like a host and port"),
        pytest.param("a-" * 30_000, Reason.NOT_A_ROUTE, id="60 kB like the gateway's own"),
        pytest.param("sds_" * 15_000, Reason.NOT_A_ROUTE, id="60 kB like a secret's"),
        pytest.param("-rule-0-match" * 4_600, Reason.NOT_A_ROUTE, id="60 kB like the oldest scheme"),
        pytest.param("\n" * 60_000, Reason.TRAILING_NEWLINE, id="60 kB of newlines"),
        pytest.param(f"x{' ' * 60_000}x", Reason.NOT_A_ROUTE, id="60 kB of spaces"),
        pytest.param("\u0661" * 60_000, Reason.NOT_A_ROUTE, id="60 kB of other digits"),
    ],
)
@pytest.mark.timeout(20)  # far beyond linear time, well below what a backtracking expression would take
def test_a_huge_hostile_name_is_refused_for_its_reason(name: str, reason: Reason) -> None:
    assert refusal(name).reason == reason


def test_the_pattern_survives_a_javascript_escape_and_a_yaml_scalar() -> None:
    assert set(GRAMMAR.pattern).isdisjoint("\\'\"<>&= #\n")
    assert not GRAMMAR.pattern.startswith(tuple("[{*&!|>%@"))
    assert len(GRAMMAR.pattern) < 1024


@pytest.mark.parametrize("pattern", [GRAMMAR.pattern, GRAMMAR.named_pattern], ids=["plain", "named"])
def test_both_rendered_patterns_decide_as_the_parser_does(pattern: str) -> None:
    for example in examples():
        matched = re.fullmatch(pattern, example.name) is not None

        assert matched == (example.attribution is not None), example


def test_the_plain_pattern_captures_nothing_and_stands_alone_between_other_text() -> None:
    stat = re.compile(f"^cluster[.]{GRAMMAR.pattern}[.]upstream_rq_time$")

    assert stat.groups == 0
    assert stat.match(f"cluster.{LEGAL}.upstream_rq_time")
    assert not stat.match(f"cluster.{LEGAL}.external.upstream_rq_time")
    assert not stat.match("httproute")
