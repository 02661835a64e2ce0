"""Whether days lie in their bucket as they were delivered: read back whole, and held against their manifests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from billing.delivery.delivery import file_name, folder, manifest_of
from billing.hour import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billing.delivery.bucket import Bucket
    from billing.delivery.target import Target

# A day with a manifest that cannot be read is put anew; one without any is taken for nobody's.
_MEND: Final = "put an empty object in its manifest's place, and the next run puts the day anew"


@dataclass(frozen=True, slots=True)
class Fault:
    """A day (UTC second) that is not as it was delivered, and what is wrong with it."""

    day: int
    message: str


def faults(bucket: Bucket, target: Target, days: Iterable[int]) -> tuple[Fault, ...]:
    """What is wrong with days that were delivered; nothing is written.

    Raises:
        Unavailable: the bucket does not answer.
    """
    return tuple(Fault(day, found) for day in days if (found := _fault(bucket, target, day)))


def _fault(bucket: Bucket, target: Target, day: int) -> str:
    manifest = manifest_of(bucket, day)
    if not manifest:
        return f"its manifest is {'missing' if manifest is None else 'not to be read'}; {_MEND}"
    # The name and the length are the bucket's word, which may be anybody's.
    name = file_name(target)
    said = tuple(manifest.get(key) for key in ("workspace_id", "start", "file"))
    if said != (target.workspace_id, iso(day), name):
        return "its manifest is of another workspace, day or format; give each delivery a prefix of its own"
    length = manifest.get("bytes")
    found = bucket.digest(f"{folder(day)}/{name}", length if isinstance(length, int) else 0)
    if found is None:
        return f"{name} is missing; {_MEND}"
    if found != (length, manifest.get("sha256")):
        return f"{name} is not what its manifest says; {_MEND}"
    return ""
