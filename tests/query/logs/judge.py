"""Judges a front-door before a recorded store: what of a rival's is shown, and what reaches the store as text."""

from __future__ import annotations

import email
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from tests.query import platform
from tests.query.hostile.wire import Answer, exchange
from tests.query.logs import hostile
from tests.query.logs.recorder import StoreRecorder
from tests.query.logs.serving import log_door

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.query.logs.serving import LogDoor
    from tests.query.platform import Tokens
    from tests.query.recorder import Recorded

# What a statement may consist of, in words of ours and of SQL; nothing quoted, nothing that a request could have sent.
TEXT: Final = re.compile(r"[A-Za-z0-9_\s.,:(){}\[\]<>=*+/-]*")
# A tail of its own accord never ends; refused ones do.
ENDLESS: Final = "logs/tail"
_OK: Final = 200
_FAULT: Final = 500


class Kind(Enum):
    """What is wrong."""

    LEAK = "an answer shows the rival's"
    FAULT = "the front-door or its store failed"
    TOLD = "an answer tells of the store"
    TEXT = "a text of a request is in a statement"
    UNBOUND = "a statement is not bound to its project"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be, and the request behind it."""

    kind: Kind
    about: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A front-door and the recorder between it and its store."""

    door: LogDoor
    recorder: StoreRecorder


@contextmanager
def watched_door(folder: Path, store_url: str, *, control: tuple[str, Tokens], defect: str = "") -> Iterator[Watched]:
    """A front-door, with a defect of `tests.query.logs.defects` perhaps, over a store behind a recorder."""
    parts = urlsplit(store_url)
    with StoreRecorder(f"http://{parts.hostname}:{parts.port}") as recorder:
        port = urlsplit(recorder.url).port
        urls = {"near": f"http://{parts.username}:{parts.password}@127.0.0.1:{port}"}
        more = "[limits]\nconcurrency = 16\n"
        logs = {"probe_seconds": 3600.0}
        with log_door(folder, urls, control=control, logs=logs, more=more, defect=defect) as door:
            recorder.requests.clear()
            yield Watched(door, recorder)


def ask(door: LogDoor, target: str, token: str | None = None) -> Answer:
    """What a target below A's project answers, sent as it is written."""
    parts = urlsplit(door.url)
    message = (
        f"GET {hostile.base()}{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {token or door.tokens.viewer}\r\nAccept-Encoding: identity\r\n\r\n"
    )
    (answer,) = exchange((parts.hostname or "", parts.port or 0), message.encode())
    return answer


def judged(watched: Watched, cases: Iterable[tuple[str, str]]) -> tuple[Counter[int], list[Finding]]:
    """How the cases were answered, and what is wrong with the answers and with the statements behind them."""
    outcomes: Counter[int] = Counter()
    findings: list[Finding] = []
    for about, target in cases:
        if target == ENDLESS:
            continue
        watched.recorder.requests.clear()
        answer = ask(watched.door, target)
        outcomes[answer.status] += 1
        kinds = [
            *_of_answer(answer, target),
            *(kind for one in watched.recorder.requests for kind in _of_statement(one)),
        ]
        findings += [Finding(kind, f"{about}: {target[:120]}") for kind in dict.fromkeys(kinds)]
    return outcomes, findings


def _of_answer(answer: Answer, target: str) -> Iterator[Kind]:
    # A problem may repeat an argument's name; an answer repeats nothing of the request.
    secrets = (platform.PROJECT_B.encode(), platform.SECRET.encode())
    if answer.status == _OK and any(secret in answer.body for secret in secrets):
        yield Kind.LEAK
    if answer.status >= _FAULT:
        yield Kind.FAULT
    shown = answer.body.replace(target.encode(), b"")
    if b"ClickHouse" in shown or b"DB::Exception" in shown:
        yield Kind.TOLD
    if b"starmeter.logs" in shown and "starmeter.logs" not in target:
        yield Kind.TOLD


def _of_statement(recorded: Recorded) -> Iterator[Kind]:
    text, form = _form(recorded.body)
    arguments = [*parse_qsl(urlsplit(recorded.target).query, keep_blank_values=True, strict_parsing=True), *form]
    settings = Counter(name for name, _ in arguments if not name.startswith("param_"))
    values = dict(arguments)
    if not TEXT.fullmatch(text) or any(mark in text for mark in (hostile.MARK, platform.SECRET)):
        yield Kind.TEXT
    if max(settings.values()) > 1 or hostile.MARK in "".join(settings):
        yield Kind.TEXT
    bound = (values.get("param_project"), values.get("SQL_project"))
    if "l.project_id = {project:UUID}" not in text or bound != (platform.PROJECT_A, platform.PROJECT_A):
        yield Kind.UNBOUND


def _form(body: bytes) -> tuple[str, list[tuple[str, str]]]:
    """The statement in a body, and the arguments beside it when they were too long for a URL."""
    if not body.startswith(b"--"):
        return body.decode(), []
    boundary = body.partition(b"\r\n")[0][2:]
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    fields = [
        (str(part.get_param("name", header="content-disposition")), bytes(part.get_payload(decode=True)).decode())
        for part in email.message_from_bytes(head + body).walk()
        if not part.is_multipart()
    ]
    (text,) = (value for name, value in fields if name == "query")
    return text, [field for field in fields if field[0] != "query"]
