from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadRequest
from core.tenant import Tenant
from ingest.cluster_name import GRAMMAR, ClusterName, ClusterNameRefused, parse
from ingest.cluster_name import format as format_name
from tests.ingest.reference import Attribution, attribution
from tests.ingest.strategies import NEAR, SETTINGS, cluster_names, handmade, mutants, texts
from tests.ingest.test_cluster_name import attributed

pytestmark = pytest.mark.property

ANYTHING = texts() | st.text(st.characters(categories=("Cs", "Nd", "No", "Zs", "Cc", "L")))


class TestFormatIsTheInverseOfParse:
    """`format` gives "the text that `parse` reads back into an equal value"."""

    @SETTINGS
    @given(cluster_names())
    def test_a_value_comes_back_from_its_own_text(self, value: ClusterName) -> None:
        assert parse(format_name(value)) == value

    @SETTINGS
    @given(ANYTHING)
    def test_a_text_that_parses_is_the_text_of_its_value(self, name: str) -> None:
        try:
            value = parse(name)
        except ClusterNameRefused:
            return

        assert format_name(value) == name


class TestNothingIsMisattributed:
    """A name "is refused or parses to exactly the mutated text's own tenant"."""

    @SETTINGS
    @given(mutants())
    def test_one_changed_character_leads_to_refusal_or_to_what_now_stands_there(self, name: str) -> None:
        _agrees_with_the_reference(name)

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("httproute/a/" + "0" * 64 + "-b/rule/0", id="the shortest"),
            pytest.param("grpcroute/prj-a/" + "0b6f8e0c" * 8 + "-pr-1/rule/10/backend/7", id="one of a backend"),
            pytest.param(
                f"httproute/{'n' * 63}/{'f' * 64}-{'e' * 30}/rule/9999/backend/9999",
                id="the longest",
            ),
        ],
    )
    def test_no_change_of_one_character_at_any_place_is_misread(self, name: str) -> None:
        characters = sorted({*map(chr, range(128)), *NEAR, "\ud800", "\u200b", "\U0001f600"})
        for place in range(len(name) + 1):
            before, after = name[:place], name[place:]
            _agrees_with_the_reference(before + after[1:])
            for character in characters:
                _agrees_with_the_reference(before + character + after)
                _agrees_with_the_reference(before + character + after[1:])

    @SETTINGS
    @given(ANYTHING)
    def test_any_text_is_read_as_the_reference_reads_it(self, name: str) -> None:
        _agrees_with_the_reference(name)

    @SETTINGS
    @given(cluster_names())
    def test_a_parsed_value_would_also_pass_the_constructors(self, value: ClusterName) -> None:
        parsed = parse(format_name(value))
        tenant = Tenant(parsed.project_id, parsed.environment, parsed.service_id)

        assert parsed.tenant == tenant
        assert parsed == ClusterName.of(
            tenant, parsed.namespace, route_kind=parsed.route_kind, rule=parsed.rule, backend=parsed.backend
        )

    @SETTINGS
    @given(handmade())
    def test_a_value_made_by_hand_has_the_text_that_reads_back_as_it_or_none(self, value: ClusterName) -> None:
        try:
            name = format_name(value)
        except BadRequest:
            assert attribution(GRAMMAR.text(value._asdict())) != Attribution(**value._asdict())
            return

        assert Attribution(**value._asdict()) == attribution(name)


def _agrees_with_the_reference(name: str) -> None:
    try:
        found = attributed(name)
    except ClusterNameRefused:
        found = None
    assert found == attribution(name), name
