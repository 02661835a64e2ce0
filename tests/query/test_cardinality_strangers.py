"""`starmeter cardinality` before servers that are no front-door: one sentence and exit code 3, never a stack trace."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Final

import pytest
from typer.testing import CliRunner

from query.cardinality_commands import cardinality
from tests.query.platform import PROJECT_A

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ANSWERS: Final = {
    "nested without end": b"[" * 10_000,
    "nested without end, inside of a page": b'{"regions": ' + b"[" * 100_000,
    "no text": b"\xff\xfe",
    "null": b"null",
    "a region of another shape": b'{"regions": [{"name": 1}], "top": null}',
    "regions that are numbers": b'{"regions": [1, 2]}',
    "no warnings": b'{"regions": [], "hours": 1}',
    "tables that are numbers": b'{"data": {"totalSeries": "many", "seriesCountByMetricName": 7}}',
}


@contextmanager
def _stranger(content: bytes, status: int) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing is written."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("command", [("top",), ("growth",), ("who",), ("mine", "--project", PROJECT_A)])
@pytest.mark.parametrize("name", _ANSWERS)
def test_what_is_no_front_door_is_one_sentence_and_exit_code_3(
    tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    with _stranger(_ANSWERS[name], 200) as url:
        result = CliRunner().invoke(
            cardinality,
            [*command, "--url", url, "--stack", str(tmp_path / "none.json")],
            env={"STARMETER_TOKEN": "t"},
        )

    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert result.stderr.startswith(f"starmeter cardinality: {url}: ")
    assert result.stderr.count("\n") == 1


def test_a_failure_whose_words_are_nested_without_end_is_told_by_its_status(tmp_path: Path) -> None:
    with _stranger(b"[" * 10_000, 503) as url:
        result = CliRunner().invoke(
            cardinality,
            ["top", "--url", url, "--stack", str(tmp_path / "none.json")],
            env={"STARMETER_TOKEN": "t"},
        )

    assert result.exit_code == 3, result.output
    assert "status 503" in result.stderr
