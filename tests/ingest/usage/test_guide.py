"""docs/usage-ingest.md is what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ingest.usage import build_report, signature
from ingest.usage.settings import UsageSettings
from tests.ingest.usage.ledger import TABLES

GUIDE = (Path(__file__).resolve().parents[3] / "docs/usage-ingest.md").read_text()


def test_every_setting_and_every_table_is_told() -> None:
    untold = {name for name in UsageSettings.model_fields if name not in GUIDE}

    assert untold == set()
    assert [table for table in TABLES if table not in GUIDE] == []
    assert signature.HEADER in GUIDE


def test_the_delivery_that_is_shown_is_taken() -> None:
    (shown,) = re.findall(r"^Starform-Signature: .*?\n\n(\{.*?^\})", GUIDE, re.DOTALL | re.MULTILINE)
    told = shown.replace("queued | running | succeeded | failed | cancelled", "failed")

    build = build_report.read(json.dumps(json.loads(told)).encode())

    assert (build.state.name, build.finished_at) == ("FAILED", 1_769_860_800)
