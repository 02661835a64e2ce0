"""Families 3.4 and 3.6: the tenant's own place in the path, filled with foreign, look-alike and malformed ids."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tests.query.hostile.case import Case, Refused
from tests.query.hostile.request import FORM, PROJECT, Request
from tests.query.platform import (
    PROJECT_A,
    PROJECT_B,
    PROJECT_FAR,
    SERVICE_A1,
    SERVICE_A2,
    SERVICE_B1,
    UNKNOWN,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_A: Final = PROJECT_A.encode()
_B: Final = PROJECT_B.encode()

# Technique and id, as written in the path. Of them all none is the one id that the token may read.
_PROJECTS: Final[tuple[tuple[str, bytes], ...]] = (
    ("foreign", _B),
    ("foreign", PROJECT_FAR.encode()),
    ("foreign", UNKNOWN.encode()),
    ("24", b""),
    ("24", b"%20"),
    ("24", b".*"),
    ("24", b"*"),
    ("24", b"%2A"),
    ("23", _A.replace(b"-", b".")),
    ("23", _A + b"|" + _B),
    ("23", _A + b"%7C" + _B),
    ("23", _A[:-1] + b"."),
    ("23", _A[:-1]),
    ("23", _A + b"2"),
    ("23", b"x" + _A),
    ("23", _A.upper()),
    ("23", _A.replace(b"-", b"")),
    ("23", b"{" + _A + b"}"),
    ("23", b"urn:uuid:" + _A),
    ("22", _A + b"%22"),
    ("22", _A + b"%22%20or%20project_id!=%22"),
    ("22", b"x%22%7D%20or%20%7Bproject_id!=%22"),
    ("22", _A + b"%5C"),
    ("22", _A + b"%0A"),
    ("22", _A + b"%0D%0AX-Scope-OrgID:%20" + _B),
    ("22", _A + b"%00"),
    ("22", b"%00" + _A),
    ("26", _A + b"%20"),
    ("26", _A + b"+"),
    ("26", b"=" + _A),
    ("26", b"project_id=" + _B),
    ("29", _A + b"," + _B),
    ("29", _A + b"%2C%20" + _B),
    ("29", _A + b";" + _B),
    ("29", _A + b"&" + _B),
    ("27", "\U0001f600".encode()),
    ("27", b"%F0%9F%98%80"),
    ("27", b"\\ud83d\\ude00"),
    ("27", "\uff41".encode() + _A[1:]),  # a full-width letter that compatibility folding turns into `a`
    ("27", quote("ª").encode() + _A[1:]),
    ("27", _A[:-1] + "\u0430".encode()),  # a Cyrillic letter
    ("27", b"%61" + _A[1:]),  # the right id, but encoded: nothing is decoded
    ("27", b"%2561" + _A[1:]),
    ("27", b"%zz" + _A),
    ("41", b".."),
    ("41", b"."),
    ("41", b"%2e%2e"),
    ("41", _A + b"/../" + _B),
    ("41", _A + b"%2f..%2f" + _B),
    ("41", _A + b"%5c..%5c" + _B),
    ("41", _A + b"\\..\\" + _B),
    ("41", b"./" + _A),
    ("41", b"/" + _A),
    ("41", _A + b"/"),
    ("41", _B + b"/../" + _A),
    ("41", _A + b"?" + _B),
    ("41", _A + b"%3Fextra_filters[]=%7B__name__!=%22%22%7D"),
    ("41", _A + b"%23"),
    ("41", b"a" * 64),
    ("41", b"a" * 65),
    ("41", b"a" * 8_000),
)
_ENVIRONMENTS: Final = (
    b"nope",
    b"",
    b".*",
    b"*",
    b"production|pr-7",
    b"production%7Cpr-7",
    b"production,pr-7",
    b"production%22",
    b"production%22%20or%20environment!=%22",
    b"Production",
    b"production%20",
    b"production.",
    b"production/../pr-7",
    b"..",
    b"%2e%2e",
    b"production%00",
    b"production%0a",
    b"%70roduction",
    b"production&extra_label=x",
    b"production%3Fextra_filters=x",
    b"a" * 31,
)
_SERVICES: Final = (
    SERVICE_B1.encode(),
    UNKNOWN.encode(),
    SERVICE_A1.upper().encode(),
    SERVICE_A1.encode() + b"|" + SERVICE_A2.encode(),
    b".*",
    b"",
    SERVICE_A1[:-1].encode() + b".",
    SERVICE_A1.encode() + b"%22",
    b"../" + SERVICE_A1.encode(),
    b"%61" + SERVICE_A1[1:].encode(),
)


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Every wrong project, environment and service; the good token of A never opens any of them."""
    count = next(base for base in bases if base.name == "count")
    values = next(base for base in bases if base.name == "values of project_id")
    for technique, project in _PROJECTS:
        scope = b"/v1/projects/" + project
        for base in (count, values):
            name = f"{base.name} of project {project[:60].decode('latin-1')}"
            yield Case(technique, name, replace(base.get(), scope=scope), Refused())
        named = f"form of project {project[:60].decode('latin-1')}"
        yield Case(technique, named, replace(count.post(), scope=scope), Refused())
    for environment in _ENVIRONMENTS:
        scope = PROJECT + b"/environments/" + environment
        name = f"environment {environment.decode('latin-1')}"
        yield Case("24", name, replace(count.get(), scope=scope), Refused())
    for service in _SERVICES:
        scope = PROJECT + b"/environments/production/services/" + service
        name = f"service {service.decode('latin-1')}"
        yield Case("24", name, replace(count.get(), scope=scope), Refused())
    yield from _misshapen(count)


def _misshapen(base: Base) -> Iterator[Case]:
    """Paths that have the right parts in a wrong shape."""
    rest = b"/prometheus/api/v1/query"
    service = b"/services/" + SERVICE_A1.encode()
    for path in (
        b"/v1/projects" + rest,
        b"/v1/projects/" + rest,
        b"/v1/project/" + _A + rest,
        b"/V1/projects/" + _A + rest,
        b"/v1/Projects/" + _A + rest,
        b"/v2/projects/" + _A + rest,
        b"//v1/projects/" + _A + rest,
        b"/v1//projects/" + _A + rest,
        b"/./v1/projects/" + _A + rest,
        b"/x/../v1/projects/" + _A + rest,
        b"/v1%2fprojects%2f" + _A + rest,
        b"/v1/projects/" + _A + service + rest,
        b"/v1/projects/" + _A + b"/environments" + rest,
        b"/v1/projects/" + _A + b"/environments/production/services" + rest,
        b"/v1/projects/" + _A + b"/environments/production/environments/pr-7" + rest,
        b"/v1/projects/" + _A + b"/projects/" + _B + rest,
        b"/v1/projects/" + _B + b"/projects/" + _A + rest,
        b"/v1/projects/" + _A + b"/Prometheus/api/v1/query",
        b"/v1/projects/" + _A + b"/prometheus",
        b"/v1/projects/" + _A + b"/prometheus/",
        b"/v1/projects/" + _A,
        b"/v1/workspaces/" + _A + rest,
    ):
        yield Case("41", path.decode("latin-1"), Request(path, base.form, scope=None), Refused())
        yield Case(
            "41",
            f"form to {path.decode('latin-1')}",
            Request(path, b"", base.form, b"POST", (FORM,), scope=None),
            Refused(),
        )
