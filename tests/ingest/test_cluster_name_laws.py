from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tenant import Tenant
from ingest.cluster_name import ClusterName, ClusterNameRefused, parse
from ingest.cluster_name import format as format_name
from tests.ingest.reference import attribution
from tests.ingest.strategies import SETTINGS, cluster_names, mutants, texts
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

    @SETTINGS
    @given(ANYTHING)
    def test_any_text_is_read_as_the_reference_reads_it(self, name: str) -> None:
        _agrees_with_the_reference(name)

    @SETTINGS
    @given(cluster_names())
    def test_a_parsed_value_would_also_pass_the_constructors(self, value: ClusterName) -> None:
        parsed = parse(format_name(value))
        tenant = Tenant(parsed.tenant.project_id, parsed.tenant.environment, parsed.tenant.service_id)

        assert ClusterName(tenant, parsed.namespace, parsed.route_kind, parsed.rule, parsed.backend) == parsed


def _agrees_with_the_reference(name: str) -> None:
    expected = attribution(name)
    if expected is None:
        with pytest.raises(ClusterNameRefused):
            parse(name)
    else:
        assert attributed(name) == expected
