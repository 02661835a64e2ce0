"""How severe a log line is: OpenTelemetry's numbers (1 trace … 24 fatal) from the many ways programs write a level."""

from __future__ import annotations

import re
from typing import Final

TRACE: Final = 1
DEBUG: Final = 5
INFO: Final = 9
WARN: Final = 13
ERROR: Final = 17
FATAL: Final = 21

_WORDS: Final = {
    "trace": TRACE,
    "verbose": TRACE,
    "debug": DEBUG,
    "dbg": DEBUG,
    "info": INFO,
    "information": INFO,
    "informational": INFO,
    "notice": INFO + 1,
    "warn": WARN,
    "warning": WARN,
    "error": ERROR,
    "err": ERROR,
    "severe": ERROR,
    "crit": FATAL,
    "critical": FATAL,
    "alert": FATAL,
    "emerg": FATAL,
    "emergency": FATAL,
    "fatal": FATAL,
    "panic": FATAL,
}
# The levels of the Node.js loggers that write numbers.
_NUMBERS: Final = {10: TRACE, 20: DEBUG, 30: INFO, 40: WARN, 50: ERROR, 60: FATAL}

# A level is written near the line's beginning: as `level=warn`, or as a word in capitals. What follows an ANSI colour
# (`…m`) counts, the middle of another word does not. The words come first, for then a search skips to their letters.
HEAD: Final = 96
_NAMED: Final = re.compile(r"\b(?:level|lvl|severity)[=:]\s?\"?([A-Za-z]{3,13})\b", re.ASCII)
_CAPITALS: Final = re.compile(
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|SEVERE|FATAL|PANIC)(?![A-Za-z_])", re.ASCII
)
# Whatever either of them finds holds one of these.
ANY: Final = "level|lvl|severity|TRACE|DEBUG|INFO|NOTICE|WARN|ERR|CRIT|SEVERE|FATAL|PANIC"
ERROR_STREAM: Final = "stderr"


def of_value(value: object) -> int:
    """The severity that a field named `level` means; 0 when it means none."""
    match value:
        case str():
            return _WORDS.get(value) or _WORDS.get(value.strip().lower(), 0)
        case bool():
            return 0
        case int():
            return _NUMBERS.get(value, 0)
        case _:
            return 0


def of_line(line: str, stream: str) -> int:
    """The severity of a line of text: what it says of itself, else an error when it came by standard error."""
    head = line[:HEAD]
    if (
        ("level" in head or "lvl" in head or "severity" in head)
        and (named := _NAMED.search(head))
        and (found := _WORDS.get(named[1].lower(), 0))
    ):
        return found
    for match in _CAPITALS.finditer(head):
        before = head[match.start() - 1] if match.start() else " "
        if not ("A" <= before <= "Z" or before == "_"):
            return _WORDS[match[0].lower()]
    return ERROR if stream == ERROR_STREAM else INFO
