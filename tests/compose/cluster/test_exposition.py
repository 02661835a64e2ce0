from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from compose.cluster.exposition import Family, text


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(st.characters(codec="utf-8"), max_size=20)))
def test_any_label_value_comes_back_from_a_parser(labels: dict[str, str]) -> None:
    family = Family("things", "gauge", "Some things.")
    family.add(2.5, **labels)

    (read,) = text_string_to_metric_families(text([family]))

    assert [(sample.labels, sample.value) for sample in read.samples] == [(labels, 2.5)]
    assert (read.type, read.documentation) == ("gauge", "Some things.")


def test_a_family_without_samples_leaves_no_line() -> None:
    assert text([Family("things", "gauge", "Some things.")]) == ""
