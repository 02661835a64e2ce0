"""The front-door's pages of usage over HTTP, as a person's terminal asks for them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

import httpx

from core.errors import BadRequest, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS: Final = 60
_FAULT: Final = 500
_PAGE: Final = "10000"
_TOKEN: Final = "STARMETER_TOKEN"  # noqa: S105 - the name of the variable

Page = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UsageClient:
    """A workspace's usage at a front-door; `names` are what projects and services are called, where known."""

    url: str
    token: str
    names: dict[str, str]

    @classmethod
    def found(cls, url: str | None, token_file: Path | None, stack: Path, workspace: str) -> Self:
        """What is given, and of the local stack's description what is not; `workspace` is an id, or a name in it.

        Raises:
            BadRequest: something is in neither; the message names the option.
        """
        described = _described(stack)
        known = {one["id"]: one for one in described.get("workspaces", [])}
        by_name = {one["name"]: key for key, one in known.items()}
        workspace_id = by_name.get(workspace, workspace)
        token = os.environ.get(_TOKEN)
        if token_file is not None:
            try:
                token = token_file.read_text().strip()
            except (OSError, UnicodeDecodeError) as failure:
                raise BadRequest(f"token-file: {token_file} cannot be read") from failure
        if token is None and url is None and workspace_id in known:
            # The local stack's token is for the local stack's door alone.
            token = described.get("tokens", {}).get(f"billing@{known[workspace_id]['name']}")
        door = url or described.get("query_url")
        if not isinstance(door, str) or not door.startswith(("http://", "https://")):
            raise BadRequest(f"url: give the front-door's; {stack} describes no local stack")
        if not token or not token.isascii():
            raise BadRequest(f"token-file: give a file with a token, or set {_TOKEN}")
        projects = known.get(workspace_id, {}).get("projects", [])
        names = {one["id"]: one["name"] for project in projects for one in (project, *project["services"])}
        return cls(f"{door.rstrip('/')}/v1/workspaces/{quote(workspace_id, safe='')}/usage", token, names)

    def pages(self, arguments: dict[str, str]) -> Iterator[Page]:
        """All rows, page by page.

        Raises:
            BadRequest: the door refuses the token or an argument, in its words.
            Unavailable: it does not answer, or cannot read usage now.
        """
        cursor: dict[str, str] = {}
        with self._session() as session:
            while True:
                try:
                    answer = session.get(self.url, params=arguments | cursor | {"limit": _PAGE})
                except httpx.HTTPError as failure:
                    raise Unavailable("the front-door does not answer") from failure
                _require_success(answer)
                page: Page = answer.json()
                yield page
                if page["next_cursor"] is None:
                    return
                cursor = {"cursor": page["next_cursor"]}

    def file(self, arguments: dict[str, str]) -> Iterator[bytes]:
        """The same as a file, as the door sends it; one that breaks off raises.

        Raises:
            BadRequest, Unavailable: as for `pages`.
        """
        with self._session() as session:
            try:
                with session.stream("GET", self.url, params=arguments) as answer:
                    if not answer.is_success:
                        answer.read()
                    _require_success(answer)
                    yield from answer.iter_bytes()
            except httpx.HTTPError as failure:
                raise Unavailable("the front-door broke off its answer") from failure

    def _session(self) -> httpx.Client:
        # No proxy or credential of the environment's: only what was given.
        return httpx.Client(
            headers={"Authorization": f"Bearer {self.token}"}, timeout=_SECONDS, trust_env=False, follow_redirects=False
        )


def _require_success(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        words = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        words = f"the front-door answered with status {answer.status_code}"
    if answer.status_code >= _FAULT or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise Unavailable(f"usage cannot be read now (status {answer.status_code}: {words})")
    raise BadRequest(words)


def _described(stack: Path) -> dict[str, Any]:
    try:
        described: dict[str, Any] = json.loads(stack.read_text())
    except (OSError, ValueError):
        return {}
    return described
