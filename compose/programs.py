"""The real programs of the local stack: where they are, and how Debian's are fetched without installing a service."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
LOCAL: Final = ROOT / ".local"
_DEBIAN: Final = LOCAL / "debian"
_VICTORIA: Final = ("victoria-metrics", "vmagent", "vmauth", "vmalert")

_log = logging.getLogger("compose.programs")


def find(name: str) -> Path:
    """The path of a program: the one fetched into `.local/`, the virtual environment's, or the one on PATH.

    Raises:
        ConfigurationError: it is nowhere; the message says how to get it.
    """
    for candidate in (_debian_program(name), Path(sys.executable).parent / name):
        if os.access(candidate, os.X_OK):
            return candidate
    if found := shutil.which(name):
        return Path(found)
    raise ConfigurationError(f"{name}: not found in .local/, the virtual environment or PATH; run `make setup`")


def fetch(packages: Sequence[str] = ("victoria-metrics",), programs: Sequence[str] = _VICTORIA) -> None:
    """Unpack Debian packages' files into `.local/debian`; no root is needed and no service is installed.

    Does nothing when the programs are there. Falls back to programs on PATH when the packages cannot be had.

    Raises:
        ConfigurationError: neither the packages nor the programs can be had.
    """
    if all(os.access(_debian_program(name), os.X_OK) for name in programs):
        return
    with tempfile.TemporaryDirectory() as folder:
        if _download(packages, Path(folder)):
            _DEBIAN.mkdir(parents=True, exist_ok=True)
            for archive in sorted(Path(folder).glob("*.deb")):
                subprocess.run(["/usr/bin/dpkg", "-x", archive, _DEBIAN], check=True)
                _log.info("unpacked %s into %s", archive.name, _DEBIAN)
            return
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)}: the Debian package {' '.join(packages)} cannot be downloaded and PATH has no such "
            "program; run `apt-get update` as root and try again, or install it by hand"
        )


def library_path() -> str:
    """Where the shared libraries of fetched packages are, for `LD_LIBRARY_PATH`."""
    return ":".join(str(folder) for folder in sorted(_DEBIAN.glob("usr/lib/*-linux-gnu")))


def _debian_program(name: str) -> Path:
    return _DEBIAN / "usr" / "bin" / name


def _download(packages: Sequence[str], folder: Path) -> bool:
    """Try `apt-get download`, refreshing the package lists once (as root or by sudo) when that is what is missing."""
    if shutil.which("apt-get") is None:
        return False
    fetch_it = ["apt-get", "download", "-q", *packages]
    refresh = ["apt-get", "update", "-q"]
    if os.geteuid() != 0:
        refresh = ["sudo", "-n", *refresh]
    if _succeeds(fetch_it, folder):
        return True
    return _succeeds(refresh, folder) and _succeeds(fetch_it, folder)


def _succeeds(command: list[str], folder: Path) -> bool:
    try:
        return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    fetch()
