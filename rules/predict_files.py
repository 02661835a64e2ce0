"""Where a prediction's statistics settings come from: the catalogue, a named matcher, or any Envoy configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from rules.catalogue import CUSTOMER_FAMILIES, LATENCY_BUCKETS_MS
from rules.check.finding import printable
from rules.predict_document import MOST_BYTES, mapping, mappings, sequence, shown, text_of
from rules.predict_gateway import itself, route
from rules.predict_matcher import Statistics
from rules.statistics import STRICT, Allowlist, fragment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ENDINGS: Final = (".json", ".yaml", ".yml")
_MOST_FILES: Final = 2_000
_MOST_MISTAKES: Final = 100

_MERGES: Final = ("Merge", "Replace")
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
        BadRequest: the path cannot be read, has no such settings, or malformed ones; the message names every file with
            a mistake, a line each.
    """
    found: list[Statistics] = []
    mistakes: list[str] = []
    for file in _files(path):
        try:
            found += _settings(file)
        except BadRequest as failure:
            mistakes.append(failure.message)
    if mistakes:
        more = f"\nand {len(mistakes) - _MOST_MISTAKES} more files" if len(mistakes) > _MOST_MISTAKES else ""
        raise BadRequest("\n".join(mistakes[:_MOST_MISTAKES]) + more)
    if not found:
        raise BadRequest(f"{path}: has no Envoy bootstrap (stats_config) and no EnvoyProxy resource; name one")
    return max(found, key=_most)


def _files(path: Path) -> list[Path]:
    try:
        if not path.exists():
            raise BadRequest(f"{path}: does not exist; name a file or a folder")
        if not path.is_dir():
            return [path]
        files = sorted(
            file
            for file in path.rglob("*")
            if file.suffix in _ENDINGS and file.is_file() and file.stat().st_size <= MOST_BYTES
        )
    except OSError as failure:
        raise BadRequest(f"{path}: cannot be read: {failure.strerror}") from failure
    if len(files) > _MOST_FILES:
        raise BadRequest(f"{path}: holds more than {_MOST_FILES} files; name the folder of the gateway")
    return files


def _settings(file: Path) -> list[Statistics]:
    """What a file's documents say, each of them looked at.

    Raises:
        BadRequest: some have mistakes; each is named, a line each.
    """
    found: list[Statistics] = []
    mistakes: list[str] = []
    try:
        documents = _documents(file)
    except BadRequest as failure:
        raise BadRequest(f"{printable(str(file))}: {failure.message}") from failure
    for document in documents:
        try:
            settings = _statistics(document)
            if settings is not None:
                # What RE2 refuses is refused when it is used.
                _most(settings)
                found.append(settings)
        except BadRequest as failure:
            mistakes.append(f"{printable(str(file))}: {failure.message}")
    if mistakes:
        raise BadRequest("\n".join(mistakes))
    return found


def _statistics(document: dict[str, Any]) -> Statistics | None:
    if document.get("kind") == "EnvoyProxy":
        return Statistics.of(_bootstrap_of(document))
    return Statistics.of(document) if "stats_config" in document else None


def _most(settings: Statistics) -> tuple[int, int]:
    """How many series there are of a route and of the gateway, to compare by."""
    return route(settings, 5).series, itself(settings).series


def _documents(file: Path) -> list[dict[str, Any]]:
    text = text_of(file)
    # Most files of a tree are about something else, and reading YAML takes long.
    return mappings(text) if "stats_config" in text or "EnvoyProxy" in text else []


def _bootstrap_of(resource: dict[str, Any]) -> dict[str, Any]:
    """The part of the bootstrap that Envoy Gateway makes of an EnvoyProxy resource."""
    spec = mapping(resource.get("spec"), "spec")
    metrics = mapping(mapping(spec.get("telemetry"), "spec.telemetry").get("metrics"), "spec.telemetry.metrics")
    patterns = [_pattern(one) for one in sequence(metrics.get("matches"), "spec.telemetry.metrics.matches")]
    own = mapping(spec.get("bootstrap"), "spec.bootstrap")
    kind, text = own.get("type", "Replace"), own.get("value") or "{}"
    if kind not in _MERGES or not isinstance(text, str):
        raise BadRequest("spec.bootstrap: only Merge and Replace with a YAML mapping can be read")
    documents = mappings(text)
    merged = documents[0] if documents else {}
    config = dict(mapping(merged.get("stats_config"), "stats_config"))
    if kind == "Merge" or not merged:
        # A merge of protocol buffers appends to lists.
        matcher = mapping(config.get("stats_matcher"), "stats_matcher")
        included = mapping(matcher.get("inclusion_list"), "inclusion_list")
        more = sequence(included.get("patterns"), "inclusion_list.patterns")
        if patterns or more:
            config["stats_matcher"] = {"inclusion_list": {"patterns": [*patterns, *more]}}
    # Since 1.8 Envoy Gateway defers, unless it is told otherwise.
    told = mapping(merged.get("deferred_stat_options"), "deferred_stat_options")
    return {
        "stats_config": config,
        "deferred_stat_options": {"enable_deferred_creation_stats": True} | told,
    }


def _pattern(value: object) -> dict[str, Any]:
    match = mapping(value, "spec.telemetry.metrics.matches")
    kind, text = match.get("type", "Exact"), match.get("value", "")
    if not isinstance(text, str):
        raise BadRequest(f"spec.telemetry.metrics.matches: value {shown(text)} is no text; put it into quotes")
    if kind == "RegularExpression":
        # Its bootstrap template escapes backslashes once more, so that an escaped dot is a backslash and any character.
        return {"safe_regex": {"regex": text.replace("\\", "\\\\")}}
    if not isinstance(kind, str) or kind not in _PATTERN_KINDS:
        raise BadRequest(
            f"spec.telemetry.metrics.matches: type {shown(kind)} is none of {', '.join(_PATTERN_KINDS)}, "
            "RegularExpression"
        )
    return {_PATTERN_KINDS[kind]: text}
