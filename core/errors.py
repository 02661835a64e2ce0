"""Every failure that Starmeter reports: a stable code, an HTTP status, a sentence that names the fix.

```
StarmeterError
├── CallerError            the caller can mend it (4xx)
│   ├── BadRequest         400  an argument is wrong; the message names it
│   ├── Unauthenticated    401  no credential, or not a valid one; nothing of it is echoed
│   ├── Forbidden          403  known caller, known project, wrong role or token scope
│   ├── NotFound           404  unknown and foreign look the same
│   └── TooBusy            429  the tenant's own concurrency is used up
└── ServiceError           only we can mend it (5xx)
    ├── Unavailable        503  a store does not answer, or a region failed its isolation canary
    └── ConfigurationError      a process refuses to start; the message names the key
```
"""

from __future__ import annotations

from typing import ClassVar


class StarmeterError(Exception):
    """Base of all; `code` is immutable once released, clients match on it."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    @property
    def message(self) -> str:
        """The sentence shown to the caller."""
        return str(self)


class CallerError(StarmeterError):
    """The caller's fault: never logged as an error of ours."""

    code = "bad_request"
    status = 400


class BadRequest(CallerError):
    """An argument is missing, malformed, duplicated or out of bounds."""


class Unauthenticated(CallerError):
    """No credential, more than one, or one that is unknown, expired or revoked."""

    code = "unauthenticated"
    status = 401


class Forbidden(CallerError):
    """The caller belongs here but its role or its token does not allow the action."""

    code = "forbidden"
    status = 403


class NotFound(CallerError):
    """Unknown or foreign: the two look the same so that ids cannot be probed."""

    code = "not_found"
    status = 404


class TooBusy(CallerError):
    """The tenant runs as many reads as it may; retry after `retry_after` seconds."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServiceError(StarmeterError):
    """Our fault, or our stores'."""


class Unavailable(ServiceError):
    """A region cannot be read now; retry after `retry_after` seconds."""

    code = "unavailable"
    status = 503

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConfigurationError(ServiceError):
    """The process must not start; the message names the key and the fix."""

    code = "configuration"
