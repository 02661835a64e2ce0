"""Whether a bundle's invoice follows from its own rows and prices: everything is computed again, offline."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from billing.assembly import Inputs, assemble
from billing.bundle import INPUTS, INVOICE, MANIFEST, PRICE_BOOK, ROW_HASHES, ROWS, read_bundle
from billing.canonical import canonical, plain, sha256
from billing.hour import iso
from billing.price_book_file import read_price_book
from billing.usage import UsageRow
from core.errors import BadRequest, StarmeterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billing.bundle import Bundle
    from billing.invoice import Content

_INPUTS = TypeAdapter(Inputs)
_ROW = TypeAdapter(UsageRow)
_MOST_ROWS_NAMED: Final = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not hold, and where."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a bundle's invoice says, and everything that speaks against it."""

    invoice: str
    total: str
    currency: str
    rows: int
    content_sha256: str
    code_version: str
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(packed: bytes, content_sha256: str | None = None) -> Verdict:
    """Compute a bundle's invoice again and compare, to the byte. `content_sha256`: as a page of the invoice prints it.

    Raises:
        BadRequest: it is no bundle at all.
    """
    bundle = read_bundle(packed)
    manifest, invoice = _object(bundle, MANIFEST), _object(bundle, INVOICE)
    content = _part(invoice, "content", INVOICE)
    findings = [*_files(bundle, manifest), *_rows(bundle)]
    printed = sha256(canonical(content))
    pinned = {
        "manifest.json": manifest.get("content_sha256"),
        "invoice.json": invoice.get("content_sha256") or printed,
        "the hash to compare with": content_sha256 or printed,
    }
    findings += [
        Finding(place, f"names the content {told}, which is {printed}")
        for place, told in pinned.items()
        if told != printed
    ]
    findings += _recomputed(bundle, content)
    return Verdict(
        invoice=str(content.get("number") or content.get("invoice_id")),
        total=str(content.get("total")),
        currency=str(content.get("currency")),
        rows=bundle[ROWS].count(b"\n"),
        content_sha256=printed,
        code_version=str(manifest.get("code_version")),
        findings=tuple(findings),
    )


def _files(bundle: Bundle, manifest: dict[str, Any]) -> list[Finding]:
    hashes = _part(manifest, "files", MANIFEST)
    return [
        Finding(name, "is not the file that the manifest was written for")
        for name, content in bundle.contents.items()
        if name != MANIFEST and hashes.get(name) != sha256(content)
    ]


def _rows(bundle: Bundle) -> list[Finding]:
    rows, hashes = (bundle[name].count(b"\n") for name in (ROWS, ROW_HASHES))
    if rows != hashes:
        return [Finding(ROWS, f"has {rows} rows, of which {hashes} were signed")]
    changed = (
        Finding(f"{ROWS} row {number}", f"was changed: {_named(row)}")
        for number, (row, told) in enumerate(zip(_lines(bundle, ROWS), _lines(bundle, ROW_HASHES), strict=False), 1)
        if sha256(row) != told.decode("ascii", "replace")
    )
    return list(islice(changed, _MOST_ROWS_NAMED))


def _lines(bundle: Bundle, name: str) -> Iterator[bytes]:
    # Never all of them at once: a megabyte packs more empty lines than any memory holds as texts.
    return (line.removesuffix(b"\n") for line in io.BytesIO(bundle[name]))


def _named(row: bytes) -> str:
    try:
        read = _ROW.validate_json(row)
        return f"{read.meter} of {read.source_id} in the hour of {iso(read.hour)}, {read.quantity}"
    except (ValidationError, ValueError, OverflowError, OSError):
        # No row at all, or one of a year that no calendar has.
        return row[:80].decode("utf-8", "replace")


def _recomputed(bundle: Bundle, content: dict[str, Any]) -> list[Finding]:
    """What is different when the invoice is made again from rows, prices and inputs."""
    try:
        rows = [_ROW.validate_json(row) for row in _lines(bundle, ROWS)]
        inputs = _INPUTS.validate_json(bundle[INPUTS])
        again = assemble(rows, read_price_book(bundle[PRICE_BOOK]), inputs)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_input=False)[0]
        return [Finding(f"{INPUTS} or {ROWS}", f"{'.'.join(map(str, first['loc']))}: {first['msg']}")]
    except StarmeterError as failure:
        return [Finding("recomputation", failure.message)]
    except ArithmeticError:
        return [Finding("recomputation", "an amount is beyond all that can be computed exactly")]
    number, issued_at = content.get("number"), content.get("issued_at")
    numbered = replace(again, number=str(number or ""), issued_at=issued_at if isinstance(issued_at, int) else None)
    if canonical(numbered) == canonical(content):
        return []
    return _differences(numbered, content) or [Finding(INVOICE, "is not what its rows and prices give")]


def _differences(again: Content, content: dict[str, Any]) -> list[Finding]:
    computed: dict[str, Any] = plain(again)
    findings = [
        Finding(f"{INVOICE} {name}", f"says {content.get(name)}, computed is {value}")
        for name, value in computed.items()
        if name not in {"lines", "items", "names"} and content.get(name) != value
    ]
    for name, titles in (("lines", ("service_id", "meter", "day")), ("items", ("kind", "title", "service_id"))):
        told = content.get(name)
        told = told if isinstance(told, list) else []
        for position in range(max(len(told), len(computed[name]))):
            says = told[position] if position < len(told) else None
            is_so = computed[name][position] if position < len(computed[name]) else None
            if says != is_so:
                shown = is_so or says
                subject = " ".join(str(shown.get(key)) for key in titles) if isinstance(shown, dict) else str(shown)
                message = f"{subject}: says {_amount(says)}, computed is {_amount(is_so)}"
                findings.append(Finding(f"{INVOICE} {name} {position + 1}", message))
    return findings


def _amount(part: object) -> str:
    return str(part["amount"]) if isinstance(part, dict) and "amount" in part else "nothing"


def _object(bundle: Bundle, name: str) -> dict[str, Any]:
    try:
        # A number that is no whole one is none of ours: as a text it is different from what is computed.
        read = json.loads(bundle[name], parse_float=str, parse_constant=str)
        # Half a surrogate pair is written as an escape and read without complaint, but is no text.
        json.dumps(read, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise BadRequest(f"bundle: {name} is no JSON; download it again") from None
    if not isinstance(read, dict):
        raise BadRequest(f"bundle: {name} is no JSON object; download it again")
    return read


def _part(document: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    part = document.get(key)
    if not isinstance(part, dict):
        raise BadRequest(f"bundle: {name} has no {key!r}; download it again")
    return part
