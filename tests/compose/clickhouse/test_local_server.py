"""What the local store does beyond the wire: its process, its memory, its limits, its data on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.compose.clickhouse.serving import running

if TYPE_CHECKING:
    from tests.compose.clickhouse.serving import Server

_MIB: Final = 1 << 20


def _resident(pid: int, field: str = "VmRSS") -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("form", ["Native", "ArrowStream", "JSONEachRow", "Parquet"])
def test_a_large_answer_streams_in_bounded_memory(local: Server, form: str) -> None:
    statement = f"SELECT number, randomPrintableASCII(100) FROM numbers(3000000) FORMAT {form}"  # noqa: S608 - fixed
    # Row groups are whole in the engine's memory before they are written, several at a time unless told otherwise.
    parameters = {
        "output_format_parquet_row_group_size": "65536",
        "output_format_parquet_parallel_encoding": "0",
        "output_format_parquet_compression_method": "none",
    }
    size = 0
    with local.http() as client:
        client.post("/", params=parameters, content=statement.replace("3000000", "300000"))
        before = _resident(local.pid)
        with client.stream("POST", "/", params=parameters, content=statement) as answer:
            most = before
            for number, piece in enumerate(answer.iter_raw()):
                size += len(piece)
                if number % 50 == 0:
                    most = max(most, _resident(local.pid))

    assert size > 250 * _MIB
    assert most - before < 180 * _MIB


def test_a_file_is_no_table(local: Server, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret\n")
    with local.http(reader=True) as reader, local.http() as writer:
        for client in (reader, writer):
            for source in (f"* FROM `{secret}`", f"* FROM '{secret}'", f"file('{secret}')"):
                answer = client.post("/", content=f"SELECT {source}")

                assert answer.status_code >= 400
                assert "secret\n" not in answer.text


def test_there_are_no_sessions(local: Server) -> None:
    with local.http() as client:
        kept = client.post("/", params={"session_id": "a"}, content="CREATE TEMPORARY TABLE t (a UInt8)")
        asked = client.post("/", params={"session_id": "a", "session_check": "1"}, content="SELECT 1")
        named = client.post("/", params={"session_id": "a"}, content="SELECT 1")

    assert [one.headers.get("X-ClickHouse-Exception-Code") for one in (kept, asked, named)] == ["48", "372", None]


def test_the_working_directory_has_no_say(local: Server) -> None:
    assert Path(f"/proc/{local.pid}/cwd").readlink().name == "data"


def test_it_listens_on_the_loopback_address_only(local: Server) -> None:
    listening = subprocess.run(
        ["/usr/bin/env", "cat", f"/proc/{local.pid}/net/tcp"], capture_output=True, text=True, check=True
    )
    sockets = {link.readlink().name for link in Path(f"/proc/{local.pid}/fd").iterdir() if link.is_symlink()}
    rows = [line.split() for line in listening.stdout.splitlines()[1:]]
    ours = {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}

    assert ours == {"0100007F"}


def test_what_was_acknowledged_outlives_a_kill_and_a_folder_has_one_process(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with server.http() as client:
            client.post("/", content="CREATE TABLE starmeter.kept (n UInt64) ENGINE = MergeTree ORDER BY n")
            for number in range(20):
                insert = {"query": "INSERT INTO starmeter.kept FORMAT CSV"}
                assert client.post("/", params=insert, content=f"{number}\n").status_code == 200
        second = subprocess.run(_again(tmp_path), capture_output=True, text=True, check=False, timeout=60)
        os.kill(server.pid, signal.SIGKILL)
    with running(tmp_path) as server, server.http() as client:
        kept = client.post("/", content="SELECT count(), sum(n) FROM starmeter.kept").text

    assert second.returncode == 1
    assert "is it open in another process?" in second.stderr
    assert kept == "20\t190\n"


def _again(folder: Path) -> list[str]:
    secrets = folder / "secrets"
    return [
        *(sys.executable, "-m", "compose.clickhouse", "--path", str(folder / "store"), "--port", "1"),
        *("--reader-password-file", str(secrets / "clickhouse-reader")),
        *("--writer-password-file", str(secrets / "clickhouse-writer")),
    ]
