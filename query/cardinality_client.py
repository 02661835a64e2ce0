"""The front-door's cardinality over HTTP, as a terminal asks for it: the platform's pages, or a tenant's own part."""

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
from core.tenant import is_canonical_id, is_environment

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS: Final = 60
_FAULT: Final = 500
_MOST_LIMIT: Final = 100
_TOKEN: Final = "STARMETER_TOKEN"  # noqa: S105 - the name of the variable


@dataclass(frozen=True, slots=True)
class Door:
    """A front-door and the token to ask it with; `names` are what projects and services are called, where known."""

    url: str
    token: str
    names: dict[str, str]

    @classmethod
    def found(cls, url: str | None, token_file: Path | None, stack: Path, *, project: str | None = None) -> Self:
        """What is given, and of the local stack's description what is not; with `project`, to ask as its viewer.

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
            token = (described.get("tokens") or {}).get(_holder(described, project))
        door = url or described.get("query_url")
        if not isinstance(door, str) or not door.startswith(("http://", "https://")):
            raise BadRequest(f"url: give the front-door's; {stack} describes no local stack")
        if not token:
            whose = "a platform token" if project is None else "a token that may read the project's metrics"
            raise BadRequest(f"token-file: give a file with {whose}, or set {_TOKEN}")
        return cls(door.rstrip("/"), token, _names(described))

    def ask(self, page: str, arguments: dict[str, str]) -> dict[str, Any]:
        """One of the platform's pages.

        Raises:
            BadRequest: the door refuses the token or an argument, in its words.
            Unavailable: it does not answer, or cannot count now.
        """
        return self._read(f"/v1/cardinality/{page}", arguments, ("regions", list))

    def ask_own(self, tenant: str, label: str, limit: int) -> dict[str, Any]:
        """The day's tables of `limit` entries for a tenant's scope; `tenant` is a path of `tenant_path`.

        Raises:
            BadRequest, Unavailable: as for `ask`.
        """
        if not 1 <= limit <= _MOST_LIMIT:
            raise BadRequest(f"limit: must be a whole number from 1 to {_MOST_LIMIT}")
        path = f"{tenant}/prometheus/api/v1/status/tsdb"
        own: dict[str, Any] = self._read(path, {"topN": str(limit), "focusLabel": label}, ("data", dict))["data"]
        return own

    def _read(self, path: str, arguments: dict[str, str], holds: tuple[str, type]) -> dict[str, Any]:
        try:
            request = urllib.request.Request(  # noqa: S310 - http or https, see `found`
                f"{self.url}{path}?{urllib.parse.urlencode(arguments)}",
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
        except RecursionError as failure:
            raise Unavailable(f"{self.url}: what answers is no front-door; its answer is nested too deep") from failure
        except (OSError, ValueError, http.client.HTTPException) as failure:
            raise Unavailable(f"{self.url}: the front-door does not answer") from failure
        if not isinstance(document, dict) or not isinstance(document.get(holds[0]), holds[1]):
            raise Unavailable(f"{self.url}: what answers is no front-door")
        return document


def tenant_path(project: str, environment: str | None, service: str | None) -> str:
    """Where the front-door has what belongs to a project, one of its environments, or a service of that.

    Raises:
        BadRequest: one of them cannot be; the message names it.
    """
    if not is_canonical_id(project):
        raise BadRequest("project: not a canonical id; write it as a lower-case hyphenated UUID")
    if environment is not None and not is_environment(environment):
        raise BadRequest("environment: not an environment's name")
    if service is not None and environment is None:
        raise BadRequest("service: name its environment, too")
    if service is not None and not is_canonical_id(service):
        raise BadRequest("service: not a canonical id; write it as a lower-case hyphenated UUID")
    narrower = "" if environment is None else f"/environments/{environment}"
    return f"/v1/projects/{project}{narrower}" + ("" if service is None else f"/services/{service}")


def _words(failure: urllib.error.HTTPError) -> str:
    try:
        said = json.load(failure)
        # The Prometheus surface has an envelope of its own.
        return str(said["error"] if "error" in said else said["detail"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"the front-door answered with status {failure.code}"


def _holder(described: dict[str, Any], project: str | None) -> str:
    """Under which name the local stack has a token for what is asked."""
    if project is None:
        return "platform"
    return f"viewer@{_names(described).get(project, project).rpartition('/')[2]}"


def _described(stack: Path) -> dict[str, Any]:
    try:
        described = json.loads(stack.read_text())
    except (OSError, ValueError, RecursionError):
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
