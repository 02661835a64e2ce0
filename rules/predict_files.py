"""Where a prediction's statistics settings come from: the catalogue, a named matcher, or any Envoy configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from core.errors import BadRequest
from rules.catalogue import CUSTOMER_FAMILIES, LATENCY_BUCKETS_MS
from rules.predict_gateway import itself, route
from rules.predict_matcher import Statistics
from rules.statistics import STRICT, Allowlist, fragment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_ENDINGS: Final = (".json", ".yaml", ".yml")
_MOST_FILES: Final = 2_000
_MOST_BYTES: Final = 4 * 1024 * 1024

_PATTERN_KINDS: Final = {"Exact": "exact", "Prefix": "prefix", "Suffix": "suffix"}

# What people write who mean the families alone: it also lets `external.`, `canary.` and `retry.` variants in.
_SUFFIX: Final = Allowlist(STRICT.prefixes, tuple(f".*{family.stat}" for family in CUSTOMER_FAMILIES))

MATCHERS: Final = {"none": None, "suffix": _SUFFIX, "anchored": STRICT}


def named(matcher: str, bounds: Sequence[float] = LATENCY_BUCKETS_MS, *, deferred: bool = True) -> Statistics:
    """The catalogue's settings with one of `MATCHERS` and these latency bounds in place of its own."""
    settings: dict[str, Any] = fragment(MATCHERS[matcher])
    settings["stats_config"]["histogram_bucket_settings"][0]["buckets"] = list(bounds)
    settings["deferred_stat_options"]["enable_deferred_creation_stats"] = deferred
    return Statistics.of(settings)


def read(path: Path) -> Statistics:
    """The settings in an Envoy bootstrap, an EnvoyProxy resource, or a folder that holds some.

    Of several (a gateway for previews beside the main one), those that let most series exist.

    Raises:
        BadRequest: the path cannot be read, has no such settings, or malformed ones; the message names the file.
    """
    found = [settings for file in _files(path) for settings in _settings(file)]
    if not found:
        raise BadRequest(f"{path}: has no Envoy bootstrap (stats_config) and no EnvoyProxy resource; name one")
    return max(found, key=lambda one: (route(one, 5).series, itself(one).series))


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise BadRequest(f"{path}: does not exist; name a file or a folder")
    if path.is_file():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in _ENDINGS and file.is_file())
    if len(files) > _MOST_FILES:
        raise BadRequest(f"{path}: holds more than {_MOST_FILES} files; name the folder of the gateway")
    return files


def _settings(file: Path) -> Iterator[Statistics]:
    for document in _documents(file):
        try:
            if document.get("kind") == "EnvoyProxy":
                yield Statistics.of(_bootstrap_of(document))
            elif "stats_config" in document:
                yield Statistics.of(document)
        except BadRequest as failure:
            raise BadRequest(f"{file}: {failure.message}") from failure


def _documents(file: Path) -> list[dict[str, Any]]:
    """The mappings in a file; what is neither YAML nor JSON has no Envoy settings either."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return []
        text = file.read_text()
        # Most files of a tree are about something else, and reading YAML takes long.
        if "stats_config" not in text and "EnvoyProxy" not in text:
            return []
        return [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if isinstance(one, dict)]
    except OSError as failure:
        raise BadRequest(f"{file}: cannot be read: {failure.strerror}") from failure
    except (yaml.YAMLError, UnicodeDecodeError) as failure:
        raise BadRequest(f"{file}: is neither YAML nor JSON: {str(failure).splitlines()[0]}") from failure


def _bootstrap_of(resource: dict[str, Any]) -> dict[str, Any]:
    """The part of the bootstrap that Envoy Gateway makes of an EnvoyProxy resource."""
    spec = resource.get("spec") or {}
    try:
        matches = ((spec.get("telemetry") or {}).get("metrics") or {}).get("matches") or []
        patterns = [_pattern(match) for match in matches]
        own = spec.get("bootstrap") or {}
        merged = yaml.load(own.get("value") or "{}", Loader=yaml.CSafeLoader)
        if own.get("type", "Replace") not in {"Merge", "Replace"} or not isinstance(merged, dict):
            raise BadRequest("spec.bootstrap: only Merge and Replace with a YAML mapping can be read")
    except (AttributeError, TypeError, yaml.YAMLError) as failure:
        raise BadRequest(f"spec: {failure}") from failure
    config = dict(merged.get("stats_config") or {})
    if own.get("type") == "Merge" or not merged:
        # A merge of protocol buffers appends to lists.
        more = ((config.get("stats_matcher") or {}).get("inclusion_list") or {}).get("patterns") or []
        if patterns or more:
            config["stats_matcher"] = {"inclusion_list": {"patterns": [*patterns, *more]}}
    # Since 1.8 Envoy Gateway defers, unless it is told otherwise.
    options = {"enable_deferred_creation_stats": True} | (merged.get("deferred_stat_options") or {})
    return {"stats_config": config, "deferred_stat_options": options}


def _pattern(match: dict[str, Any]) -> dict[str, Any]:
    kind, value = match.get("type", "Exact"), str(match.get("value", ""))
    if kind == "RegularExpression":
        # Its bootstrap template escapes backslashes once more, so that an escaped dot is a backslash and any character.
        return {"safe_regex": {"regex": value.replace("\\", "\\\\")}}
    if kind not in _PATTERN_KINDS:
        raise BadRequest(f"spec.telemetry.metrics.matches: type {kind!r} is none of Exact, Prefix, Suffix, Regular…")
    return {_PATTERN_KINDS[kind]: value}
