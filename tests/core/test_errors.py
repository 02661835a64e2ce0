"""Errors: their codes are a promise, and whose fault one is decides its class."""

from __future__ import annotations

import pytest

from core import errors

PROMISED = {
    "BadRequest": ("bad_request", 400, errors.CallerError),
    "CallerError": ("bad_request", 400, errors.StarmeterError),
    "ConfigurationError": ("configuration", 500, errors.ServiceError),
    "Forbidden": ("forbidden", 403, errors.CallerError),
    "NotFound": ("not_found", 404, errors.CallerError),
    "ServiceError": ("internal", 500, errors.StarmeterError),
    "StarmeterError": ("internal", 500, Exception),
    "TooBusy": ("too_many_requests", 429, errors.CallerError),
    "Unauthenticated": ("unauthenticated", 401, errors.CallerError),
    "Unavailable": ("unavailable", 503, errors.ServiceError),
}


def test_codes_and_statuses_are_the_promised_ones() -> None:
    found = {
        name: (kind.code, kind.status, kind.__base__)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.StarmeterError)
    }

    # A later error may join; these may not change.
    assert {name: found[name] for name in PROMISED} == PROMISED


@pytest.mark.parametrize(("kind", "seconds"), [(errors.TooBusy, 1), (errors.Unavailable, 5)])
def test_an_error_that_passes_says_when_to_try_again(
    kind: type[errors.TooBusy | errors.Unavailable], seconds: int
) -> None:
    assert kind("wait").retry_after == seconds
    assert kind("wait", 30).retry_after == 30
    assert kind("wait", 30).message == "wait"
