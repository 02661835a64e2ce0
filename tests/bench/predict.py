"""Predictions beside a real Envoy, and how long one takes: `python -m tests.bench.predict`. Ends with 1 on a miss.

Prints the table of docs/predict.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.rules.measured import CONFIGURATIONS, HEAD, NEAR, ROUTES, compare

MOST_SECONDS: Final = 1.0
_RUNS: Final = 3


def main() -> int:
    """Run it; returns the exit code."""
    print(f"{ROUTES} routes behind one Envoy with a static bootstrap:\n\n{HEAD}")
    is_near = True
    for configuration in CONFIGURATIONS:
        with tempfile.TemporaryDirectory() as folder:
            compared = compare(Path(folder), configuration)
        print(compared.row(configuration.about))
        told = compared.predicted
        pairs = (told.envoy, compared.series), (told.scrape_bytes, compared.scrape_bytes)
        is_near = is_near and all(abs(predicted - real) <= NEAR * real for predicted, real in pairs)
    seconds = min(_seconds() for _ in range(_RUNS))
    print(f"\n{'met' if is_near else 'MISSED'}: every prediction within {NEAR:.0%}")
    print(f"{'met' if seconds <= MOST_SECONDS else 'MISSED'}: a prediction takes {seconds:.2f} s, at most 1 s")
    return 0 if is_near and seconds <= MOST_SECONDS else 1


def _seconds() -> float:
    """A whole run of the program, from its start to its end."""
    command = [sys.executable, "-m", "starmeter", "rules", "predict", "--routes", "4000", "--from", "compose/rendered"]
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False, timeout=60)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
