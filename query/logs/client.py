"""The front-door's log pages over HTTP, as a person's terminal asks for them."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, urlencode

from core.errors import BadRequest, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse
    from pathlib import Path

_SECONDS: Final = 60
_FAULT: Final = 500
_PAGE: Final = 1_000
_TOKEN: Final = "STARMETER_TOKEN"  # noqa: S105 - the name of the variable
# Tries, a second apart, of a follower whose connection broke.
_PATIENCE: Final = 30

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose logs: a project by id or name, and perhaps one environment and one service of it."""

    project: str
    environment: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class LogClient:
    """A project's logs at a front-door; `names` are what services are called, where known."""

    url: str
    token: str
    names: dict[str, str]

    @classmethod
    def found(cls, url: str | None, token_file: Path | None, stack: Path, place: Place) -> Self:
        """What is given, and of the local stack's description what is not.

        Raises:
            BadRequest: something is in neither; the message names the option.
        """
        described = _described(stack)
        workspaces = described.get("workspaces", [])
        known = {one["id"]: (one, workspace["name"]) for workspace in workspaces for one in workspace["projects"]}
        by_name = {one["name"]: key for key, (one, _) in known.items()}
        project = by_name.get(place.project, place.project)
        services = known[project][0]["services"] if project in known else []
        token = _read(token_file) if token_file is not None else os.environ.get(_TOKEN)
        if token is None and url is None and project in known:
            # The local stack's token is for the local stack's door alone.
            token = described.get("tokens", {}).get(f"owner@{known[project][1]}")
        door = url or described.get("query_url")
        if not isinstance(door, str) or not door.startswith(("http://", "https://")):
            raise BadRequest(f"url: give the front-door's; {stack} describes no local stack")
        if not token:
            raise BadRequest(f"token-file: give a file with a token, or set {_TOKEN}")
        path = f"{door.rstrip('/')}/v1/projects/{quote(project, safe='')}"
        if place.service is not None and place.environment is None:
            raise BadRequest("environment: give the one that the service is to be read in")
        if place.environment is not None:
            path += f"/environments/{quote(place.environment, safe='')}"
        if place.service is not None:
            ids = {one["name"]: one["id"] for one in services}
            path += f"/services/{quote(ids.get(place.service, place.service), safe='')}"
        return cls(f"{path}/logs", token, {one["id"]: one["name"] for one in services})

    def newest(self, arguments: dict[str, str], limit: int) -> list[Record]:
        """Up to `limit` records, the newest ones of the range, oldest first.

        Raises:
            BadRequest: the door refuses the token or an argument, in its words.
            Unavailable: it does not answer.
        """
        records: list[Record] = []
        cursor: str | None = None
        while len(records) < limit:
            more = {} if cursor is None else {"cursor": cursor}
            asked = arguments | more | {"limit": str(min(limit - len(records), _PAGE))}
            with self._open("", asked) as answer:
                page = json.load(answer)
            records += page["records"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        return records[::-1]

    def follow(self, arguments: dict[str, str]) -> Iterator[tuple[str, Any]]:
        """Records as they come in, as (`message`, record); and `dropped`, with what was missed.

        A connection that breaks is made again, from where it broke.

        Raises:
            BadRequest: the door refuses the token or an argument, in its words, or ends the tail for good.
            Unavailable: it does not answer for half a minute.
        """
        last = ""
        failures = 0
        while True:
            try:
                with self._open("/tail", arguments, last) as answer:
                    for name, position, data in _events(answer):
                        failures, last = 0, position or last
                        if name == "end":
                            raise BadRequest(f"the front-door ended the tail: {data.get('reason')}")
                        if name in {"message", "dropped"}:
                            yield name, data
            except (Unavailable, OSError) as failure:
                failures += 1
                if failures > _PATIENCE:
                    raise Unavailable("the front-door does not answer") from failure
            time.sleep(1)

    def _open(self, page: str, arguments: dict[str, str], last: str = "") -> HTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Last-Event-ID": last} if last else {})
        url = f"{self.url}{page}?{urlencode(arguments)}"
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http or https, see `found`
        try:
            answer: HTTPResponse = urllib.request.urlopen(request, timeout=_SECONDS)  # noqa: S310 - the same
        except urllib.error.HTTPError as failure:
            with failure:
                words = _words(failure)
            if failure.code >= _FAULT or failure.code == HTTPStatus.TOO_MANY_REQUESTS:
                raise Unavailable(f"logs cannot be read now (status {failure.code}: {words})") from failure
            raise BadRequest(words) from failure
        except OSError as failure:
            raise Unavailable("the front-door does not answer") from failure
        return answer


def _events(answer: HTTPResponse) -> Iterator[tuple[str, str, Any]]:
    """Server-sent events as (name, id, data)."""
    event: dict[str, str] = {}
    for raw in answer:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            yield event.get("event", "message" if "data" in event else ""), event.get("id", ""), _data(event)
            event = {}


def _data(event: dict[str, str]) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(event.get("data", "null"))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise BadRequest(f"token-file: {path} cannot be read") from failure


def _words(failure: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(failure)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the front-door answered with status {failure.code}"


def _described(stack: Path) -> dict[str, Any]:
    try:
        described: dict[str, Any] = json.loads(stack.read_text())
    except (OSError, ValueError):
        return {}
    return described
