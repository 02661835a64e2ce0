"""A protobuf message as it lies on the wire, whose faults are kept from costing the records beside them.

The usual reader refuses a whole request for one text that is no UTF-8 or one value that is nested too deeply. Here the
message is gone through by its description, such texts are mended, such values are left empty, and records of which no
fields can be made are taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor  # type: ignore[import-untyped]

# The usual reader takes 100 levels of messages.
_DEEPEST: Final = 90
_LONGEST_VARINT: Final = 10
_SIZED: Final = 2


def mended(body: bytes, description: Descriptor, apart: str) -> tuple[bytes, list[bytes]]:
    """The message that can be read, and the messages of the type `apart` that were taken out of it.

    Raises:
        ValueError: it is no message of this description, whatever is taken out.
    """
    broken: list[bytes] = []
    return _message(body, description, apart, broken, _DEEPEST), broken


def field(number: int, content: bytes) -> bytes:
    """A field of a text, bytes or a message."""
    return varint(number << 3 | _SIZED) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    written = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _message(raw: bytes, description: Descriptor, apart: str, broken: list[bytes], left: int) -> bytes:
    made = bytearray()
    for number, whole, content in _fields(raw):
        known = description.fields_by_number.get(number)
        if content is None or known is None:
            made += whole
        elif known.type == known.TYPE_STRING:
            made += field(number, content.decode("utf-8", "replace").encode())
        elif known.type != known.TYPE_MESSAGE:
            made += whole
        elif not left:
            made += field(number, b"")
        else:
            try:
                made += field(number, _message(content, known.message_type, apart, broken, left - 1))
            except ValueError:
                if known.message_type.name != apart:
                    raise
                broken.append(content)
    return bytes(made)


def _fields(raw: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """The number of each field, all of it, and what is in it if it says how long that is."""
    position = 0
    while position < len(raw):
        begin = position
        key, position = _number(raw, position)
        content = None
        match key & 7:
            case 0:
                _, position = _number(raw, position)
            case 1:
                position += 8
            case 2:
                size, start = _number(raw, position)
                position = start + size
                content = raw[start:position]
            case 5:
                position += 4
            case _:
                raise ValueError("a field is of no kind that is in use")
        if position > len(raw) or not key >> 3:
            raise ValueError("a field does not end, or has no number")
        yield key >> 3, raw[begin:position], content


def _number(raw: bytes, position: int) -> tuple[int, int]:
    """A number on the wire, and where it ends."""
    number = 0
    for place, byte in enumerate(raw[position : position + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * place
        if byte <= 0x7F:  # noqa: PLR2004 - the last one of a number
            return number, position + place + 1
    raise ValueError("a number does not end")
