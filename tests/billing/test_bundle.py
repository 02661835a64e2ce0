from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from billing.bundle import FORMAT, write_bundle
from billing.canonical import canonical, sha256
from billing.code_version import code_version
from billing.verification import verify
from core.errors import BadRequest
from tests.billing.month import BOOK, final, given, rows

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def packed() -> bytes:
    return write_bundle(final(), rows(), BOOK, given(), "0.1.0+test")


def _files(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _repacked(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def _flipped(content: bytes, number: int, change: Callable[[dict[str, Any]], None]) -> bytes:
    lines = content.splitlines()
    row = json.loads(lines[number])
    change(row)
    lines[number] = canonical(row)
    return b"".join(line + b"\n" for line in lines)


def _signed_again(files: dict[str, bytes]) -> dict[str, bytes]:
    """What a forger does who knows of all the hashes in a bundle."""
    hashes = "".join(f"{sha256(line)}\n" for line in files["usage.jsonl"].splitlines())
    files = {**files, "usage.sha256": hashes.encode()}
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {name: sha256(content) for name, content in files.items() if name != "manifest.json"}
    return {**files, "manifest.json": canonical(manifest)}


def test_a_bundle_holds(packed: bytes) -> None:
    verdict = verify(packed, final().content.sha256)

    assert verdict.findings == ()
    assert (True, "2026-0003", len(rows()), "0.1.0+test") == (
        verdict.holds,
        verdict.invoice,
        verdict.rows,
        verdict.code_version,
    )
    assert str(final().content.total) == verdict.total


def test_the_same_invoice_gives_the_same_bytes_whatever_the_order_of_rows(packed: bytes) -> None:
    assert packed == write_bundle(final(), reversed(rows()), BOOK, given(), "0.1.0+test")


def _more(row: dict[str, Any]) -> None:
    row["quantity"] += 1


def test_a_flipped_row_is_named(packed: bytes) -> None:
    files = _files(packed)
    files["usage.jsonl"] = _flipped(files["usage.jsonl"], 6, _more)
    row = json.loads(files["usage.jsonl"].splitlines()[6])
    verdict = verify(_repacked(files))
    places = {finding.place: finding.message for finding in verdict.findings}

    assert not verdict.holds
    assert "usage.jsonl row 7" in places
    assert f"{row['meter']} of {row['source_id']}" in places["usage.jsonl row 7"]
    assert [place for place in places if place.startswith("usage.jsonl row")] == ["usage.jsonl row 7"]


def test_a_flipped_row_whose_hashes_were_forged_is_found_by_what_it_computes_to(packed: bytes) -> None:
    files = _files(packed)

    def much(row: dict[str, Any]) -> None:
        row["quantity"] *= 2

    files["usage.jsonl"] = _flipped(files["usage.jsonl"], 6, much)
    row = json.loads(files["usage.jsonl"].splitlines()[6])
    verdict = verify(_repacked(_signed_again(files)))
    told = [finding for finding in verdict.findings if finding.place.startswith("invoice.json lines")]

    assert len(told) == 1
    assert f"{row['service_id']} {row['meter']}" in told[0].message
    assert any(finding.place == "invoice.json usage_sha256" for finding in verdict.findings)


@pytest.mark.parametrize("name", ["invoice.json", "inputs.json", "price_book.json", "usage.sha256", "README.txt"])
def test_a_changed_file_is_named(packed: bytes, name: str) -> None:
    files = _files(packed)
    files[name] = files[name].replace(b"5", b"6", 1) if b"5" in files[name] else files[name] + b"\n"
    verdict = verify(_repacked(files))

    assert name in {finding.place for finding in verdict.findings}


def test_another_price_is_found_even_if_every_hash_was_forged(packed: bytes) -> None:
    files = _files(packed)
    files["price_book.json"] = files["price_book.json"].replace(b"0.000008", b"0.000009")
    verdict = verify(_repacked(_signed_again(files)))
    places = {finding.place for finding in verdict.findings}

    assert {"invoice.json price_book_sha256", "invoice.json total"} <= places


def test_a_forged_total_is_found(packed: bytes) -> None:
    files = _files(packed)
    invoice = json.loads(files["invoice.json"])
    invoice["content"]["total"] = "0.01"
    files["invoice.json"] = canonical(invoice)
    places = {finding.place for finding in verify(_repacked(_signed_again(files))).findings}

    assert {"invoice.json total", "manifest.json", "invoice.json"} <= places


def test_a_bundle_of_another_invoice_is_found_by_the_printed_hash(packed: bytes) -> None:
    assert [finding.place for finding in verify(packed, "0" * 64).findings] == ["the hash to compare with"]


def test_a_lost_row_is_found(packed: bytes) -> None:
    files = _files(packed)
    files["usage.jsonl"] = files["usage.jsonl"].split(b"\n", 1)[1]
    verdict = verify(_repacked(files))

    assert any("of which" in finding.message for finding in verdict.findings)


def test_a_row_of_the_wrong_shape_is_found_and_not_computed_with(packed: bytes) -> None:
    files = _files(packed)

    def no_meter(row: dict[str, Any]) -> None:
        row["meter"] = "wishes"

    files["usage.jsonl"] = _flipped(files["usage.jsonl"], 0, no_meter)
    messages = [finding.message for finding in verify(_repacked(files)).findings]

    assert any(message.startswith("meter: ") for message in messages)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "no readable zip", id="nothing"),
        pytest.param(b"PK" * 50, "no readable zip", id="no zip"),
        pytest.param(_repacked({"invoice.json": b"{}"}), "it must hold", id="files missing"),
    ],
)
def test_what_is_no_bundle_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        verify(content)


def test_a_file_too_many_is_refused(packed: bytes) -> None:
    with pytest.raises(BadRequest, match="each once and nothing else"):
        verify(_repacked({**_files(packed), "extra": b""}))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", b"{"),
        ("manifest.json", b"[]"),
        ("invoice.json", b"{}"),
        ("invoice.json", b'{"content": {"number": "\\ud800"}}'),
    ],
)
def test_a_broken_head_is_refused(packed: bytes, name: str, content: bytes) -> None:
    with pytest.raises(BadRequest, match=f"^bundle: {name}"):
        verify(_repacked({**_files(packed), name: content}))


def test_a_bundle_says_its_format_and_which_program_made_it(packed: bytes) -> None:
    assert json.loads(_files(packed)["manifest.json"])["format"] == FORMAT
    assert code_version() == code_version()
    assert len(code_version().split("+")[1]) == 16


def test_only_the_packing_that_bundles_have_is_unpacked(packed: bytes) -> None:
    # A broken LZMA stream ends zipfile by an error of its own.
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in _files(packed).items():
            archive.writestr(name, content)

    with pytest.raises(BadRequest, match="packed in a way that bundles are not"):
        verify(target.getvalue())


def test_a_name_that_is_no_text_is_refused(packed: bytes) -> None:
    directory = bytearray(packed)
    entry = packed.rfind(b"README.txt")
    # The flag in the archive's directory that says that the name is UTF-8.
    directory[entry], directory[entry - 37] = 0xFF, directory[entry - 37] | 0x08

    with pytest.raises(BadRequest, match="no readable zip file"):
        verify(bytes(directory))


def test_changed_rows_are_named_up_to_a_number_that_can_be_read(packed: bytes) -> None:
    files = _files(packed)
    files["usage.jsonl"], files["usage.sha256"] = b"\n" * 5000, b"0\n" * 5000

    named = [finding for finding in verify(_repacked(files)).findings if "was changed" in finding.message]

    assert len(named) == 1000
