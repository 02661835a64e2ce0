"""How one API over the logs is spoken: which argument is the filter, where arguments may be, how a failure is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import BadRequest
from query.body import check_form_type, form_of
from query.logs import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from core.errors import StarmeterError


@dataclass(frozen=True, slots=True)
class Dialect:
    """`query_name` is the filter's argument; with `forms`, arguments may come in a POST's form, too."""

    query_name: str
    report: Callable[[StarmeterError], Response]
    forms: bool = False

    async def form(self, request: Request) -> bytes:
        """The body of a request: a form, where there may be one.

        Raises:
            BadRequest: there is a body, and it is none.
        """
        has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        if has_body and not (self.forms and request.method == "POST"):
            raise BadRequest("body: a GET has none; put the arguments into the URL")
        if has_body:
            kind, encoding = (
                request.headers.get(f"content-{name}", "").encode("latin-1") for name in ("type", "encoding")
            )
            check_form_type(kind, encoding)
        return await form_of(request.receive)


PAGES: Final = Dialect("q", problem.response)
