"""Hostile requests of A's against the rival's records: every parameter, every place, and what each must come to."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from query.logs.grammar import LONGEST
from tests.query.platform import PROJECT_A, PROJECT_B, SECRET, SERVICE_A1, SERVICE_B1

if TYPE_CHECKING:
    from collections.abc import Iterator

# Marks every hostile text, so that it can be looked for in what the store is sent.
MARK: Final = "zqhostile"

SQL: Final = (
    f"' OR 1=1 --{MARK}",
    f"') OR l.project_id = '{PROJECT_B}' --{MARK}",
    f'" OR 1=1 --{MARK}',
    f"`) UNION ALL SELECT * FROM starmeter.logs --{MARK}",  # noqa: S608 - this is what is sent to no SQL
    f"1; DROP TABLE starmeter.logs; --{MARK}",
    f"{{project:UUID}}{MARK}",
    f"${{conditions}}{MARK}",
    f"\\') OR 1=1 /*{MARK}",
    f"x' SETTINGS SQL_project='{PROJECT_B}' --{MARK}",
    f"x' INTO OUTFILE '/tmp/{MARK}",
    f"file('/etc/passwd'){MARK}",
    f"dictGet('d','{MARK}',1)",
    f"$${MARK}$$ OR 1=1",
    f"\u2018{MARK}\u2019 OR 1=1",
    f"%' OR body LIKE '%{SECRET}%{MARK}",
    f"_%\\%{MARK}",
    f"\\N{MARK}\\0",
    f"\ud7ff\u202e\ufeff\U0001f642{MARK}",
    f"\r\nX-ClickHouse-User: writer{MARK}",
    f"\t\x0b\x1f{MARK}",
)
_IN_FILTERS: Final = (
    '"{}"', '@pod:"{}"', '@container:"{}"', '@body:"{}"', '@"{}":x', '@"{}":*', '@"{}":>1', "@a:/{}/",
    '-"{}"', '("{}" OR @a:"{}")',
)  # fmt: skip
_PAGES: Final = ("logs", "logs/histogram", "logs/fields", "logs/export")
_SCALARS: Final = {
    "logs": ("start", "end", "limit", "cursor", "direction"),
    "logs/histogram": ("start", "end", "step"),
    "logs/fields": ("start", "end", "limit", "field"),
    "logs/context": ("timestamp", "id", "before", "after"),
    "logs/export": ("start", "end", "limit", "cursor", "format"),
    "logs/tail": ("start",),
}
# Filters that ask for the rival's records in the language's own words.
_HONEST: Final = (
    f'"{SECRET}"', SECRET, f"@pod:web-1{SECRET}", f"@service:{SERVICE_B1}", f"@project_id:{PROJECT_B}", f"/{SECRET}.*/",
    f"@project:{PROJECT_B}", f"-{MARK}", f'-@pod:"{MARK}"', f"@status{SECRET}:*", "/[A-Z]{8}web/ OR /BBSE.*/",
    f"NOT (@service:{SERVICE_A1})", f"{SECRET} OR {MARK}", "@level:unspecified..fatal",
)  # fmt: skip
_FOREIGN: Final = (
    "project_id", "project", "SQL_project", "param_project", "environment", "services", "query", "user", "password",
    "database", "default_format", "session_id", "role", "quota_key", "readonly", "additional_table_filters",
    "log_comment", "extra_label", "limit%00", "q[]", "Q",
)  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def cases() -> Iterator[tuple[str, str]]:
    """Targets below A's project, as they go on the wire, with what each is about."""
    yield from _texts()
    yield from _forms()
    yield from _places()


def _texts() -> Iterator[tuple[str, str]]:
    """A hostile text as every argument."""
    for page, form, text in product(_PAGES, _IN_FILTERS, SQL):
        yield f"{page} filter", f"{page}?q={quote(form.format(_escaped(text), _escaped(text)))}"
    for page, text in product(_PAGES, SQL):
        yield f"{page} bare filter", f"{page}?q={quote(text)}"
    for page, names in _SCALARS.items():
        for name, text in product(names, SQL):
            yield f"{page} {name}", f"{page}?{name}={quote(text)}"
    for page, text in product(_PAGES, _HONEST):
        yield f"{page} asks for the rival's", f"{page}?q={quote(text)}"
    for page, name in product(_SCALARS, _FOREIGN):
        yield f"{page} unknown argument", f"{page}?{name}={PROJECT_B}"


