"""The limits that a scrape configuration sets on what is scraped of a gateway: those that are rendered, or a file's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.errors import BadRequest
from rules.catalogue import GATEWAY_JOB
from rules.predict_document import mapping, mappings, sequence, shown, text_of
from rules.render.scrape import gateway_job

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEYS: Final = ("series_limit", "sample_limit")


def limits(path: Path | None) -> dict[str, int]:
    """The limits of the job of the gateways by their keys; 0, which is no limit, is left out.

    Raises:
        BadRequest: the file is no scrape configuration with such a job; the message names it.
    """
    if path is None:
        return _of(gateway_job())
    try:
        return _of(_job(text_of(path)))
    except BadRequest as failure:
        raise BadRequest(f"{path}: {failure.message}") from failure


def _job(text: str) -> dict[str, Any]:
    for document in mappings(text):
        for value in sequence(document.get("scrape_configs"), "scrape_configs"):
            job = mapping(value, "scrape_configs")
            if job.get("job_name") == GATEWAY_JOB:
                return job
    raise BadRequest(f"scrape_configs: has no job {GATEWAY_JOB}; name the configuration that scrapes gateways")


def _of(job: Mapping[str, Any]) -> dict[str, int]:
    told = {key: job[key] for key in _KEYS if job.get(key)}
    for key, value in told.items():
        if type(value) is not int or value < 0:
            raise BadRequest(f"{key}: must be a whole number, not {shown(value)}")
    return told
