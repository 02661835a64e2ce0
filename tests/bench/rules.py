"""How fast a tree of configurations is checked: `python -m tests.bench.rules`. Ends with 1 when a target is missed."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any, Final

from rules.check import session
from rules.render.artefact import ARTEFACTS

FILES: Final = 2_000
TARGET_SECONDS: Final = 5.0
_RUNS: Final = 3

# What a platform's repository holds besides.
_STRANGER: Final = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: prj-%d, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""


def tree(folder: Path, *, strangers: int) -> None:
    """Fill `folder` with `FILES` files, of which every so many are none of ours; no two are byte for byte the same."""
    texts = [(name, render()) for name, render in ARTEFACTS.items() if not name.endswith(".vrl")]
    for number in range(FILES):
        place = folder / f"service-{number % 50:02d}"
        place.mkdir(exist_ok=True)
        if number % 10 < strangers:
            (place / f"{number}.yaml").write_text(_STRANGER % number)
        else:
            name, text = texts[number % len(texts)]
            (place / f"{number}-{name}").write_text(_varied(text, number))


def _varied(text: str, number: int) -> str:
    """The text with windows, dropped labels and ports of its own, so that nothing of one file answers for another."""
    return (
        text.replace("[1m]", f"[{60 + number}s]")
        .replace('"image|name"', f'"image|name|tmp_{number}"')
        .replace('regex: "envoy_cluster_name"', f'regex: "envoy_cluster_name|tmp_{number}"')
        .replace('"project_id|service_id', f'"tmp_{number}|project_id|service_id')
        .replace("19001", f"{20_000 + number}")
    )


def _measured(strangers: int) -> tuple[float, float, dict[str, Any]]:
    folder = Path(tempfile.mkdtemp())
    try:
        tree(folder, strangers=strangers)
        shortest = (float("inf"), float("inf"))
        for _ in range(_RUNS):
            start, processor = time.perf_counter(), time.process_time()
            text, _ = session.run([folder], "json", session.Excuses(), date(2026, 1, 1))
            shortest = min(shortest, (time.perf_counter() - start, time.process_time() - processor))
        return *shortest, json.loads(text)
    finally:
        shutil.rmtree(folder)


def main() -> int:
    """Print the table; 0 when every target is met."""
    is_met = True
    for about, strangers in (("every file a configuration", 0), ("one in five a configuration", 8)):
        seconds, processor, outcome = _measured(strangers)
        met = seconds <= TARGET_SECONDS
        is_met = is_met and met
        found = len(outcome["configurations"]), len(outcome["findings"])
        count = f"{outcome['files']:,} files, {found[0]:,} configurations, {found[1]} findings"
        took = f"{seconds:.2f} s ({processor:.2f} s of processor)"
        sys.stdout.write(f"{about:<30} {count:<56} {took:>28}   <= 5 s {'' if met else 'MISSED'}\n")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
