"""The prediction beside real Envoy: series and bytes of a scrape, within two per cent; see docs/predict.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.rules.measured import CONFIGURATIONS, HEAD, NEAR, Configuration, compare

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "predict.md"


@pytest.mark.stack
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.about)
def test_the_prediction_is_within_two_per_cent(tmp_path: Path, configuration: Configuration) -> None:
    compared = compare(tmp_path, configuration)

    print(compared.row(configuration.about))
    assert compared.predicted.envoy == pytest.approx(compared.series, rel=NEAR)
    assert compared.predicted.scrape_bytes == pytest.approx(compared.scrape_bytes, rel=NEAR)


def test_the_document_has_the_table_of_every_configuration_and_promises_no_more_than_is_tested() -> None:
    text = DOCUMENT.read_text()

    assert HEAD in text
    told = re.findall(
        r"^\| ([^|]+) \| [\d,]+ \| [\d,]+ \| ([-+][\d.]+)% \| [\d,]+ \| [\d,]+ \| ([-+][\d.]+)% \|$", text, re.MULTILINE
    )
    assert [about for about, *_ in told] == [one.about for one in CONFIGURATIONS]
    assert max(abs(float(share)) for _, *shares in told for share in shares) <= NEAR * 100
