"""How a ClickHouse server tells a failure: code, text, HTTP status, and the form it takes after a 200."""

from __future__ import annotations

import re
from typing import Final

_CODE: Final = re.compile(r"Code: (\d+)\. DB::Exception: ")
_VERSION: Final = re.compile(r"\s*\(version [^()]*\)\s*$")

SYNTAX_ERROR: Final = (62, "SYNTAX_ERROR")
NOT_IMPLEMENTED: Final = (48, "NOT_IMPLEMENTED")
BAD_ARGUMENTS: Final = (36, "BAD_ARGUMENTS")
READONLY: Final = (164, "READONLY")
CONSTRAINT: Final = (452, "SETTING_CONSTRAINT_VIOLATION")
ACCESS_DENIED: Final = (497, "ACCESS_DENIED")
AUTHENTICATION_FAILED: Final = (516, "AUTHENTICATION_FAILED")
SAME_QUERY_ID: Final = (216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING")
SESSION_NOT_FOUND: Final = (372, "SESSION_NOT_FOUND")
NO_OUTFILE: Final = (308, "INTO_OUTFILE_NOT_ALLOWED")
UNKNOWN_ENCODING: Final = (354, "UNKNOWN_COMPRESSION_METHOD")
CANNOT_DECOMPRESS: Final = (271, "CANNOT_DECOMPRESS")

# What is the caller's mistake, what is missing, and what else has a status of its own; all the rest is a 500.
_BAD_REQUEST: Final = (6, 25, 26, 27, 36, 38, 41, 43, 53, 62, 69, 72, 117, 130, 131, 271, 308, 354, 427, 456, 457, 69)
_NOT_FOUND: Final = (16, 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 372)
_STATUSES: Final = {
    **dict.fromkeys(_BAD_REQUEST, 400),
    **dict.fromkeys(_NOT_FOUND, 404),
    516: 403,
    159: 408,
    48: 501,
}


class ClickHouseFailure(Exception):
    """A statement that failed: `code` is ClickHouse's number, `text` its whole sentence without the version."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @classmethod
    def of(cls, kind: tuple[int, str], sentence: str) -> ClickHouseFailure:
        """A refusal of our own in ClickHouse's words."""
        code, name = kind
        return cls(code, f"Code: {code}. DB::Exception: {sentence}. ({name})")

    @classmethod
    def told_by(cls, failure: Exception) -> ClickHouseFailure:
        """What the engine raised; its text begins with the code, unless something broke below it (1001)."""
        text = _VERSION.sub("", str(failure).strip())
        match = _CODE.search(text)
        if match is None:
            return cls(1001, f"Code: 1001. DB::Exception: {text or type(failure).__name__}. (STD_EXCEPTION)")
        return cls(int(match[1]), text[match.start() :])

    @property
    def status(self) -> int:
        """The HTTP status a server answers with when nothing was sent before."""
        return _STATUSES.get(self.code, 500)

    def body(self, version: str) -> bytes:
        """The body of such an answer."""
        return f"{self.text} (version {version})\n".encode()

    def in_stream(self, version: str, tag: str) -> bytes:
        """The block that ends a body which began well; `tag` was announced in a header so that data cannot fake it."""
        message = f"{self.text} (version {version})".encode()
        return b"".join(
            (
                f"\r\n__exception__\r\n{tag}\r\n".encode(),
                message,
                f"\n{len(message) + 1} {tag}\r\n__exception__\r\n".encode(),
            )
        )
