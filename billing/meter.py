"""What is measured (meters, counted in whole base units) and in which units it is priced."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from billing.hour import HOUR, month_of
from core.errors import BadRequest

_GIB: Final = 2**30
_GB: Final = 10**9


class Meter(StrEnum):
    """Each name ends with its base unit."""

    CPU = "cpu_mcore_s"
    MEMORY = "mem_byte_s"
    BUILD = "build_s"
    VOLUME = "disk_byte_s"
    EGRESS = "egress_byte"
    BUILD_CACHE = "cache_byte_s"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of price: `base` base units, times the seconds of the usage's UTC month where it is `monthly`."""

    name: str
    base: int
    monthly: bool = False

    def size(self, second: int) -> int:
        """How many base units one unit has for usage at that time."""
        if not self.monthly:
            return self.base
        span = month_of(second)
        return self.base * (span.end - span.start)


_BYTE_SECONDS: Final = (
    Unit("GiB-Seconds", _GIB),
    Unit("GiB-Hours", _GIB * HOUR),
    Unit("GiB-Months", _GIB, monthly=True),
    Unit("GB-Months", _GB, monthly=True),
)
_UNITS: Final = {
    Meter.CPU: (Unit("vCPU-Seconds", 1000), Unit("vCPU-Hours", 1000 * HOUR)),
    Meter.MEMORY: _BYTE_SECONDS,
    Meter.VOLUME: _BYTE_SECONDS,
    Meter.BUILD_CACHE: _BYTE_SECONDS,
    Meter.BUILD: (Unit("Seconds", 1), Unit("Minutes", 60)),
    Meter.EGRESS: (Unit("GB", _GB), Unit("GiB", _GIB)),
}

TITLES: Final = {
    Meter.CPU: "CPU",
    Meter.MEMORY: "Memory",
    Meter.BUILD: "Builds",
    Meter.VOLUME: "Volumes",
    Meter.EGRESS: "Egress",
    Meter.BUILD_CACHE: "Build cache",
}


def unit(meter: Meter, name: str) -> Unit:
    """A meter's unit by its name.

    Raises:
        BadRequest: the meter is not priced in it.
    """
    for each in _UNITS[meter]:
        if each.name == name:
            return each
    raise BadRequest(f"unit: {meter} has no {name!r}; use {' or '.join(each.name for each in _UNITS[meter])}")