def _forms() -> Iterator[tuple[str, str]]:
    """Arguments that two parsers could read in two ways."""
    for page in _PAGES:
        for second in ("", MARK, SECRET):
            yield f"{page} given twice", f"{page}?q={MARK}&q={second}"
            yield f"{page} given twice, encoded", f"{page}?q={MARK}&%71={second}"
        yield f"{page} semicolon", f"{page}?q={MARK};q={SECRET}"
        yield f"{page} NUL", f"{page}?q={MARK}%00{SECRET}"
        yield f"{page} overlong", f"{page}?q=%c0%af{MARK}"
        yield f"{page} huge", f"{page}?q={MARK * 1000}"
        yield f"{page} huge range", f"{page}?start=0&end=9223372036854775807"
        yield f"{page} negative", f"{page}?start=-1"
        yield f"{page} overflow", f"{page}?end=9223372036854775808"
    for text in stretched():
        yield "stretched", f"logs?q={quote(text)}"
    for page, names in _SCALARS.items():
        for name, text in product(names, ("9" * 400, "9" * 5_000, "9" * 400 + "s", "9" * 5_000 + "s")):
            yield f"{page} stretched {name}", f"{page}?{name}={text}"


def stretched() -> Iterator[str]:
    """Filters of one thing again and again, up to and beyond what is read at all."""
    for form in (
        "{}",
        "@n:>{}",
        "@n:{}..{}",
        "@n:>1.{}",
        "@n:>1e{}",
        "@level:{}",
        "@level:>{}",
        "/abc{{{}}}/",
        "@trace:{}",
    ):
        for digits in (18, 19, 200, 400, 4_000):
            yield form.format("9" * digits, "9" * digits)
    for head, piece, tail in (
        ("", "(", "a"), ("", "(", "a" + ")" * 10), ("", "-", "a"), ("", "NOT ", "a"), ("a", " OR a", ""),
        ("a", " (a", ""),
        ("a", " @a:1..2", ""), ("a", "-a", ""), ('"', "a-", '"'), ("/abc", "(a", "/"), ("/abc", "a{9}", "/"),
        ("", "/a ", ""),
        ("", "@a:", ""), ('"', '\\"', '"'), ("", "é", ""), ('"', "-é", '"'),
    ):  # fmt: skip
        room = (LONGEST - len((head + tail).encode())) // len(piece.encode())
        for amount in (5, 10, 64, 65, 500, room, room + 1):
            yield head + piece * amount + tail


def _places() -> Iterator[tuple[str, str]]:
    """Fields and paths that name something else."""
    for field in (
        SECRET,
        f"status{SECRET}",
        "project_id",
        "l.project_id",
        "body",
        "attributes",
        "region",
        f"{MARK}'",
        "*",
    ):
        yield "logs/fields field", f"logs/fields?field={quote(field)}"
    for path in (
        f"../{PROJECT_B}/logs", f"logs/../../{PROJECT_B}/logs", f"%2e%2e/{PROJECT_B}/logs", f"..%2f{PROJECT_B}/logs",
        "logs/", "logs//export", "logs/Export", "logs%2fexport", "logs;x/export",
        f"environments/production%00/{MARK}/logs",
        f"environments/{quote(SQL[0])}/logs", f"environments/production/services/{SERVICE_B1}/logs",
        f"environments/production/services/{quote(SQL[1])}/logs", "environments/*/logs",
        "environments/production,pr-7/logs",
    ):  # fmt: skip
        yield "path", path


def base(project_id: str = PROJECT_A) -> str:
    """The path of a project."""
    return f"/v1/projects/{project_id}/"
