"""Where a region's programs are, found out of options and the local stack's description; and where the outcome goes."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from core.control import connect
from core.directory import Directory
from core.errors import BadRequest
from rules.live import Place
from rules.statistics import fragment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.live import Report

# The alerts' word for it; a check that did not run has no series, and no zero that nobody measured.
FINDINGS: Final = "rules_live_findings"
LAST_RUN: Final = "rules_live_last_run_timestamp_seconds"


def resolve(
    region: str,
    stack: Path,
    given: Mapping[str, Any],
    *,
    token_file: Path | None = None,
    envoy_config: Path | None = None,
    platform_token_file: Path | None = None,
) -> Place:
    """The region's place: what is `given`, and of the local stack's description what is not.

    `given` may hold metrics_url, envoy_urls, alerts_url, platform_url and control_store. As soon as one address of the
    region is given, nothing is taken from the local stack, whose programs are others.

    Raises:
        BadRequest: the region is unknown, or a file cannot be read; the message names the option.
    """
    # Given and empty is a mistake, and not the same as not given.
    found = {name: value for name, value in given.items() if value is not None and value != []}
    if not found.keys() & {"metrics_url", "envoy_urls", "alerts_url"}:
        found = _local(region, stack) | found
    control_store = found.pop("control_store", None)
    return Place(
        region,
        **found,
        metrics_token=_token("metrics-token-file", token_file),
        platform_token=_token("platform-token-file", platform_token_file),
        directory=None if control_store is None else Directory(connect(control_store)),
        rendered=fragment() if envoy_config is None else _rendered(envoy_config),
    )


def write_exposition(report: Report, path: Path) -> None:
    """The outcome as metrics, written all at once.

    Raises:
        BadRequest: the file cannot be written.
    """
    region = json.dumps(report.region)
    lines = [f"# TYPE {FINDINGS} gauge"]
    for check in report.ran:
        count = sum(finding.check is check for finding in report.findings)
        lines.append(f'{FINDINGS}{{region={region},check="{check.value}"}} {count}')
    lines += [f"# TYPE {LAST_RUN} gauge", f"{LAST_RUN}{{region={region}}} {time.time():.0f}", ""]
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines))
        # A collector runs as somebody else.
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except OSError as failure:
        raise BadRequest(f"exposition: {path} cannot be written: {failure.strerror}") from failure


def _local(region: str, stack: Path) -> dict[str, Any]:
    try:
        described = json.loads(_text("stack", stack))
        regions = {one["name"]: one for one in described["regions"]}
        here = regions.get(region)
        if here is None:
            raise BadRequest(f"region: {region} is none of {', '.join(regions)}")
        return {
            "metrics_url": here["victoriametrics_url"],
            "envoy_urls": [here["envoy_admin_url"]],
            "alerts_url": here["vmalert_url"],
            "control_store": described["control_store"],
        }
    except (KeyError, TypeError, ValueError) as failure:
        raise BadRequest(f"stack: {stack} describes no local stack") from failure


def _token(option: str, path: Path | None) -> str | None:
    return None if path is None else _text(option, path).strip()


def _rendered(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(_text("envoy-config", path), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as failure:
        raise BadRequest(f"envoy-config: {path} is neither YAML nor JSON") from failure
    if not isinstance(document, dict) or "stats_config" not in document:
        raise BadRequest(f"envoy-config: {path} is no Envoy bootstrap with a stats_config")
    return document


def _text(option: str, path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as failure:
        raise BadRequest(f"{option}: {path} cannot be read; start the stack, or name another") from failure
