"""The front-door's cardinality pages over HTTP, as a person's terminal asks for them."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

from core.errors import BadRequest, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS: Final = 60
_FAULT: Final = 500
_TOKEN: Final = "STARMETER_TOKEN"  # noqa: S105 - the name of the variable


@dataclass(frozen=True, slots=True)
class Door:
    """A front-door and the token to ask it with; `names` are what projects and services are called, where known."""

    url: str
    token: str
    names: dict[str, str]

    @classmethod
    def found(cls, url: str | None, token_file: Path | None, stack: Path) -> Self:
        """What is given, and of the local stack's description what is not.

        Raises:
            BadRequest: there is neither; the message names the option.
        """
        described = _described(stack)
        token = os.environ.get(_TOKEN)
        if token_file is not None:
            try:
                token = token_file.read_text().strip()
            except (OSError, UnicodeDecodeError) as failure:
                raise BadRequest(f"token-file: {token_file} cannot be read") from failure
        if token is None and url is None:
            # The local stack's token is for the local stack's door alone.
            token = (described.get("tokens") or {}).get("platform")
        door = url or described.get("query_url")
        if not isinstance(door, str) or not door.startswith(("http://", "https://")):
            raise BadRequest(f"url: give the front-door's; {stack} describes no local stack")
        if not token:
            raise BadRequest(f"token-file: give a file with a platform token, or set {_TOKEN}")
        return cls(door.rstrip("/"), token, _names(described))

    def ask(self, page: str, arguments: dict[str, str]) -> dict[str, Any]:
        """A page's answer.

        Raises:
            BadRequest: the door refuses the token or an argument, in its words.
            Unavailable: it does not answer, or cannot count now.
        """
        try:
            request = urllib.request.Request(  # noqa: S310 - http or https, see `found`
                f"{self.url}/v1/cardinality/{page}?{urllib.parse.urlencode(arguments)}",
                headers={"Authorization": f"Bearer {self.token}"},
            )
        except ValueError as failure:
            raise BadRequest(f"url: {self.url} is not a URL; write it as http://host:port") from failure
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same
                document = json.load(answer)
        except urllib.error.HTTPError as failure:
            with failure:
                words = _words(failure)
            if failure.code >= _FAULT or failure.code == HTTPStatus.TOO_MANY_REQUESTS:
                raise Unavailable(f"{self.url}: cannot count now (status {failure.code}: {words})") from failure
            raise BadRequest(words) from failure
        except http.client.InvalidURL as failure:
            raise BadRequest(f"url: {self.url} is not a URL; write it as http://host:port") from failure
        except (OSError, ValueError, http.client.HTTPException) as failure:
            raise Unavailable(f"{self.url}: the front-door does not answer") from failure
        if not isinstance(document, dict) or not isinstance(document.get("regions"), list):
            raise Unavailable(f"{self.url}: what answers is no front-door")
        return document


def _words(failure: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(failure)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the front-door answered with status {failure.code}"


def _described(stack: Path) -> dict[str, Any]:
    try:
        described = json.loads(stack.read_text())
    except (OSError, ValueError):
        return {}
    return described if isinstance(described, dict) else {}


def _names(described: dict[str, Any]) -> dict[str, str]:
    """Projects as `workspace/project`, services as `project/service`."""
    names: dict[str, str] = {}
    for workspace in described.get("workspaces") or []:
        for project in workspace["projects"] or []:
            names[project["id"]] = f"{workspace['name']}/{project['name']}"
            names |= {one["id"]: f"{project['name']}/{one['name']}" for one in project["services"]}
    return names
