"""An invoice with all that it was made of, as one file from which anyone can compute it again."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from billing.canonical import canonical, lines, sha256
from billing.usage import in_order
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing.assembly import Inputs
    from billing.invoice import Invoice
    from billing.usage import UsageRow

FORMAT: Final = "starmeter-bundle/1"
MANIFEST: Final = "manifest.json"
INVOICE: Final = "invoice.json"
INPUTS: Final = "inputs.json"
PRICE_BOOK: Final = "price_book.json"
ROWS: Final = "usage.jsonl"
ROW_HASHES: Final = "usage.sha256"
_README: Final = "README.txt"
_FILES: Final = (MANIFEST, INVOICE, INPUTS, PRICE_BOOK, ROWS, ROW_HASHES, _README)
_MOST_BYTES: Final = 2**30
_PACKINGS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_THE_ONE_TIME: Final = (1980, 1, 1, 0, 0, 0)
_EXPLANATION: Final = b"""This file holds an invoice and everything that it was computed from:

usage.jsonl      the usage ledger's rows, one a line; usage.sha256 has the hash of each line
price_book.json  every price that was in force
inputs.json      what else counted: plan, credits, taxes, carried amounts, corrections
invoice.json     the invoice; content_sha256 is the hash that its pages print
manifest.json    the hash of every file, and of the program that made them

To compute it again, offline:  starmeter billing verify <this file>
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a bundle by their names."""

    contents: dict[str, bytes]

    def __getitem__(self, name: str) -> bytes:
        return self.contents[name]


def write_bundle(
    invoice: Invoice, rows: Iterable[UsageRow], price_book: bytes, inputs: Inputs, code_version: str
) -> bytes:
    """The bundle as a zip file; the same arguments give the same bytes.

    `price_book` is its normal form, `rows` are those that the invoice was assembled from, in any order.
    """
    ledger = [canonical(row) for row in in_order(rows)]
    contents = {
        INVOICE: canonical(invoice),
        INPUTS: canonical(inputs),
        PRICE_BOOK: price_book,
        ROWS: b"".join(row + b"\n" for row in ledger),
        ROW_HASHES: "".join(f"{sha256(row)}\n" for row in ledger).encode(),
        _README: _EXPLANATION,
    }
    manifest = {
        "format": FORMAT,
        "code_version": code_version,
        "content_sha256": invoice.content.sha256,
        "files": {name: sha256(content) for name, content in contents.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in {MANIFEST: lines([manifest]), **contents}.items():
            entry = zipfile.ZipInfo(name, _THE_ONE_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # The system and the rights that Python notes would differ between machines.
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def read_bundle(packed: bytes) -> Bundle:
    """The files of a bundle.

    Raises:
        BadRequest: no zip file, a file is missing, there twice or unknown, or it unpacks to more than 1 GiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = archive.infolist()
            if sorted(entry.filename for entry in entries) != sorted(_FILES):
                raise BadRequest(f"bundle: it must hold {', '.join(_FILES)}, each once and nothing else")
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise BadRequest("bundle: it unpacks to more than 1 GiB; no invoice is that large")
            if not {entry.compress_type for entry in entries} <= _PACKINGS:
                raise BadRequest("bundle: it is packed in a way that bundles are not; download it again")
            return Bundle({entry.filename: archive.read(entry) for entry in entries})
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError) as failure:
        raise BadRequest(f"bundle: no readable zip file ({failure}); download it again") from None
