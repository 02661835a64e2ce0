"""The formats of an export: what each reads, how it turns batches of records into bytes, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa  # type: ignore[import-untyped]

    from query.logs.condition import Value

Manifest = dict[str, object]

COLUMNS: Final = (
    "timestamp", "id", "project_id", "environment", "service_id", "severity", "source", "pod", "container", "trace_id",
    "body", "attributes",
)  # fmt: skip
# The trace of a record that has none.
NO_TRACE: Final = "0" * 32


class Encoder(Protocol):
    """Writes one export: what it reads (a statement and its parameters), and what it is called.

    With `is_costly`, records are encoded in a thread of their own, for they take longer than a hop to one and back.
    """

    statement: ClassVar[str]
    parameters: ClassVar[Mapping[str, Value]]
    media_type: ClassVar[str]
    suffix: ClassVar[str]
    is_costly: ClassVar[bool]

    def records(self, batch: pa.RecordBatch) -> bytes:
        """The bytes of some records, as the statement gives them; their tenant has been looked at."""
        ...

    def end(self, manifest: Manifest) -> bytes:
        """The bytes that end the whole."""
        ...
