"""What the checks take for RE2 is what a real Envoy takes, and both engines behind it agree."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compose.programs import find
from rules.check import re2
from rules.check.regex import is_quick, matches, refusal, rewritten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_GOOD: Final = (
    "^a[.]b$",
    "(?:a|b)+",
    "(?P<name>a)",
    "(?i)abc",
    "(?i:abc)",
    "[[:alpha:]]",
    "[]a]",
    "[^]a]",
    "[a&&b]",
    "[a-z-]",
    "a{50}",
    "a{2,}",
    "a{,3}",
    "x{",
    "\\d\\s\\w\\D\\S\\W\\b\\B\\A\\z",
    "\\Qa.b\\E",
    "\\x41\\x{7a}",
    "a*?b+?c??",
    "\\/\\-\\_\\.",
    "",
)
_BAD: Final = (
    "a(?=b)",
    "a(?!b)",
    "(?<=a)b",
    "(a)\\1",
    "(?>a)",
    "(?#comment)a",
    "(?P=name)",
    "a++",
    "a{1001}",
    "(",
    ")",
    "[a",
    "[z-a]",
    "*a",
    "a|*",
    "\\Z",
    "\\",
    "(?P<name",
)


_HTTP: Final = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def _verdict(folder: Path, patterns: Sequence[str]) -> int:
    """By the patterns of routes: in this mode Envoy does not look at those of its statistics."""
    routes = [{"match": {"safe_regex": {"regex": one}}, "direct_response": {"status": 200}} for one in patterns]
    connections = {
        "@type": _HTTP,
        "stat_prefix": "x",
        "route_config": {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": routes}]},
    }
    listener = {
        "name": "x",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connections}]}],
    }
    bootstrap = folder / "envoy.json"
    bootstrap.write_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    command: list[str | Path] = [find("envoy"), "--mode", "validate", "-c", bootstrap, "-l", "off"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.stack
def test_envoy_takes_every_pattern_that_is_taken_for_good(tmp_path: Path) -> None:
    # An empty pattern is refused by Envoy's own rules, not by RE2.
    assert _verdict(tmp_path, [pattern for pattern in _GOOD if pattern]) == 0
    assert [pattern for pattern in _GOOD if refusal(pattern) is not None] == []


@pytest.mark.stack
@pytest.mark.parametrize("pattern", _BAD)
def test_envoy_refuses_every_pattern_that_is_refused(tmp_path: Path, pattern: str) -> None:
    assert refusal(pattern) is not None
    assert _verdict(tmp_path, [pattern]) != 0


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        ("a", "a\n", False),
        ("a$", "a\n", False),
        ("a", "ba", False),
        ("\\d", "\u0661", False),
        ("[0-9]", "\uff10", False),
        ("\\w+", "e\u0301", False),
        ("[[:xdigit:]]{2}", "fF", True),
        ("[]a]+", "]a]", True),
        ("a{,3}", "a{,3}", True),
        ("(?i)é", "É", False),
        (".", "\n", False),
        ("\\Qa.b\\E+", "a.bb", True),
    ],
)
def test_a_match_is_of_the_whole_text_and_of_ascii(pattern: str, text: str, is_match: bool) -> None:
    assert matches(pattern, text) is is_match


@pytest.mark.parametrize(
    ("pattern", "replacement"), [("(a|b)*(?P<n>c)", "${n}-$1-$9-$$"), ("(?P<n>.)(.)?.*", "$1${n}$2$$x")]
)
@pytest.mark.parametrize("text", ["abc", "c", "", "xyz", "\\1c"])
def test_both_engines_find_the_same_groups(pattern: str, replacement: str, text: str) -> None:
    found = re.compile(pattern, re.ASCII).fullmatch(text)
    expected = None
    if found is not None:
        expected = replacement
        for reference, group in (("${n}", "n"), ("$1", 1), ("$2", 2)):
            if reference in expected:
                expected = expected.replace(reference, found[group] or "")
        expected = expected.replace("$9", "").replace("$$", "$")

    assert rewritten(pattern, text, replacement) == expected


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.text("ab.*+?()[]{}|^$\\1,-", max_size=8), st.text("ab1", max_size=6))
def test_python_s_engine_is_used_where_it_finds_what_re2_finds(pattern: str, text: str) -> None:
    if refusal(pattern) is None and is_quick(pattern):
        assert matches(pattern, text) is re2.matches(pattern, text)


def test_a_pattern_made_to_backtrack_for_ever_is_done_at_once() -> None:
    assert not matches("(?:a+)+b", "a" * 2_000)
    assert not matches(".*.*.*.*.*.*x", "a" * 2_000)
    assert rewritten("((?:a|aa)+)c", "a" * 2_000 + "c", "$1") == "a" * 2_000


@pytest.mark.parametrize("pattern", ["\\pL", "(?U)a+", "a(?i)b", "(?<n>a)", "(?P<n>a)(?P<n>b)", "\\x{1F600}"])
def test_what_programs_read_differently_is_refused_rather_than_guessed(pattern: str) -> None:
    assert refusal(pattern) is not None
