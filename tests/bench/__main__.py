"""Every bench in turn: `python -m tests.bench`. Ends with 1 when one of them missed a target."""

from __future__ import annotations

import sys

from tests.bench import billing, door, ingest, logs, parser, predict, rules, rules_live, usage_export

if __name__ == "__main__":
    benches = (billing, door, ingest, logs, parser, predict, rules, rules_live, usage_export)
    sys.exit(max(bench.main() for bench in benches))
