"""Judges one case at a time: what came back from the door, and what the door sent to its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes, urlsplit

from tests.query.hostile import outgoing
from tests.query.hostile.case import Alone, Case, Confined, Refused, Same
from tests.query.hostile.content import data_of, is_same
from tests.query.hostile.finding import Finding, Kind
from tests.query.hostile.wire import WireError
from tests.query.platform import PROJECT_A, PROJECT_B, SECRET, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base
    from tests.query.hostile.request import Request
    from tests.query.hostile.target import Target
    from tests.query.hostile.wire import Answer

# Text that only others' series carry; each of the look-alikes of A's id is somebody else.
_LOOK_ALIKES: Final = (PROJECT_A.upper(), PROJECT_A + "2", "x" + PROJECT_A, PROJECT_A[:-1] + '"')
_MARKS: Final = tuple(text.encode() for text in (SECRET, PROJECT_B, SERVICE_B1, *_LOOK_ALIKES))
# What an error must not show, unless the request itself said it.
_INSIDES: Final = (
    *(b"extra_label", b"extra_filters", b"remoteAddr", b"requestURI", b"vmselect", b"goroutine", b'File "'),
    *(b"error when executing", b"unparsed data", b"unexpected token"),  # how the store begins what it says
)
_OK: Final = 200
_SHOWN: Final = 300


class Judge:
    """Knows one door and its honest answers; `flaws` says what is wrong with those themselves."""

    def __init__(self, target: Target, bases: tuple[Base, ...]) -> None:
        self._target = target
        self._honest: dict[str, bytes] = {}
        self._insides = (*_INSIDES, urlsplit(target.recorder.url).netloc.encode())
        self.flaws = [flaw for base in bases for flaw in self._learn(base)]

    def findings(self, case: Case) -> list[Finding]:
        """Send one case; every promise that its answers and its upstream requests break."""
        seen = len(self._target.recorder.requests)
        try:
            answers = self._target.send(case.request)
        except (WireError, TimeoutError) as failure:
            return [Finding(Kind.FAILED, case, repr(failure))]
        if not answers:
            return [Finding(Kind.FAILED, case, "no answer")]
        return [
            *(finding for answer in answers for finding in self._answer(case, answer)),
            *self._upstream(case, seen),
        ]

    def _learn(self, base: Base) -> Iterator[Finding]:
        """Take the honest answer, by GET and by POST, and make sure that it is A's own."""
        case = Case("honest", base.name, base.get(), Alone())
        (answer,) = self._target.send(base.get())
        truth = self._target.ask_alone(base.get())
        if answer.status != _OK or truth.status != _OK or data_of(answer.body) != data_of(truth.body):
            yield Finding(Kind.VALUE, case, f"{_shown(answer)} instead of {_shown(truth)}")
            self._honest[base.name] = truth.body
        else:
            self._honest[base.name] = answer.body
        if base.takes_post and self._target.send(base.post())[0].body != answer.body:
            yield Finding(Kind.DIFFERENT, case, "POST answers otherwise than GET")

    def _answer(self, case: Case, answer: Answer) -> Iterator[Finding]:
        if 400 <= answer.status < 500:
            yield from self._refusal(case, answer)
        elif answer.status >= 500 or (answer.status != _OK and not isinstance(case.expected, Refused)):
            yield Finding(Kind.FAILED, case, _shown(answer))
        else:
            yield from self._success(case, answer)

    def _refusal(self, case: Case, answer: Answer) -> Iterator[Finding]:
        """An error may repeat the caller's own words, and nothing else that is not common knowledge."""
        said = _spoken(case.request)
        if found := _foreign(answer, said):
            yield Finding(Kind.FOREIGN, case, f"{found!r} in {_shown(answer)}")
        for inside in self._insides:
            if inside in answer.body and inside not in said:
                yield Finding(Kind.INSIDES, case, f"{inside!r} in {_shown(answer)}")

    def _success(self, case: Case, answer: Answer) -> Iterator[Finding]:
        match case.expected:
            case Refused():
                yield Finding(Kind.ACCEPTED, case, _shown(answer))
                if found := _foreign(answer, b""):
                    yield Finding(Kind.FOREIGN, case, f"{found!r} in {_shown(answer)}")
            case Same(name):
                if not is_same(answer.body, self._honest[name]):
                    yield self._wrong(case, answer)
            case Alone():
                if not self._is_own(case.request, answer):
                    yield self._wrong(case, answer)
            case Confined():
                if found := _foreign(answer, b""):
                    yield Finding(Kind.FOREIGN, case, f"{found!r} in {_shown(answer)}")

    def _wrong(self, case: Case, answer: Answer) -> Finding:
        """A wrong answer is a leak, unless a store without anybody else's data gives it to the very same message."""
        if isinstance(case.expected, Same) and self._is_own(case.request, answer):
            return Finding(Kind.DIFFERENT, case, _shown(answer))
        # Even the caller's own words count here: whether they come from a series cannot be told apart.
        if found := _foreign(answer, b""):
            return Finding(Kind.FOREIGN, case, f"{found!r} in {_shown(answer)}")
        return Finding(Kind.VALUE, case, _shown(answer))

    def _is_own(self, request: Request, answer: Answer) -> bool:
        truth = self._target.ask_alone(request)
        return truth.status == _OK and data_of(truth.body) == data_of(answer.body)

    def _upstream(self, case: Case, seen: int) -> Iterator[Finding]:
        """What left the door because of one message."""
        recorder = self._target.recorder
        for recorded, headers in zip(recorder.requests[seen:], recorder.headers[seen:], strict=True):
            if isinstance(case.expected, Refused):
                yield Finding(Kind.UPSTREAM, case, f"a request to be refused reached the store: {recorded.target}")
            elif case.request.scope is not None:
                enforcement = outgoing.enforcement_of(case.request.scope)
                if fault := outgoing.fault(recorded, enforcement) or outgoing.header_fault(headers):
                    yield Finding(Kind.UPSTREAM, case, fault)


def _spoken(request: Request) -> bytes:
    """Everything that a request says, plain and decoded once and twice."""
    text = b"\n".join((request.head or b"", request.path, request.query, request.body, request.scope or b""))
    once = unquote_to_bytes(text.replace(b"+", b" "))
    return b"\n".join((text, once, unquote_to_bytes(once)))


def _foreign(answer: Answer, said: bytes) -> bytes | None:
    text = b"\n".join((answer.body, *answer.headers.values()))
    return next((mark for mark in _MARKS if mark in text and mark not in said), None)


def _shown(answer: Answer) -> str:
    return f"{answer.status} {answer.body[:_SHOWN]!r}"
