"""How the VictoriaMetrics programs of a region are started: loopback only, every administrative page locked."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from compose.programs import find
from rules.render import gate as rendered
from rules.retention import METRICS_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The store has no key for /-/reload, which would read a scrape configuration again that it does not have.
# Given by environment variables: a command line is readable by every user of the machine.
_PREFIX: Final = "STARMETER_"
_LOCKED: Final = (
    "configAuthKey",
    "deleteAuthKey",
    "flagsAuthKey",
    "forceFlushAuthKey",
    "forceMergeAuthKey",
    "metricsAuthKey",
    "pprofAuthKey",
    "reloadAuthKey",
    "search_resetCacheAuthKey",
    "snapshotAuthKey",
)


def environment() -> dict[str, str]:
    """A key that nobody knows for every page that only an operator may open; a program ignores those it lacks."""
    return {f"{_PREFIX}{flag}": secrets.token_urlsafe(24) for flag in _LOCKED}


def _program(name: str, port: int) -> list[str | Path]:
    return [
        find(name),
        f"-httpListenAddr=127.0.0.1:{port}",
        "-envflag.enable",
        f"-envflag.prefix={_PREFIX}",
        "-loggerFormat=json",
        "-loggerLevel=WARN",
    ]


def store(port: int, data: Path) -> list[str | Path]:
    """The command line of a single-node VictoriaMetrics that keeps the catalogue's days in the folder `data`."""
    return [
        *_program("victoria-metrics", port),
        f"-storageDataPath={data}",
        f"-retentionPeriod={METRICS_DAYS}d",
        # A machine runs several of these; each would otherwise take up to 60 % of its memory for caches.
        "-memory.allowedBytes=256MiB",
        # Scrapes are seconds apart here, so that answers need not wait half a minute for stragglers.
        "-search.latencyOffset=1s",
    ]


def agent(port: int, configuration: Path, write_url: str, token: Path, queue: Path) -> list[str | Path]:
    """The command line of a vmagent that scrapes by `configuration` and writes to `write_url` with the `token` file."""
    return [
        *_program("vmagent", port),
        f"-promscrape.config={configuration}",
        "-promscrape.suppressScrapeErrorsDelay=10s",
        f"-remoteWrite.url={write_url}",
        f"-remoteWrite.bearerTokenFile={token}",
        f"-remoteWrite.tmpDataPath={queue}",
        "-remoteWrite.maxDiskUsagePerURL=500MB",
        "-memory.allowedBytes=128MiB",
    ]


def gate(port: int, configuration: Path) -> list[str | Path]:
    """The command line of a vmauth with the users in `configuration`."""
    return [*_program("vmauth", port), f"-auth.config={configuration}"]


def users(store_url: str, region: str, write_tokens: Mapping[str, str], read_token: str, billing_token: str) -> str:
    """The users of vmauth as JSON text: clusters write under their own names, the others read what they need."""
    return json.dumps(rendered.users(store_url, region, write_tokens, read_token, billing_token), indent=1)


# An Alertmanager is the platform's; without one vmalert still evaluates, records and shows its alerts.
NO_NOTIFIER: Final = json.dumps({"static_configs": []})


def ruler(port: int, rules: list[Path], notifiers: Path, store_url: str, interval: str) -> list[str | Path]:
    """The command line of a vmalert that evaluates the files `rules` every `interval` and writes back to its store."""
    return [
        *_program("vmalert", port),
        *(f"-rule={path}" for path in rules),
        f"-notifier.config={notifiers}",
        f"-datasource.url={store_url}",
        f"-remoteWrite.url={store_url}",
        f"-remoteRead.url={store_url}",
        "-remoteWrite.flushInterval=1s",
        f"-evaluationInterval={interval}",
        # How far back a sample may lie to count as present: two lost scrapes of the slowest job.
        "-datasource.queryStep=1m",
        # Recorded series carry the contract's labels, and no other.
        "-disableAlertgroupLabel",
    ]
