"""Whatever a file holds, the checks answer with findings, never with an exception."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.check import source
from rules.check.run import check, findings
from rules.check.source import parse
from rules.render.artefact import ARTEFACTS

if TYPE_CHECKING:
    from pathlib import Path

    from rules.check.finding import Finding
    from rules.check.source import Source

_TEXTS: Final = {name: render() for name, render in ARTEFACTS.items() if not name.endswith(".vrl")}
_PIECES: Final = ("", *"[]{}'\":\n|\\()\t\xe9\ufeff~", "- ", "&a ", "*a", "<<: ", "null", "1e5", "!!x ", "{{ x }}")
_SHAPES: Final = ("[]", "{}", "null", "[{a: 1}]", "{a: {b: 1}}", "7", "[[]]", "true")


def _judged(text: str, name: str) -> list[Finding]:
    lines = text.count("\n") + 2
    found = list(findings([parse(text, name)]))
    for one in found:
        assert 1 <= one.line <= lines, one
        assert one.message.isprintable(), one
    return found


@pytest.mark.property
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(_TEXTS)), st.integers(0, 2**32))
def test_a_rendered_file_torn_and_patched_at_random_is_answered(name: str, seed: int) -> None:
    source = random.Random(seed)
    text = _TEXTS[name]
    for _ in range(source.randrange(1, 6)):
        start = source.randrange(len(text) + 1)
        end = min(len(text), start + source.choice((0, 1, 5, 200)))
        text = text[:start] + source.choice(_PIECES) + text[end:]

    _judged(text, name)


@pytest.mark.property
@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(_TEXTS)), st.integers(0, 2**32))
def test_a_rendered_file_whose_values_have_other_shapes_is_answered(name: str, seed: int) -> None:
    """A list where a map is expected, a map for a number, nothing for a name."""
    source = random.Random(seed)
    lines = _TEXTS[name].splitlines()
    for _ in range(source.randrange(1, 4)):
        place = source.randrange(len(lines))
        key, colon, _ = lines[place].partition(": ")
        lines[place] = f"{key}{colon}{source.choice(_SHAPES)}"

    _judged("\n".join(lines), name)


@pytest.mark.property
@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(_TEXTS)), st.integers(0, 2**32))
def test_a_rendered_file_of_which_lines_are_missing_is_answered(name: str, seed: int) -> None:
    source = random.Random(seed)
    share = source.choice((0.02, 0.1, 0.4))

    _judged("\n".join(line for line in _TEXTS[name].splitlines() if source.random() > share), name)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("groups: [" * 50_000, 1, id="lists without end"),
        pytest.param("groups: " + "[" * 5_000 + "]" * 5_000, 1, id="lists in lists"),
        pytest.param("groups: &a [*a]\n", 1, id="an alias of itself"),
        pytest.param("groups:\n- rules:\n  - record: x\n    expr: \x01\n", 4, id="a control character"),
        pytest.param("groups:\n\t- rules: []\n", 2, id="a tab"),
        pytest.param("groups:\n{{- toYaml .Values.groups }}\n", 3, id="a template"),
        pytest.param('prometheus.remote_write "x" {\n  endpoint {\n', 2, id="a block without end"),
        pytest.param("[INPUT]\nName tail\n", 2, id="a property that is not indented"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_line(text: str, line: int) -> None:
    (found, *_) = _judged(text, "some.yaml")

    assert (found.check, found.line) == ("SM001", line)


def test_an_expression_nested_without_end_is_said_to_be_unreadable() -> None:
    text = f"groups:\n- rules:\n  - record: tenant:x\n    expr: {'(' * 10_000}\n"

    assert [one.check for one in _judged(text, "rules.yml")] == ["SM060", "SM068"]


def test_a_thousand_operators_in_a_row_lose_no_finding_of_any_file(tmp_path: Path) -> None:
    rows = "".join(
        f"  - {{record: {name}, expr: '{expression}'}}\n"
        for name, expression in (
            ("tenant:long", " or ".join(["x"] * 3_000)),
            ("tenant_pod:join", "kube_pod_info * on (pod) kube_pod_labels"),
        )
    )
    (tmp_path / "long.yml").write_text(f"groups:\n- name: a\n  rules:\n{rows}")
    (tmp_path / "other.yml").write_text("scrape_configs:\n- job_name: apps\n  honor_labels: true\n")

    found = {(one.path.rpartition("/")[2], one.check) for one in check([tmp_path]).findings}

    # Which labels so deep a tree carries is not followed, and that is said.
    assert found == {("long.yml", "SM001"), ("long.yml", "SM052"), ("long.yml", "SM054"), ("other.yml", "SM040")}


def test_numbers_of_thousands_of_digits_are_answered() -> None:
    limit = f"scrape_configs:\n- job_name: envoy-gateway\n  sample_limit: {'9' * 5_000}\n"
    image = f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: envoyproxy/gateway:v1.{'9' * 5_000}}}]}}\n"

    assert ("SM009", 3) in {(one.check, one.line) for one in _judged(limit, "vmagent.yml")}
    assert {one.check for one in _judged(image, "pod.yml")} == {"SM034"}


def test_a_failure_that_nobody_foresaw_costs_its_own_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yml").write_text("scrape_configs: [{job_name: a, honor_labels: true}]\n")
    (tmp_path / "b.yml").write_text("scrape_configs: [{job_name: b, honor_labels: true}]\n")

    def torn(text: str, shown: str) -> Source:
        if "job_name: b" in text:
            return parse(text, shown)
        raise KeyError(text)

    monkeypatch.setattr(source, "parse", torn)

    found = [(one.path.rpartition("/")[2], one.check) for one in check([tmp_path]).findings]

    assert found == [("a.yml", "SM001"), ("b.yml", "SM040")]


def test_aliases_that_multiply_cost_no_more_than_they_are_long() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))

    found = _judged(f"a0: &a0 [x]\n{levels}scrape_configs: [*a39]\n", "laughs.yml")

    assert {one.check for one in found} == {"SM003", "SM009"}
    assert len(found) == 41


def test_bytes_that_are_no_text_and_files_too_large_are_findings(tmp_path: Path) -> None:
    (tmp_path / "latin.yml").write_bytes(b"groups:\n- name: \xe9\n")
    (tmp_path / "large.yml").write_bytes(b"groups:\n" + b"#" * (9 << 20))

    assert [(one.check, one.line) for one in check([tmp_path]).findings] == [("SM001", 1), ("SM001", 2)]
