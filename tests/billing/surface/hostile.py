"""Hostile requests of one workspace's against another's amounts: every argument, every place, every cursor."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tests.billing.accounts.world import NEIGHBOUR, NEIGHBOURS_PROJECT
from tests.billing.surface.world import CANARY, ITS_SERVICES, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

# Marks every hostile text, so that it can be looked for in what the store is sent.
MARK: Final = "zqhostile"
SPAN: Final = "start=2026-03-01T00:00:00Z&end=2026-04-01T00:00:00Z"

SQL: Final = (
    f"' OR 1=1 --{MARK}",
    f"') OR u.workspace_id = '{NEIGHBOUR}' --{MARK}",
    f'" OR 1=1 --{MARK}',
    f"`) UNION ALL SELECT * FROM billing.usage --{MARK}",  # noqa: S608 - this is what is sent to no SQL
    f"1; DROP TABLE billing.usage; --{MARK}",
    f"{{workspace:String}}{MARK}",
    f"${{tenant}}{MARK}",
    f"\\') OR 1=1 /*{MARK}",
    f"x' SETTINGS SQL_workspace='{NEIGHBOUR}' --{MARK}",
    f"x' INTO OUTFILE '/tmp/{MARK}",
    f"file('/etc/passwd'){MARK}",
    f"$${MARK}$$ OR 1=1",
    f"\u2018{MARK}\u2019 OR 1=1",
    f"%{SECRET}%{MARK}",
    f"\\N{MARK}\\0",
    f"\ud7ff\u202e\ufeff\U0001f642{MARK}",
    f"\r\nX-ClickHouse-User: writer{MARK}",
    f"\t\x0b\x1f{MARK}",
    f"\x00{MARK}",
    f"{NEIGHBOUR}{MARK}",
)
_ARGUMENTS: Final = {
    "usage": (
        *("start", "end", "grain", "group_by", "source", "project", "environment", "service", "region", "meter"),
        *("limit", "cursor", "format"),
    ),
    "usage/focus": ("start", "end", "source", "limit", "cursor", "format"),
    "invoices": ("limit",),
    "invoices/2026-0001": ("format",),
}
# Questions in the pages' own words that name what is the neighbour's.
_HONEST: Final = (
    f"project={NEIGHBOURS_PROJECT}",
    f"service={ITS_SERVICES['a']}",
    f"environment={SECRET}-production",
    f"environment={SECRET}",
    f"project={NEIGHBOUR}",
    "region=eu&meter=cpu_mcore_s",
    "group_by=meter",
    "group_by=service",
    "group_by=project,environment,service,region,meter",
    "source=estimate",
    "source=invoice",
)
_FOREIGN: Final = (
    "workspace", "workspace_id", "SQL_workspace", "SQL_project", "param_workspace", "query", "user", "password",
    "database", "default_format", "session_id", "role", "quota_key", "readonly", "additional_table_filters",
    "log_comment", "until", "estimates", "publication", "any", "cursor[]", "Start", "limit%00",
)  # fmt: skip
FORMATS: Final = ("json", "csv", "ndjson", "parquet", "arrow")


def cases() -> Iterator[tuple[str, str]]:
    """Targets below the workspace, as they go on the wire, with what each is about."""
    yield from _texts()
    yield from _forms()
    yield from _places()


def _texts() -> Iterator[tuple[str, str]]:
    for page, names in _ARGUMENTS.items():
        for name, text in product(names, SQL):
            yield f"{page} {name}", f"{page}?{name}={quote(text)}"
    for number, (grain, honest) in enumerate(product(("hour", "day"), _HONEST)):
        form = FORMATS[number % len(FORMATS)]
        yield f"usage asks for the neighbour's as {form}", f"usage?{SPAN}&grain={grain}&{honest}&format={form}"
        yield "usage asks for the neighbour's", f"usage?{SPAN}&grain={grain}&{honest}&limit=10000"
    for source, form in product(("published", "estimate", "invoice"), FORMATS):
        yield f"focus as {form}", f"usage/focus?{SPAN}&source={source}&format={form}"
    for page, name in product(_ARGUMENTS, _FOREIGN):
        yield f"{page} unknown argument", f"{page}?{name}={NEIGHBOUR}"


def _forms() -> Iterator[tuple[str, str]]:
    """Arguments that two parsers could read in two ways."""
    for page, names in _ARGUMENTS.items():
        for name, second in product(names, ("", NEIGHBOURS_PROJECT)):
            yield f"{page} {name} twice", f"{page}?{name}={MARK}&{name}={second}"
            yield f"{page} {name} twice, encoded", f"{page}?{name}=1&%{ord(name[0]):02x}{name[1:]}={second}"
        yield f"{page} semicolon", f"{page}?limit=1;project={NEIGHBOURS_PROJECT}"
        yield f"{page} overlong", f"{page}?meter=%c0%af{MARK}"
        yield f"{page} huge", f"{page}?meter={MARK * 1500}"
        yield f"{page} huge span", f"{page}?start=0&end=4294967295"
        yield f"{page} negative", f"{page}?start=-1"
        yield f"{page} overflow", f"{page}?end=99999999999999999999"


def _places() -> Iterator[tuple[str, str]]:
    for path in (
        f"../{NEIGHBOUR}/usage", f"usage/../../{NEIGHBOUR}/usage", f"%2e%2e/{NEIGHBOUR}/usage",
        f"..%2f{NEIGHBOUR}/usage", "usage/", "usage//focus", "Usage", "usage%2ffocus", "usage;x",
        "invoices/", "invoices//2026-0001",
        f"invoices/..%2f..%2f{NEIGHBOUR}", f"invoices/{MARK}", "invoices/2026-0002", "invoices/2026-0002.pdf",
        "invoices/2026-0002.zip", "invoices/2026-0002.csv?format=csv", f"invoices/{NEIGHBOUR}",
        *(f"invoices/{quote(text, safe='')}" for text in SQL),
    ):  # fmt: skip
        yield "path", path


# What no answer to the workspace may hold: the neighbour's names, and its amount in every digit of every spelling.
TRACES: Final = tuple(
    text.encode()
    for text in (
        *(SECRET, NEIGHBOUR, NEIGHBOURS_PROJECT, *ITS_SERVICES.values(), "Globex"),
        *(str(CANARY), f"{CANARY:,}", str(CANARY)[::-1]),
    )
)
